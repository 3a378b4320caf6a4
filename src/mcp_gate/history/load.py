"""What a policy costs the people who decide: how long requests wait, by group, as it was and as it would have been."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.history.line import Line
from mcp_gate.history.past import Held, Past
from mcp_gate.history.service import Service
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.review.queue import quantile

OUT_OF_TIME: Final = frozenset({RequestStatus.EXPIRED, RequestStatus.APPROVED})
"""How a request ends that no person settled: time denies it, or approves it."""


@dataclass(frozen=True, slots=True)
class Targets:
    """The times that a queue is meant to keep, in seconds."""

    median: int
    p95: int


@dataclass(frozen=True, slots=True)
class Waits:
    """The figures of one group; times in seconds, None where nothing waited."""

    requests: int
    median: float | None
    p95: float | None
    over: int
    """Waited longer than the target for the slowest (p95)."""
    overdue: int
    """Not decided by people in the time that its first stage had."""
    joined: int
    """Calls that repeated one that waited already."""

    def as_json(self) -> JsonObject:
        out: JsonObject = {"requests": self.requests}
        for name, seconds in (("median_wait_sec", self.median), ("p95_wait_sec", self.p95)):
            if seconds is not None:
                out[name] = round(seconds, 1)
        return {**out, "over_target": self.over, "overdue": self.overdue, "joined": self.joined}

    def misses(self, targets: Targets) -> tuple[str, ...]:
        """Which targets are not kept."""
        found = (("median", self.median, targets.median), ("p95", self.p95, targets.p95))
        return tuple(name for name, seconds, target in found if seconds is not None and seconds > target)


@dataclass(slots=True)
class _Tally:
    """Waits while they are counted."""

    waits: array[float] = field(default_factory=lambda: array("d"))
    requests: int = 0
    overdue: int = 0
    joined: int = 0

    def figures(self, targets: Targets) -> Waits:
        ascending = sorted(self.waits)
        return Waits(
            requests=self.requests,
            median=quantile(ascending, 0.5),
            p95=quantile(ascending, 0.95),
            over=sum(wait > targets.p95 for wait in ascending),
            overdue=self.overdue,
            joined=self.joined,
        )


class Queues:
    """The line of every group under one policy."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lines: dict[str, Line] = {}
        self._tallies: dict[str, _Tally] = {}

    def hold(self, past: Past, group: str, needed: int, due: float) -> None:
        """A call is held: it waits its turn, behind those that came before."""
        tally = self._tallies.setdefault(group, _Tally())
        work = self._service.of(past, group, needed)
        if not work:
            tally.requests += 1
            return
        if group not in self._lines:
            self._lines[group] = Line(self._service.reviewers(group))
        served = self._lines[group].come(f"{past.call.agent} {past.call.job_hash}", past.at, work, due)
        if served is None:
            tally.joined += 1
            return
        tally.requests += 1
        tally.waits.append(served.settled - past.at)
        tally.overdue += not served.in_time

    @property
    def groups(self) -> set[str]:
        return set(self._tallies)

    def figures(self, group: str, targets: Targets) -> Waits:
        return self._tallies.get(group, _Tally()).figures(targets)


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """One group's queue."""

    group: str
    reviewers: int
    recorded: Waits
    """As people decided then."""
    model: Waits
    """The same calls in the simulated line: how near the model comes to what was."""
    candidate: Waits
    """The line as the candidate would have filled it."""
    missed: tuple[str, ...]
    """The targets that the candidate would not have kept."""

    def as_json(self) -> JsonObject:
        return {
            "group": self.group, "reviewers": self.reviewers, "recorded": self.recorded.as_json(),
            "model": self.model.as_json(), "candidate": self.candidate.as_json(), "missed": list(self.missed),
        }  # fmt: skip


class Load:
    """The queues of a period, told call by call in the order in which they came."""

    def __init__(self, service: Service, targets: Targets) -> None:
        self._service = service
        self._targets = targets
        self._recorded: dict[str, _Tally] = {}
        self._model = Queues(service)
        self._candidate = Queues(service)

    def was(self, past: Past, held: Held) -> None:
        """A call that was held."""
        tally = self._recorded.setdefault(held.group, _Tally())
        tally.requests += 1
        settled = self._service.settled(held)
        if settled is not None:
            tally.waits.append(max(0.0, settled - held.opened))
        elif held.status in OUT_OF_TIME:
            tally.waits.append(held.due - held.opened)
            tally.overdue += 1
        self._as_recorded(self._model, past, held)

    def would_be(self, past: Past, verdict: Verdict) -> None:
        """A call that the candidate holds."""
        self._candidate.hold(past, verdict.group, verdict.approvals, past.at + verdict.timeout_sec)

    def stays(self, past: Past, held: Held) -> None:
        """A held call that cannot be decided again: it waits as it did."""
        self._as_recorded(self._candidate, past, held)

    def _as_recorded(self, queues: Queues, past: Past, held: Held) -> None:
        verdict = past.verdict
        queues.hold(past, held.group, int(verdict["approvals"]), past.at + float(verdict["timeout_sec"]))

    def groups(self) -> tuple[GroupLoad, ...]:
        return tuple(map(self._group, sorted({*self._recorded, *self._candidate.groups})))

    def _group(self, group: str) -> GroupLoad:
        candidate = self._candidate.figures(group, self._targets)
        return GroupLoad(
            group=group,
            reviewers=self._service.reviewers(group),
            recorded=self._recorded.get(group, _Tally()).figures(self._targets),
            model=self._model.figures(group, self._targets),
            candidate=candidate,
            missed=candidate.misses(self._targets),
        )
