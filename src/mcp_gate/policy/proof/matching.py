"""The clauses of a match block as literals, as `policy.clauses` has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from mcp_gate.policy.proof.cnf import Literal
from mcp_gate.policy.proof.conditions import condition
from mcp_gate.policy.proof.patterns import of_glob
from mcp_gate.policy.proof.space import Space, Tri
from mcp_gate.policy.proof.values import Kind, Value
from mcp_gate.policy.rules import Match, Rule


def matches(space: Space, rule: Rule) -> Literal:
    """Where a rule matches: unknown does for a restrictive rule, and does not for a permissive one."""
    restrictive = rule.decision.restrictive
    clauses = list(_static(space, rule.match))
    for found in _dynamic(space, rule.match, restrictive):
        clauses.append(-found.no if restrictive else found.yes)
    return space.cnf.all_of(clauses)


def _static(space: Space, match: Match) -> Iterator[Literal]:
    for texts, globs in (
        (space.topic, match.topics), (space.tool, match.tools), (space.upstream, match.upstreams),
        (space.agent, match.agents),
    ):  # fmt: skip
        if globs is not None:
            yield texts.passes(map(of_glob, globs))
    if match.risk_tags is not None:
        yield space.cnf.any_of(_tags(space, match.risk_tags))
    if match.risk_tags_all is not None:
        yield space.cnf.all_of(_tags(space, match.risk_tags_all))
    if match.risk_tags_none is not None:
        yield -space.cnf.any_of(_tags(space, match.risk_tags_none))


def _tags(space: Space, tags: Iterable[str]) -> list[Literal]:
    return [space.tags[tag] for tag in sorted(tags)]


def _dynamic(space: Space, match: Match, restrictive: bool) -> Iterator[Tri]:
    if (below := match.confidence_below) is not None:
        confidence = _attribute(space, "confidence")
        yield _number(space, confidence, confidence.number.below(below))
    if (score := match.anomaly_score_above) is not None:
        anomaly = _attribute(space, "anomaly_score")
        yield _number(space, anomaly, -anomaly.number.at_most(score))
    if (retries := match.retry_count_above) is not None:
        count = _attribute(space, "retry_count")
        yield _number(space, count, -count.number.at_most(retries))
    if match.amount_usd_above is not None:
        yield _above(space, "amount_usd", match.amount_usd_above)
    if match.affected_users_above is not None:
        yield _above(space, "affected_users", match.affected_users_above)
    if match.first_time_action is not None:
        first = _attribute(space, "first_time_action").true
        yield Tri(first, -first) if match.first_time_action else Tri(-first, first)
    if match.tainted is not None:
        tainted = _attribute(space, "tainted").true
        yield Tri(tainted, -tainted) if match.tainted else Tri(-tainted, tainted)
    if match.when is not None:
        yield condition(space, match.when.tree, restrictive)


def _attribute(space: Space, name: str) -> Value:
    value = space.value(("attributes", name))
    assert value is not None
    return value


def _number(space: Space, value: Value, holds: Literal) -> Tri:
    """Of what is a number, or unknown."""
    is_number = value.is_(Kind.NUMBER)
    return Tri(space.cnf.all_of([is_number, holds]), space.cnf.all_of([is_number, -holds]))


def _above(space: Space, name: str, threshold: Decimal) -> Tri:
    """Absent is not a match."""
    value = _attribute(space, name)
    above, fails = _number(space, value, -value.number.at_most(threshold))
    return Tri(above, space.cnf.any_of([fails, value.is_(Kind.ABSENT)]))
