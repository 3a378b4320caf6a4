"""Requests as text for a terminal. All that an agent or upstream wrote is revealed, and never begins a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mcp_gate.cli.columns import table
from mcp_gate.faces.facts import digest, facts, headline, lookalikes, subject, time_left, told, why
from mcp_gate.faces.findings import found_in
from mcp_gate.faces.masks import masked
from mcp_gate.faces.stages import ends, is_withheld
from mcp_gate.lang.reveal import reveal, reveal_json
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.foreign import JsonObject

GUTTER: Final = "┃ "
"""Drawn by us before every line of foreign text: none of it can pass for ours."""


def listing(requests: Iterable[JsonObject], now: float, *, statuses: bool) -> str:
    """A table, the most urgent first; with all statuses, those that wait first, then the newest."""
    rows = sorted(requests, key=ends)
    if statuses:
        rows.sort(key=lambda request: (request["status"] != "pending", _backwards(request["opened_ts"])))
    head = ["LEFT", "RISK", "REQUEST", "TOOL", "AGENT", "GROUP", "CLAIMED", "WHY"]
    cells = [_row(request, now) for request in rows]
    if statuses:
        head.insert(0, "STATUS")
        cells = [[str(request["status"]), *row] for request, row in zip(rows, cells, strict=True)]
    return table(head, cells)


def full(request: JsonObject, now: float) -> str:
    """Everything a person needs in order to decide: the gate's facts, the arguments, where it came from, then what
    the agent says of itself."""
    call = request["call"]
    lines = [reveal(headline(request, now)), "", *_facts(request), "", subject(request)]
    lines += _foreign(reveal_json(masked(call["arguments"], tuple(request.get("personal", ())))))
    if covered(request):
        lines += ["  What is personal is covered: --reveal shows it, which is recorded"]
    lines += [f"  look-alike: {word}" for word in lookalikes(call["arguments"])]
    if is_withheld(request):
        lines += ["", *_withheld(request)]
    if "asked" in request:
        lines += ["", f"A reviewer changed {', '.join(map(reveal, request['changed']))}; the agent had asked for"]
        asked = masked(request["asked"]["arguments"], tuple(request.get("personal_asked", ())))
        lines += _foreign(reveal_json(asked))
    lines += ["", "How it came here", *(_trail(call["trail"]) or ["  it is the first call of its session"])]
    if call.get("claims"):
        lines += ["", "What the agent says (unchecked, may be untrue)", *_foreign(reveal_json(call["claims"]))]
    if request["decisions"]:
        lines += ["", "Decisions", *(f"  {reveal(told(request, said))}" for said in request["decisions"])]
    lines += ["", f"  {'job_hash':<12} {reveal(call['job_hash'])}", f"  {'digest':<12} {digest(request)}"]
    return "\n".join(lines)


def covered(request: JsonObject) -> bool:
    """Whether something of a call is not shown as it is."""
    return bool(request.get("personal") or request.get("personal_asked"))


def _withheld(request: JsonObject) -> Iterator[str]:
    """What was found in a result, and what is left of it once that is masked."""
    for line in found_in(request, most=1_000):
        yield reveal(f"  found {line}")
    if "result" not in request:
        yield "The result cannot be shown here: it is gone, too large, or not all of it can be masked"
        return
    yield "The result: masked, as 'redact' lets it out; or as it came, with --reveal"
    yield from _foreign(reveal_json(request["result"]))


def _row(request: JsonObject, now: float) -> list[str]:
    call = request["call"]
    cells = [
        time_left(request, now) or "-", request["tier"], request["id"], call["listed_name"], call["agent"],
        request["group"], _whose(request), why(request),
    ]  # fmt: skip
    return [reveal(str(cell)) for cell in cells]


def _whose(request: JsonObject) -> str:
    """Who is looking at it, else in brackets whose turn it is."""
    assigned = f"({request['assigned_to']})" if "assigned_to" in request else "-"
    return str(request.get("claimed_by", assigned))


def _facts(request: JsonObject) -> Iterator[str]:
    for name, value in facts(request).items():
        yield f"  {name:<12} {reveal(value)}"


def _trail(trail: list[JsonObject]) -> list[str]:
    return [f"  {reveal(step['ts'])}  {reveal(step['tool'])}  {reveal(step['status'])}" for step in trail]


def _foreign(text: str) -> list[str]:
    return [GUTTER + line for line in text.split("\n")]


def _backwards(ts: str) -> float:
    return -parse_rfc3339(ts)
