"""What the rules of the output review say of what detectors found. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import compress
from typing import Final, NamedTuple

from mcp_gate.detect.finding import Finding
from mcp_gate.model.output import OutputDecision
from mcp_gate.output.placeholders import PLACEHOLDER, same
from mcp_gate.output.split import Joined, across
from mcp_gate.output.tokens import TOKEN
from mcp_gate.output.walked import Part, Walked
from mcp_gate.policy.read_output import OutputRule


class Found(NamedTuple):
    """A finding, and what becomes of it."""

    leaf: int
    finding: Finding
    decision: OutputDecision
    reason: str
    rule_id: str
    """The rule that says so; "" where none is about it."""
    again: bool = False
    """It repeats what the structured form says: taken out, and not counted twice."""


_made: Final[Callable[[tuple[int, Finding, OutputDecision, str, str, bool]], Found]] = partial(tuple.__new__, Found)
"""As `detect.finding.made`."""


def decide(
    walked: Walked, views: Sequence[Joined], findings: Sequence[Sequence[Finding]], rules: Sequence[OutputRule],
    issued: Collection[str] = (),
) -> list[Found]:  # fmt: skip
    """Everything that was found in a payload, with the strictest word that a rule has for it.

    Args:
        findings: those in the payload's leaves, and after them those in its joined views.
        issued: placeholders that stand in the payload; they are nobody's.
    """
    count = len(walked.leaves)
    own: dict[int, Sequence[Finding]] = dict(compress(enumerate(findings[:count]), findings))
    for view, some in zip(views, findings[count:], strict=True):
        if some:
            for parts in across(view, some):
                _merge(own, parts)
    kept = [
        (leaf, finding)
        for leaf in sorted(own)
        for finding in (_others(own[leaf], walked.leaves[leaf].text, issued) if issued else own[leaf])
    ]
    again = _repeats(walked, kept)
    in_force = [rule for rule in rules if rule.decision is not None and _enough(rule, kept, again)]
    said = {key: _word(*key, in_force) for key in {(f.entity, f.score) for _, f in kept}}
    out = []
    for at, (leaf, finding) in enumerate(kept):
        decision, reason, rule_id = said[finding.entity, finding.score]
        if walked.parts[leaf] is Part.HANDLE and decision is not OutputDecision.ALLOW:
            decision = OutputDecision.QUARANTINE  # it cannot be taken out: the client has to say it back
        out.append(_made((leaf, finding, decision, reason, rule_id, at in again)))
    return out


def _merge(own: dict[int, Sequence[Finding]], parts: Sequence[tuple[int, Finding]]) -> None:
    """Put a value that is split over leaves in place of what was found of it in each, unless all of it was found, or
    one leaf holds a whole value, which the letters of the next only seem to go on with. A key block does go on."""
    seen = [any(f.start <= part.start and part.end <= f.end for f in own.get(leaf, ())) for leaf, part in parts]
    if all(seen) or (any(seen) and parts[0][1].entity != "PRIVATE_KEY"):
        return
    for leaf, part in parts:
        before = own.get(leaf, [])
        touching = [f for f in before if f.start < part.end and part.start < f.end]
        start = min([part.start, *(f.start for f in touching)])
        end = max([part.end, *(f.end for f in touching)])
        rest = [f for f in before if f not in touching]
        own[leaf] = sorted(
            [*rest, Finding(start, end, part.entity, part.score, part.rule)], key=lambda f: (f.start, f.end)
        )


def _others(some: Sequence[Finding], text: str, issued: Collection[str]) -> Iterator[Finding]:
    """Findings in a text that are no (part of a) placeholder which the gate itself wrote."""
    own = sorted(
        found.span()
        for pattern in (PLACEHOLDER, TOKEN)
        for found in pattern.finditer(text)
        if found.group() in issued
    )  # fmt: skip
    starts = [start for start, _ in own]
    for finding in some:
        at = bisect_right(starts, finding.start) - 1
        if at < 0 or finding.end > own[at][1]:
            yield finding


def _repeats(walked: Walked, kept: Sequence[tuple[int, Finding]]) -> frozenset[int]:
    """Which findings in texts are values that the structured form has as well."""
    if not kept or walked.structured(kept[-1][0]):
        return frozenset()
    blocks = {leaf for leaf, _ in kept if not walked.structured(leaf)}

    def value(leaf: int, finding: Finding) -> str:
        return same(walked.leaves[leaf].text[finding.start : finding.end])

    there = {value(leaf, finding) for leaf, finding in kept if leaf not in blocks}
    return frozenset(at for at, (leaf, f) in enumerate(kept) if leaf in blocks and value(leaf, f) in there)


def _enough(rule: OutputRule, kept: Sequence[tuple[int, Finding]], again: frozenset[int]) -> bool:
    """Whether there is as much as a rule with `count_above` asks for."""
    if rule.count_above is None:
        return True
    count = sum(rule.covers(f.entity, f.score) for at, (_, f) in enumerate(kept) if at not in again)
    return count > rule.count_above


def _word(entity: str, score: float, rules: Sequence[OutputRule]) -> tuple[OutputDecision, str, str]:
    """The strictest word on such a finding, reason and id of the first rule that says it. A finding that no rule is
    about passes."""
    best, said_by = OutputDecision.ALLOW, None
    about = [rule for rule in rules if rule.covers(entity, score)]
    for rule in about:
        if rule.decision is not None and (said_by is None or rule.decision > best):
            best, said_by = rule.decision, rule
    if best is OutputDecision.REDACT:
        instead = next((rule for rule in about if _by_name(rule, entity, about)), None)
        best, said_by = (OutputDecision.TOKENIZE, instead) if instead is not None else (best, said_by)
    if said_by is None:
        return best, "", ""
    return best, said_by.reason or f"{entity} detected", said_by.id


def _by_name(rule: OutputRule, entity: str, about: Sequence[OutputRule]) -> bool:
    """Whether a rule gives tokens for an entity that it names, and all that would rather redact it are rules of the
    same document about whole groups: it would do nothing else."""
    return rule.decision is OutputDecision.TOKENIZE and entity in rule.entities and all(
        entity not in other.entities and other.document == rule.document
        for other in about
        if other.decision is OutputDecision.REDACT
    )  # fmt: skip
