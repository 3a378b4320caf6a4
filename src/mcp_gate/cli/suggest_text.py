"""Suggested rules for a terminal and as JSON: the evidence first, then the text to paste."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mcp_gate.cli.columns import counted
from mcp_gate.history.cases import Told
from mcp_gate.history.paste import DOCUMENT, HEAD
from mcp_gate.history.suggest import people_of
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.times import span
from mcp_gate.model.decision import Decision
from mcp_gate.review.queue import quantile

if TYPE_CHECKING:
    from mcp_gate.history.box import Box
    from mcp_gate.history.suggest import Found, Suggestion
    from mcp_gate.history.weigh import Weighed, Weights
    from mcp_gate.model.foreign import JsonObject

TO: Final = {Told.APPROVED: "allow", Told.DENIED: "deny"}
"""What a rule does with calls of which people said so."""


def as_json(found: Found, weights: Weights) -> JsonObject:
    """What was found, with the figures behind it, as `--json` prints it."""
    return {
        "calls": weights.calls,
        "held": found.held,
        "gated": round(weights.share(), 4),
        "suggestions": [_one_json(one, weights) for one in weights.weighed],
        "calls_without": {why.value: count for why, count in found.calls_without.most_common()},
        "kinds_without": [
            {"to": TO[told], "kinds": count, "why": why.value}
            for (told, why), count in found.kinds_without.most_common()
        ],
    }


def _one_json(one: Weighed, weights: Weights) -> JsonObject:
    suggestion = one.suggestion
    out: JsonObject = {
        "decision": suggestion.rule.decision.word,
        "id": suggestion.rule.id,
        "rule": suggestion.text,
        "document": DOCUMENT if suggestion.before is None else suggestion.before.place.file,
        "evidence": _evidence(suggestion.box),
        "decides": {"calls": one.decided, "example": one.example},
        "gated": round(weights.share(one.freed), 4),
    }
    if suggestion.before is not None:
        out["before"] = suggestion.before.id
    return out


def _evidence(box: Box) -> JsonObject:
    seconds = sorted(case.seconds for case in box.cases)
    days = sorted({case.day for case in box.cases})
    return {
        "decisions": len(box.cases), "reviewers": len(people_of(box)), "agents": list(box.agents),
        "days": len(days), "first_day": days[0], "last_day": days[-1],
        "median_sec": round(statistics.median(seconds), 1), "p95_sec": round(quantile(seconds, 0.95) or 0.0, 1),
        "under_two_sec": box.clicked, "under_two_sec_share": round(box.clicked / (box.clicked + len(box.cases)), 4),
    }  # fmt: skip


def readable(found: Found, weights: Weights, since: str, least: int) -> str:
    """The whole of it."""
    return "\n".join(reveal(line) for line in _lines(found, weights, since, least))


def _lines(found: Found, weights: Weights, since: str, least: int) -> Iterator[str]:
    if not weights.calls:
        yield f"no calls since {since}: there is nothing to learn from"
        return
    yield f"{counted(weights.calls, 'call')} since {since}, {found.held} of them held for a person"
    if not weights.weighed:
        yield f"no rule is supported by {counted(least, 'decision')} of people that agree"
    for number, one in enumerate(weights.weighed, start=1):
        yield ""
        yield from _suggestion(number, one, weights)
    yield ""
    for why, count in found.calls_without.most_common():
        yield f"no rule to allow {counted(count, 'held call')}: {why.value}"
    for (told, reason), count in found.kinds_without.most_common():
        yield f"no rule to {TO[told]} {counted(count, 'kind')} of calls: {reason.value}"
    if weights.weighed:
        yield "Nothing was changed. Arguments that upstreams.yaml declares no attribute for were not looked at."


def _suggestion(number: int, one: Weighed, weights: Weights) -> Iterator[str]:
    suggestion, told = one.suggestion, _evidence(one.suggestion.box)
    denies = suggestion.rule.decision is Decision.DENY
    yield (
        f"{number}. {'denied' if denies else 'approved'} every time: {counted(told['decisions'], 'decision')} by "
        f"{counted(told['reviewers'], 'person', 'people')} on {counted(told['days'], 'day')}, {told['first_day']} to "
        f"{told['last_day']}"
    )
    yield f"   they took {span(told['median_sec'])} (median) to {span(told['p95_sec'])} (p95)"
    if told["under_two_sec"]:
        clicked, share = counted(told["under_two_sec"], "more decision"), told["under_two_sec_share"]
        yield f"   WEAKER: {clicked} in under two seconds ({share:.0%}), which count for nothing"
    verb = "denied" if denies else "let pass"
    yield (
        f"   it would have {verb} {counted(one.decided, 'call')}, such as {one.example}; held for a person: "
        f"{weights.share():.1%} -> {weights.share(one.freed):.1%}"
    )
    yield f"   {_where(suggestion)}"
    yield ""
    yield from suggestion.text.rstrip("\n").split("\n")


def _where(suggestion: Suggestion) -> str:
    before = suggestion.before
    if before is None:
        head = HEAD.rstrip("\n").replace("\n", ", ")
        return f"paste it into a new document such as {DOCUMENT}, below '{head}':"
    return f"paste it right before '{before.id}' ({before.place.file}:{before.place.line}):"
