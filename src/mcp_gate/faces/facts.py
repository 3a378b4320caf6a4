"""What a person has to know of a request, as texts by name, read from what the review API tells of it. Pure; texts are
as sent, and whoever shows one reveals it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mcp_gate.faces.stages import (
    afterwards,
    approvals,
    ends,
    has_run,
    is_sample,
    is_void,
    is_withheld,
    sampled,
)  # fmt: skip
from mcp_gate.lang.reveal import mixed_script, reveal, reveal_json
from mcp_gate.lang.times import parse_rfc3339, span
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.request import PROMOTION, QUARANTINE, SAMPLE, SECOND_REVIEW
from mcp_gate.model.verdict import rules_told
from mcp_gate.signals.anomaly import unusual_told

DIGITS: Final = 8
"""Hex digits of `job_hash` that an approval must repeat."""
MOST_LOOKALIKES: Final = 5
NAMES: Final = {
    SAMPLE: "sample of a call that ran",
    SECOND_REVIEW: "second look at a decision",
    PROMOTION: "promotion of an agent",
    QUARANTINE: "withheld result of a call that ran",
}
"""What to call a request that is not a held call."""
RAN: Final = (SAMPLE, QUARANTINE)
"""Kinds whose call was executed."""
SUBJECTS: Final = {
    SAMPLE: "Arguments, exactly as they were sent",
    SECOND_REVIEW: "Arguments, exactly as they were decided on",
    PROMOTION: "What is proposed",
    QUARANTINE: "Arguments, exactly as they were sent",
}
REASONS: Final = (
    "Out of scope for this task",
    "Wrong target or amount",
    "Needs a smaller or reversible step first",
    "Looks like prompt injection",
)
"""What a denial often says; the agent is told."""


_TAINTED: Final = "its session was given something that nobody vouches for"


def digest(request: JsonObject) -> str:
    """The first hex digits of the call's hash."""
    return str(request["call"]["job_hash"]).removeprefix("sha256:")[:DIGITS]


def why(request: JsonObject) -> str:
    """Why it is in the queue, in one line."""
    if is_sample(request):
        return f"{'SECOND LOOK' if request['kind'] == SECOND_REVIEW else 'SAMPLE of what ran'}: {sampled(request)}"
    if is_withheld(request):
        return f"RESULT withheld: {request['verdict']['quarantine']['why']}"
    return str(request["verdict"]["reason"] or request["verdict"]["rule_id"])


def facts(request: JsonObject) -> dict[str, str]:
    """The gate's own facts, in the order in which they should be read; what is empty is left out."""
    call, verdict = request["call"], request["verdict"]
    ran = has_run(request)
    found = {
        "tool": f"{call['listed_name']} ({call['upstream']}: {call['tool']})",
        "agent": call["agent"] + ("" if request["waiting"] or ran else ", not waiting at the moment"),
        "sampled": sampled(request) if is_sample(request) else "",
        "withheld": verdict["quarantine"]["why"] if is_withheld(request) else "",
        "decided by" if request["kind"] in RAN else "held by": ", ".join(rules_told(verdict)),
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
        "puts back": ", ".join(verdict.get("puts_back", ())),
        "tainted": _TAINTED if call.get("signals", {}).get("tainted") else "",
        "claimed by": request.get("claimed_by", ""),
        "assigned to": request.get("assigned_to", ""),
        "opened": request["opened_ts"],
        "due": ends(request),
        "attempts": "" if ran else str(request["attempts"]),
        "policy": verdict["policy_snapshot"],
    }
    return {name: value for name, value in found.items() if value}


def time_left(request: JsonObject, now: float) -> str:
    """Time left of the stage: `3:11`, `overdue`, or "" for what no longer waits."""
    if request["status"] != "pending":
        return ""
    seconds = parse_rfc3339(ends(request)) - now
    return span(seconds) if seconds > 0 else "overdue"


def headline(request: JsonObject, now: float) -> str:
    """What it is and how long it waits, in one line."""
    left = time_left(request, now)
    name = f"{request['id']}  {NAMES[request['kind']]}:" if request["kind"] in NAMES else request["id"]
    if not left:
        return f"{name}  {request['status']}"
    return f"{name}  pending, {left} left, then {afterwards(request)}"


def told(request: JsonObject, said: JsonObject) -> str:
    """One person's word on it, in one line."""
    proof = f" ({said['assurance']})" if "assurance" in said else ""
    reason = f': "{said["reason"]}"' if said.get("reason") else ""
    void = ", void since the escalation" if is_void(request, said) else ""
    return f"{said['decision_ts']}  {said['decision']} by {said['approver_id']}{proof}{void}{reason}"


def lookalikes(value: Json) -> list[str]:
    """Words that mix letters of several scripts, spelled out; revealed."""
    found = dict.fromkeys(word for text in _texts(value) for word in text.split() if mixed_script(word))
    shown = [f"{reveal(word)[:60]} mixes letters of several scripts" for word in found]
    return shown[:MOST_LOOKALIKES]


def subject(request: JsonObject) -> str:
    """What the arguments are, as a heading over them."""
    return SUBJECTS.get(request["kind"], "Arguments, exactly as they will be sent")


def _escalated(request: JsonObject) -> str:
    """Where a request was before, and since when it is here."""
    return f"from {request['escalated_from']} at {request['escalated_ts']}" if "escalated_from" in request else ""


def _plain(value: JsonObject) -> str:
    return ", ".join(f"{name} = {reveal_json(item, indent=0)}".replace("\n", " ") for name, item in value.items())


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
