"""The stages of a request, read from what the review API tells of it. Pure; texts are as sent."""

from __future__ import annotations

from mcp_gate.model.foreign import JsonObject


def ends(request: JsonObject) -> str:
    """When the stage that a request is in ends (RFC 3339)."""
    return str(request.get("then", {}).get("ts", request["due_ts"]))


def afterwards(request: JsonObject) -> str:
    """What happens then, if nobody decides: it completes "then …". "" for what no longer waits."""
    match request.get("then"):
        case {"what": "escalate", "group": str(group)}:
            return f"to {group}"
        case {"what": "approve"}:
            return "approved by policy"
        case {"what": "expire"}:
            return "put aside unseen"
        case {"what": _}:
            return "denied"
        case _:
            return ""


def approvals(request: JsonObject) -> list[JsonObject]:
    """The approvals that count: those of this stage."""
    return [said for said in request["decisions"] if said.get("decision") == "approve" and not is_void(request, said)]


def is_sample(request: JsonObject) -> bool:
    """Whether its call has run, and is only looked at."""
    return bool(request["kind"] == "sample")


def sampled(request: JsonObject) -> str:
    """Why an executed call is looked at, in a few words."""
    mandatory = request["verdict"].get("sampled") == "mandatory"
    return "its kind is always looked at" if mandatory else "picked at random"


def is_void(request: JsonObject, said: JsonObject) -> bool:
    """Whether a word counts no more, because the request went to another group since."""
    return bool(said.get("stage", 1) != request.get("stage", 1))
