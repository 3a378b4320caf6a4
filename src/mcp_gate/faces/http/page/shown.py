"""What the page shows of requests, read from what the review API tells of them. Pure; texts are as sent, and the
templates reveal them."""

from __future__ import annotations

from typing import Any, Final

from mcp_gate.faces.facts import NAMES, digest, facts, headline, lookalikes, subject, time_left, told, why
from mcp_gate.faces.findings import found_in
from mcp_gate.faces.http.page.words import MOST_BYTES, needs_more_proof, sayings
from mcp_gate.faces.masks import Masks, masked
from mcp_gate.faces.stages import afterwards, has_run, is_withheld
from mcp_gate.lang.difference import Absent, Difference, differences
from mcp_gate.lang.reveal import reveal_json
from mcp_gate.lang.strictjson import dumps
from mcp_gate.model.foreign import Json, JsonObject

SIGNS: Final = {"low": "○ low", "medium": "◆ medium", "high": "▲ HIGH"}
"""Shape and word tell the risk without colour. A tier the page does not know is the most careful one."""
TOLD: Final = frozenset(
    {
        "id", "kind", "status", "call", "verdict", "tier", "group", "needed", "decisions", "opened_ts", "due_ts",
        "stage", "then", "escalate_to", "escalate_ts", "escalated_ts", "escalated_from", "assigned_to", "claimed_by",
        "waiting", "attempts", "asked", "changed", "nearest", "server", "result", "found",
        "personal", "personal_asked",
    }
)  # fmt: skip
"""Members of a request that have their place on the page."""
TOLD_OF_CALL: Final = frozenset(
    {
        "id", "agent", "session", "upstream", "tool", "listed_name", "topic", "risk_tags", "arguments", "attributes",
        "job_hash", "tool_hash", "trail", "signals", "claims",
    }
)  # fmt: skip


def card(request: JsonObject, now: float) -> JsonObject:
    """One line of the queue; `now` in seconds since the epoch."""
    call = request["call"]
    return {
        "id": request["id"],
        "kind": NAMES.get(request["kind"], ""),
        "tier": request["tier"] if request["tier"] in SIGNS else "high",
        "sign": SIGNS.get(request["tier"], SIGNS["high"]),
        "left": time_left(request, now),
        "then": afterwards(request),
        "tool": call["listed_name"],
        "agent": call["agent"],
        "waiting": request["waiting"],
        "group": request["group"],
        "claimed_by": request.get("claimed_by", ""),
        "why": why(request),
    }


def story(request: JsonObject, now: float, *, bare: bool = True, covered: bool = False) -> JsonObject:
    """Everything a person needs in order to decide: the gate's facts, the arguments, where it came from, then what
    others say of it.

    Args:
        bare: nothing is covered. Else what is `personal` is, and a withheld result.
        covered: something was covered before.
    """
    call = request["call"]
    masks = tuple(request.get("personal", ()))
    of_asked = tuple(request.get("personal_asked", ()))
    arguments = masked(call["arguments"], masks) if masks else call["arguments"]
    size = len(dumps(call["arguments"]))
    return {
        **card(request, now),
        **_foreign(request, arguments, of_asked),
        "headline": headline(request, now),
        "status": request["status"],
        "open": request["status"] == "pending",
        "facts": facts(request),
        "why_here": "Why it is here" if has_run(request) else "Why it is held",
        "subject": subject(request),
        "hidden": False,
        "covered": covered or bool(masks or of_asked) or (is_withheld(request) and not bare),
        "size": size,
        "too_large": size > MOST_BYTES,
        "needs_more_proof": needs_more_proof(request),
        "min_assurance": request["verdict"].get("min_assurance", ""),
        "found": list(found_in(request)) if is_withheld(request) else [],
        "changed": request.get("changed", []),
        "trail": call["trail"],
        "decisions": [told(request, said) for said in request["decisions"]],
        "sayings": sayings(request, size),
        "job_hash": call["job_hash"],
        "digest": digest(request),
        "policy_snapshot": request["verdict"]["policy_snapshot"],
    }


def _foreign(request: JsonObject, arguments: JsonObject, of_asked: Masks) -> JsonObject:
    """What agents and upstreams said, line by line.

    Args:
        arguments: as they are shown.
        of_asked: what is covered in those that the agent asked with.
    """
    call = request["call"]
    further = {name: value for name, value in request.items() if name not in TOLD}
    further |= {name: value for name, value in call.items() if name not in TOLD_OF_CALL}
    return {
        "arguments": lines(arguments),
        "lookalikes": lookalikes(arguments),
        "result": lines(request["result"]) if "result" in request else [],
        "asked": lines(masked(request["asked"]["arguments"], of_asked)) if "asked" in request else [],
        "nearest": _nearest(request, arguments),
        "further": lines(further) if further else [],
        "server": lines(request["server"]) if "server" in request else [],
        "claims": lines(call["claims"]) if call.get("claims") else [],
    }


def _nearest(request: JsonObject, arguments: JsonObject) -> JsonObject:
    """The approved call most like it, and where this one differs; {} if there is none.

    Args:
        arguments: as they are shown. Of what is covered there the other value is not told either.
    """
    if "nearest" not in request:
        return {}
    near = request["nearest"]
    found = differences(near["arguments"], request["call"]["arguments"])
    places = [_place(one, arguments) for one in found]
    return {"request_id": near["request_id"], "by": near["approver_id"], "ts": near["ts"], "places": places}


def _place(found: Difference, arguments: JsonObject) -> JsonObject:
    before, after = found.before, found.after
    if not isinstance(after, Absent):
        shown: Any = arguments
        for step in found.place:
            shown = shown[step]
        after = shown
        if after != found.after and not isinstance(before, Absent):
            before = "another one"
    return {"at": found.pointer or "all", "before": _value(before), "after": _value(after)}


def _value(value: Json | Absent) -> str:
    return "nothing" if isinstance(value, Absent) else reveal_json(value, indent=0).replace("\n", " ")


def lines(value: JsonObject) -> list[str]:
    """A JSON value, revealed, line by line."""
    return reveal_json(value).split("\n")
