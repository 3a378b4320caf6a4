"""Calls made to fit one rule: mostly one of them shows that the rule decides, which spares the solver a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import islice, product
from typing import Final

from mcp_gate.model.call import UNKNOWN, Attribute, Description, Facts, Signals
from mcp_gate.policy.clauses import Compiled, subject_of
from mcp_gate.policy.mapping import AMOUNTS
from mcp_gate.policy.rules import Match

EACH: Final = 2
"""Topics and sets of tags that are tried."""
PLAIN: Final = Signals(confidence=Decimal(1))
SUSPECT: Final = Signals(retry_count=10**9)
"""What makes restrictive rules match, with everything unknown that can be."""


def seen_deciding(rules: Sequence[Compiled], number: int) -> bool:
    """Whether one of a few calls is decided by a rule of a layer; False says nothing."""
    return any(_first(rules[: number + 1], facts) == number for facts in _fitting(rules[number].rule.match))


def _first(rules: Sequence[Compiled], facts: Facts) -> int:
    subject = subject_of(facts)
    return next((at for at, rule in enumerate(rules) if rule.concerns(subject) and rule.matches(facts)), -1)


def _fitting(match: Match) -> Iterator[Facts]:
    needed = match.risk_tags_all or frozenset()
    tags = [needed | {tag} for tag in sorted(match.risk_tags or ())] or [needed]
    agent, upstream, tool = (_texts(globs)[0] for globs in (match.agents, match.upstreams, match.tools))
    vague: dict[str, Attribute] = dict.fromkeys(AMOUNTS, UNKNOWN)
    topics = [topic for topic in _texts(match.topics) if all(topic.split("."))]
    for topic, some in product(topics[:EACH], islice(tags, EACH)):
        yield Facts(agent, upstream, tool, Description(topic, some), {}, PLAIN)
        yield Facts(agent, upstream, tool, Description(topic, some, vague), {}, SUSPECT)


def _texts(globs: tuple[str, ...] | None) -> list[str]:
    """A text that each glob matches."""
    return [glob.replace("*", "x").replace("?", "x") for glob in globs or ("*",)]
