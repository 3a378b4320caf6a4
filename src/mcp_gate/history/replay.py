"""The recorded calls of a period decided again under a candidate: nothing is executed, asked or written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.history.again import Candidate, Snapshots, WhyNot, difference
from mcp_gate.history.load import GroupLoad, Load, Targets
from mcp_gate.history.look import Seen
from mcp_gate.history.past import Past
from mcp_gate.history.service import Service
from mcp_gate.model.call import Facts
from mcp_gate.model.decision import Decision
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import CallState, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.queue import SHARE

SHOWN: Final = 20
"""Differences from the record that are told one by one."""


@dataclass(slots=True)
class Tally:
    """How many calls, and one of them."""

    calls: int = 0
    example: str = ""

    def add(self, past: Past) -> None:
        self.calls += 1
        self.example = self.example or past.call.id

    def as_json(self) -> JsonObject:
        return {"calls": self.calls, "example": self.example}


@dataclass(frozen=True, slots=True)
class Flip:
    """A change of decision: what said so then, and what says so now."""

    before: Decision
    after: Decision
    rule_before: str
    rule_after: str

    def as_json(self) -> JsonObject:
        return {
            "before": self.before.word, "after": self.after.word,
            "rule_before": self.rule_before, "rule_after": self.rule_after,
        }  # fmt: skip


@dataclass(slots=True)
class Replayed:
    """What came of it."""

    targets: Targets
    calls: int = 0
    superseded: int = 0
    """Calls that were decided anew under another id when policy or tool changed: counted there."""
    reproduced: int = 0
    """Calls that their own policy decides again as it is recorded."""
    differences: list[JsonObject] = field(default_factory=list)
    """The first of those that it does not."""
    differing: int = 0
    unchecked: Counter[WhyNot] = field(default_factory=Counter)
    inexact: Counter[WhyNot] = field(default_factory=Counter)
    """Calls that could not be decided again; they count as they were decided."""
    recounted: int = 0
    """Calls for which was counted anew what calls come to over time; see `look`."""
    flips: dict[Flip, Tally] = field(default_factory=dict)
    rejected: dict[str, Tally] = field(default_factory=dict)
    """Calls that a person rejected and that would pass, by the rule that lets them."""
    held_before: int = 0
    held_after: int = 0
    groups: tuple[GroupLoad, ...] = ()

    def pairs(self) -> dict[tuple[Decision, Decision], Tally]:
        """Flips by decision alone, commonest first."""
        found: dict[tuple[Decision, Decision], Tally] = {}
        for flip, tally in self.flips.items():
            pair = found.setdefault((flip.before, flip.after), Tally(0, tally.example))
            pair.calls += tally.calls
        return dict(sorted(found.items(), key=lambda item: -item[1].calls))

    def by_rule(self) -> list[tuple[Flip, Tally]]:
        """Flips, commonest first."""
        return sorted(self.flips.items(), key=lambda item: -item[1].calls)

    def as_json(self) -> JsonObject:
        return {
            "calls": self.calls,
            "superseded": self.superseded,
            "check": {
                "reproduced": self.reproduced, "differing": self.differing, "differences": self.differences,
                "unchecked": _reasons(self.unchecked),
            },
            "inexact": _reasons(self.inexact),
            "recounted": self.recounted,
            "rejected_would_pass": [{"rule": rule, **tally.as_json()} for rule, tally in self.rejected.items()],
            "flips": [{**flip.as_json(), **tally.as_json()} for flip, tally in self.by_rule()],
            "decisions": [
                {"before": before.word, "after": after.word, **tally.as_json()}
                for (before, after), tally in self.pairs().items()
            ],
            "gated": {
                "before": share(self.held_before, self.calls), "after": share(self.held_after, self.calls),
                "target": list(SHARE),
            },
            "load": {
                "target_median_wait_sec": self.targets.median, "target_p95_wait_sec": self.targets.p95,
                "groups": [group.as_json() for group in self.groups],
            },
        }  # fmt: skip


def share(part: int, whole: int) -> float:
    """A part of a whole, 0 to 1, to four digits; 0 of nothing."""
    return round(part / whole, 4) if whole else 0.0


def replay(
    calls: Iterable[Seen], candidate: Candidate, snapshots: Snapshots, service: Service, targets: Targets
) -> Replayed:
    """Decide every call again, in the order in which they came; of each only figures are kept."""
    out, load = Replayed(targets), Load(service, targets)
    for seen in calls:
        past, facts = seen.past, seen.facts
        _check(out, past, snapshots)
        if past.state is CallState.SUPERSEDED:
            out.superseded += 1
            continue
        out.calls += 1
        if past.held is not None:
            out.held_before += 1
            load.was(past, past.held)
        out.recounted += seen.recounted
        if isinstance(facts, Facts):
            _count(out, load, past, candidate.verdict(past, facts))
        else:
            out.inexact[facts] += 1
            if past.held is not None:
                out.held_after += 1
                load.stays(past, past.held)
    out.groups = load.groups()
    return out


def holds(past: Past, verdict: Verdict) -> bool:
    """Whether a person would be asked. A call that was not held though its policy wanted a person would not be now."""
    if verdict.decision is not Decision.REQUIRE_APPROVAL or past.refused_anyway:
        return False
    return past.held is not None or past.decision is not Decision.REQUIRE_APPROVAL


def passes(verdict: Verdict) -> bool:
    """Whether nobody would be asked, and nothing denied."""
    return verdict.decision < Decision.REQUIRE_APPROVAL


def _check(out: Replayed, past: Past, snapshots: Snapshots) -> None:
    found = difference(past, snapshots)
    if isinstance(found, WhyNot):
        out.unchecked[found] += 1
    elif not found:
        out.reproduced += 1
    else:
        out.differing += 1
        if len(out.differences) < SHOWN:
            snapshot = {"policy_snapshot": past.snapshot}
            out.differences.append({"call_id": past.call.id, "differs": found, **snapshot})


def _count(out: Replayed, load: Load, past: Past, verdict: Verdict) -> None:
    if verdict.decision is not past.decision:
        flip = Flip(past.decision, verdict.decision, past.rule, verdict.rule_id)
        out.flips.setdefault(flip, Tally()).add(past)
    if holds(past, verdict):
        out.held_after += 1
        load.would_be(past, verdict)
    rejected = past.held is not None and past.held.status is RequestStatus.REJECTED
    if rejected and passes(verdict):
        out.rejected.setdefault(verdict.rule_id, Tally()).add(past)


def _reasons(counted: Counter[WhyNot]) -> JsonObject:
    return {why.value: count for why, count in counted.most_common()}
