"""Requests as text for a terminal. All that an agent or upstream wrote is revealed, and never begins a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from mcp_gate.cli.columns import span, table
from mcp_gate.faces.stages import afterwards, approvals, ends, is_sample, is_void, sampled
from mcp_gate.lang.reveal import mixed_script, reveal, reveal_json
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.verdict import rules_told
from mcp_gate.signals.anomaly import unusual_told

GUTTER: Final = "┃ "
"""Drawn by us before every line of foreign text: none of it can pass for ours."""
DIGITS: Final = 8
"""Hex digits of `job_hash` that an approval must repeat."""
MOST_LOOKALIKES: Final = 5


def digest(request: JsonObject) -> str:
    """The first hex digits of the call's hash."""
    return str(request["call"]["job_hash"]).removeprefix("sha256:")[:DIGITS]


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
    sent = "were" if is_sample(request) else "will be"
    lines = [_headline(request, now), "", *_facts(request), "", f"Arguments, exactly as they {sent} sent"]
    lines += _foreign(reveal_json(call["arguments"]))
    lines += [f"  look-alike: {word}" for word in _lookalikes(call["arguments"])]
    lines += ["", "How it came here", *(_trail(call["trail"]) or ["  it is the first call of its session"])]
    if call.get("claims"):
        lines += ["", "What the agent says (unchecked, may be untrue)", *_foreign(reveal_json(call["claims"]))]
    if request["decisions"]:
        lines += ["", "Decisions", *(_decision(request, said) for said in request["decisions"])]
    lines += ["", f"  {'job_hash':<12} {reveal(call['job_hash'])}", f"  {'digest':<12} {digest(request)}"]
    return "\n".join(lines)


def time_left(request: JsonObject, now: float) -> str:
    """Time left of the stage: `3:11`, `overdue`, or "" for what no longer waits."""
    if request["status"] != "pending":
        return ""
    seconds = parse_rfc3339(ends(request)) - now
    return span(seconds) if seconds > 0 else "overdue"


def _row(request: JsonObject, now: float) -> list[str]:
    call = request["call"]
    cells = [
        time_left(request, now) or "-", request["tier"], request["id"], call["listed_name"], call["agent"],
        request["group"], request.get("claimed_by", "-"), _why(request),
    ]  # fmt: skip
    return [reveal(str(cell)) for cell in cells]


def _why(request: JsonObject) -> str:
    if is_sample(request):
        return f"SAMPLE of what ran: {sampled(request)}"
    return str(request["verdict"]["reason"] or request["verdict"]["rule_id"])


def _headline(request: JsonObject, now: float) -> str:
    left = time_left(request, now)
    name = f"{request['id']}  sample of a call that ran" if is_sample(request) else request["id"]
    if not left:
        return f"{name}  {request['status']}"
    return f"{name}  pending, {left} left, then {reveal(afterwards(request))}"


def _facts(request: JsonObject) -> Iterator[str]:
    call, verdict = request["call"], request["verdict"]
    rules = ", ".join(rules_told(verdict))
    ran = is_sample(request)
    yield from _members(
        {
            "tool": f"{call['listed_name']} ({call['upstream']}: {call['tool']})",
            "agent": call["agent"] + ("" if request["waiting"] or ran else ", not waiting at the moment"),
            "sampled": sampled(request) if ran else "",
            "decided by" if ran else "held by": rules,
            "because": verdict["reason"],
            "risk": f"{request['tier']} ({', '.join(call['risk_tags']) or 'no tags'})",
            "topic": call["topic"],
            "group": request["group"],
            "escalated": _escalated(request),
            "approvals": "" if ran else f"{len(approvals(request))} of {request['needed']}",
            "proof": "" if ran else verdict["min_assurance"],
            "limits": _plain(verdict["constraints"]),
            "forbidden": verdict.get("forbidden", "") and f"{verdict['forbidden']}; approving does not change that",
            "attributes": _plain(call["attributes"]),
            "over time": _plain(call.get("signals", {}).get("windows", {})),
            "unusual": unusual_told(call.get("signals", {})),
            "claimed by": request.get("claimed_by", ""),
            "opened": request["opened_ts"],
            "due": ends(request),
            "attempts": "" if ran else str(request["attempts"]),
            "policy": verdict["policy_snapshot"],
        }
    )


def _escalated(request: JsonObject) -> str:
    """Where a request was before, and since when it is here."""
    return f"from {request['escalated_from']} at {request['escalated_ts']}" if "escalated_from" in request else ""


def _members(members: dict[str, str]) -> Iterator[str]:
    for name, value in members.items():
        if value:
            yield f"  {name:<12} {reveal(value)}"


def _plain(value: JsonObject) -> str:
    return ", ".join(f"{name} = {reveal_json(item, indent=0)}".replace("\n", " ") for name, item in value.items())


def _trail(trail: list[JsonObject]) -> list[str]:
    return [f"  {reveal(step['ts'])}  {reveal(step['tool'])}  {reveal(step['status'])}" for step in trail]


def _decision(request: JsonObject, said: JsonObject) -> str:
    proof = f" ({said['assurance']})" if "assurance" in said else ""
    reason = f': "{said["reason"]}"' if said.get("reason") else ""
    void = ", void since the escalation" if is_void(request, said) else ""
    return reveal(f"  {said['decision_ts']}  {said['decision']} by {said['approver_id']}{proof}{void}{reason}")


def _foreign(text: str) -> list[str]:
    return [GUTTER + line for line in text.split("\n")]


def _lookalikes(value: Json) -> list[str]:
    """Words that mix letters of several scripts, spelled out."""
    found = dict.fromkeys(word for text in _texts(value) for word in text.split() if mixed_script(word))
    shown = [f"{reveal(word)[:60]} mixes letters of several scripts" for word in found]
    return shown[:MOST_LOOKALIKES]


def _texts(value: Json) -> Iterator[str]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            pending += item


def _backwards(ts: str) -> float:
    return -parse_rfc3339(ts)
