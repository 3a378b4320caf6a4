"""Finds the rules of a layer that can concern a topic without looking at every rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcp_gate.lang.globs import is_literal
from mcp_gate.policy.clauses import Compiled


class TopicIndex:
    """Rules by the literal head of their topic globs, the part before the first `*` or `?`.

    A topic can only match globs whose head it starts with, so one look-up for each length of head that occurs finds
    every candidate; what the rest of a glob and the other clauses say is not looked at here.
    """

    def __init__(self, rules: Sequence[Compiled]) -> None:
        self._rules = rules
        self._heads: dict[str, list[int]] = {}
        self._exact: dict[str, list[int]] = {}
        for number, compiled in enumerate(rules):
            for pattern in compiled.rule.match.topics or ("*",):
                if is_literal(pattern):
                    self._exact.setdefault(pattern, []).append(number)
                else:
                    self._heads.setdefault(_head(pattern), []).append(number)
        self._lengths = sorted({len(head) for head in self._heads})

    def candidates(self, topic: str) -> Iterable[Compiled]:
        """Rules that may match the topic, in order, each once."""
        found = set(self._exact.get(topic, ()))
        for length in self._lengths:
            if length > len(topic):
                break
            found.update(self._heads.get(topic[:length], ()))
        return (self._rules[number] for number in sorted(found))


def _head(pattern: str) -> str:
    return pattern[: min(at for mark in "*?" if (at := pattern.find(mark)) >= 0)]
