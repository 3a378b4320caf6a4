"""What came of a replay, as text for a terminal: what is worst stands first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mcp_gate.cli import columns
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.times import span
from mcp_gate.model.decision import Decision
from mcp_gate.review.queue import SHARE

if TYPE_CHECKING:
    from collections import Counter

    from mcp_gate.history.again import WhyNot
    from mcp_gate.history.load import GroupLoad, Waits
    from mcp_gate.history.replay import Replayed, Tally

RULES: Final = 20
"""Changes by rule that are told one by one."""


def readable(found: Replayed, snapshot: str, since: str) -> str:
    """The whole of it."""
    if not found.calls and not found.superseded:
        return f"no calls since {since}: there is nothing to decide again"
    return "\n".join(reveal(line) for line in _lines(found, snapshot, since))


def _lines(found: Replayed, snapshot: str, since: str) -> Iterator[str]:
    yield from _alarm(found)
    yield from _rejected(found)
    yield f"{_calls(found.calls)} since {since}, decided again by {snapshot}"
    if found.superseded:
        more = columns.counted(found.superseded, "more call")
        yield f"{more}: policy or tool changed while they waited; what followed is counted"
    yield from _reasons(found.inexact, "could not be decided again and count as they were")
    yield from _reasons(found.unchecked, "could not be held against the policy that decided them")
    if found.recounted:
        yield f"{_calls(found.recounted)}: what calls come to over time is counted anew, as if all had gone as it went"
    yield f"{found.reproduced} of {found.reproduced + found.differing} are decided by their own policy as recorded"
    yield ""
    yield from _flips(found)
    yield ""
    yield from _share(found)
    yield ""
    yield from _load(found)


def _alarm(found: Replayed) -> Iterator[str]:
    if not found.differing:
        return
    yield f"ALARM: {_calls(found.differing)} decided otherwise by the very policy that decided then"
    for one in found.differences:
        yield f"  {one['call_id']}  {one['policy_snapshot']}  differs in: {one['differs']}"
    yield "  The record, the database or the program is not what it was: see 'mcp-gate audit verify'."
    yield ""


def _rejected(found: Replayed) -> Iterator[str]:
    """A person said no, and nobody would be asked: nothing of a replay is more important."""
    if not found.rejected:
        return
    yield f"WOULD PASS THOUGH A PERSON REJECTED IT: {_calls(sum(one.calls for one in found.rejected.values()))}"
    for rule, tally in found.rejected.items():
        yield f"  by {rule}: {_example(tally)}"
    yield ""


def _flips(found: Replayed) -> Iterator[str]:
    if not found.flips:
        yield "every call is decided as before"
        return
    for (before, after), tally in found.pairs().items():
        loud = "WOULD BE DENIED: " if after is Decision.DENY else ""
        yield f"{loud}{before.word} -> {after.word}: {_example(tally)}"
    yield ""
    by_rule = found.by_rule()
    rows = [
        (flip.rule_before, flip.rule_after, f"{flip.before.word} -> {flip.after.word}", str(tally.calls), tally.example)
        for flip, tally in by_rule[:RULES]
    ]
    yield from columns.table(("rule before", "rule after", "decision", "calls", "example"), rows).splitlines()
    if len(by_rule) > RULES:
        yield f"and {len(by_rule) - RULES} more; --json tells all"


def _share(found: Replayed) -> Iterator[str]:
    low, high = SHARE
    after = found.held_after / found.calls if found.calls else 0.0
    where = "more than" if after > high else "less than" if after < low else "within"
    before, now = (f"{part} ({_percent(part, found.calls)})" for part in (found.held_before, found.held_after))
    yield f"held for a person: {before} before, {now} after: {where} the target of {low:.0%} to {high:.0%}"


def _load(found: Replayed) -> Iterator[str]:
    """One line for each group and each way its queue stood; the middle one says how far the last can be believed."""
    if not found.groups:
        yield "nothing waits for anybody"
        return
    head = ("group", "people", "queue", "requests", "median", "p95", f"over {span(found.targets.p95)}", "not in time")
    rows = [row for group in found.groups for row in _rows(group)]
    yield from columns.table(head, rows).splitlines()
    yield f"targets: median {span(found.targets.median)}, p95 {span(found.targets.p95)}"
    for group in found.groups:
        for name in group.missed:
            yield f"TARGET MISSED: {name} of {group.group}"
    if any(group.candidate.requests and group.candidate.median is None for group in found.groups):
        yield "nobody decided anything in this period: how long requests would wait cannot be told"


def _rows(group: GroupLoad) -> Iterator[tuple[str, ...]]:
    for name, waits in (("recorded", group.recorded), ("simulated", group.model), ("candidate", group.candidate)):
        yield group.group, str(group.reviewers), name, *_waits(waits)


def _waits(waits: Waits) -> tuple[str, ...]:
    requests = f"{waits.requests} (+{waits.joined} repeated)" if waits.joined else str(waits.requests)
    times = ("-" if seconds is None else span(seconds) for seconds in (waits.median, waits.p95))
    return requests, *times, str(waits.over), str(waits.overdue)


def _reasons(counted: Counter[WhyNot], what: str) -> Iterator[str]:
    for why, count in counted.most_common():
        yield f"{_calls(count)} {what}: {why.value}"


def _example(tally: Tally) -> str:
    return f"{_calls(tally.calls)}, such as {tally.example}"


def _calls(count: int) -> str:
    return columns.counted(count, "call")


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "0.0%"
