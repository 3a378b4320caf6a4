"""The stages of a request, read from what the review API tells of it. Pure; texts are as sent."""

from __future__ import annotations

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import LOOKS, SECOND_REVIEW


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
    """The approvals that count: those of this stage, from the last edit on, which is one itself."""
    said = [word for word in request["decisions"] if not is_void(request, word)]
    last = max((i for i, word in enumerate(said) if word.get("decision") == "edit"), default=0)
    return [word for word in said[last:] if word.get("decision") in ("approve", "edit")]


def is_sample(request: JsonObject) -> bool:
    """Whether its call waits for nothing any more, and is only looked at."""
    return request["kind"] in LOOKS


def is_withheld(request: JsonObject) -> bool:
    """Whether its call has run, and its result waits."""
    return bool(request["kind"] == "quarantine")


def has_run(request: JsonObject) -> bool:
    """Whether its call is no longer to be decided on."""
    return bool(request["kind"] != "gate")


def sampled(request: JsonObject) -> str:
    """Why a call is looked at, in a few words."""
    if request["kind"] == SECOND_REVIEW:
        return "somebody decided on it, and you are not told what"
    mandatory = request["verdict"].get("sampled") == "mandatory"
    return "its kind is always looked at" if mandatory else "picked at random"


def is_void(request: JsonObject, said: JsonObject) -> bool:
    """Whether a word counts no more, because the request went to another group since."""
    return bool(said.get("stage", 1) != request.get("stage", 1))
