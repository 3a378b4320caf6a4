"""What people press in Slack, brought by Slack with its signature; who pressed is his user id and nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from mcp_gate.faces.facts import DIGITS
from mcp_gate.faces.http.problem import SAFE_HEADERS, Failure, answer
from mcp_gate.gate.reviewers import Carried
from mcp_gate.gate.reviewing import NoSuchRequest
from mcp_gate.lang import strictjson
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import ReviewerDecision
from mcp_gate.notify.answers import REASONED, TYPED, WORDS
from mcp_gate.notify.signing import NoSecret, NotSigned, secret_of
from mcp_gate.store.once import Once

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
HEADERS: Final = ("x-slack-request-timestamp", "x-slack-signature")


@dataclass(frozen=True, slots=True)
class Pressed:
    """One signed message of Slack's."""

    spec: WebhookSpec
    payload: JsonObject
    signature: str

    @property
    def user(self) -> str:
        user = self.payload.get("user")
        return str(user.get("id", "")) if isinstance(user, dict) else ""


def verified(http: HttpRequest, spec: WebhookSpec, data: bytes) -> Pressed:
    """
    Raises:
        NotSigned: for whatever reason.
    """
    try:
        from slack_sdk.signature import SignatureVerifier
    except ImportError:
        raise Failure(503, "unavailable", "the gate was installed without its extra 'slack'") from None
    sent, signature = (http.headers.get(name, "") for name in HEADERS)
    if any(len(http.headers.getlist(name)) != 1 for name in HEADERS) or not TIMESTAMP.fullmatch(sent):
        raise NotSigned
    try:
        good = SignatureVerifier(secret_of(spec)).is_valid(data, sent, signature)
        payload = strictjson.parse(parse_qs(data.decode(), strict_parsing=True)["payload"][0].encode())
    except (NoSecret, ValueError, KeyError, UnicodeError, TypeError):
        raise NotSigned from None
    team = payload.get("team") if isinstance(payload, dict) else None
    if not good or not isinstance(payload, dict):
        raise NotSigned
    wanted = spec.slack.team if spec.slack is not None else None
    if wanted is not None and (not isinstance(team, dict) or team.get("id") != wanted):
        raise NotSigned
    return Pressed(spec, payload, signature)


async def take(gate: Gate, pressed: Pressed) -> Response:
    """A button opens a form, a form decides."""
    reviewer = _reviewer(gate, pressed)
    if pressed.payload.get("type") == "view_submission":
        return await _submitted(gate, pressed, reviewer)
    await _open(gate, pressed, reviewer)
    return Response(b"", 200, SAFE_HEADERS)


def _reviewer(gate: Gate, pressed: Pressed) -> str | None:
    """Who is enrolled with this user id. Names and addresses are whatever people call themselves."""
    reviewers = (gate.loaded.settings.reviewers or {}).values()
    found = [one.id for one in reviewers if one.slack is not None and one.slack == pressed.user]
    named = pressed.spec.reviewers
    if len(found) == 1 and (not named or found[0] in named):
        return found[0]
    fields: JsonObject = {"policy_snapshot": gate.loaded.snapshot.id}
    user = pressed.user if re.fullmatch(r"[A-Z0-9]{1,32}", pressed.user) else ""
    gate.note(Event("security.callback_refused", fields, {"webhook": pressed.spec.id, "slack_user": user}))
    return None


async def _open(gate: Gate, pressed: Pressed, reviewer: str | None) -> None:
    from mcp_gate.notify import slack  # with all that sends: not before somebody pressed something

    payload = pressed.payload
    actions = payload.get("actions")
    first = actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], dict) else {}
    word, value, trigger = first.get("action_id"), first.get("value"), payload.get("trigger_id")
    if word not in WORDS or not isinstance(value, str) or not isinstance(trigger, str):
        return  # a link was followed, or somebody else's button
    if reviewer is None:
        view = slack.told("No reviewer of this gate is enrolled with your user id.")
    else:
        _bound(value)
        view = slack.modal(word, value)
    await slack.api(pressed.spec, "views.open", {"trigger_id": trigger, "view": view})


def _bound(value: str) -> tuple[str, str, str]:
    """Request, digest and snapshot that a button was made for.

    Raises:
        Failure: 400, it is none of ours.
    """
    try:
        found: Any = json.loads(value)
    except ValueError:
        found = None
    if not isinstance(found, list) or len(found) != 3 or not all(isinstance(one, str) for one in found):
        raise Failure(400, "bad_request", "this is not a button of this gate")
    return found[0], found[1], found[2]


async def _submitted(gate: Gate, pressed: Pressed, reviewer: str | None) -> Response:
    view = pressed.payload.get("view")
    if not isinstance(view, dict) or view.get("callback_id") not in WORDS:
        raise Failure(400, "bad_request", "this is not a form of this gate")
    word = str(view["callback_id"])
    request_id, job_hash, snapshot = _bound(str(view.get("private_metadata")))
    if reviewer is None:
        return _wrong("reason", "No reviewer of this gate is enrolled with your user id.")
    typed = "".join(_value(view, "digest").split()).lower().removeprefix("sha256:")
    if word in TYPED and (len(typed) < DIGITS or not job_hash.removeprefix("sha256:").startswith(typed)):
        return _wrong("digest", f"These are not the first {DIGITS} digits of its digest. Read the call again.")
    reason = _value(view, "reason").strip()
    if word in REASONED and not reason:
        return _wrong("reason", "Say why.")
    now = gate.clock
    said = ReviewerDecision(
        decision=word, reason=reason or None, approver_id=reviewer, job_hash=job_hash, policy_snapshot=snapshot,
        decision_ts=rfc3339(now.wall()), nonce=hashlib.sha256(pressed.signature.encode()).hexdigest()[:32],
    )  # fmt: skip
    channel = f"slack:{pressed.spec.id}"
    mark = Once(channel, pressed.signature, rfc3339(now.steady() + 3600), however=True)
    outcome = await gate.reviewing.decide(request_id, said, Carried(reviewer, channel), mark)
    if isinstance(outcome, Refused):
        return _wrong("digest" if word in TYPED else "reason", f"Refused: {outcome.text}")
    if isinstance(outcome, NoSuchRequest):
        return _wrong("digest" if word in TYPED else "reason", "There is no such request any more.")
    return Response(b"", 200, SAFE_HEADERS)


def _value(view: JsonObject, name: str) -> str:
    found: Any = view
    for key in ("state", "values", name, name, "value"):
        found = found.get(key) if isinstance(found, dict) else None
    return found[:2000] if isinstance(found, str) else ""


def _wrong(field: str, text: str) -> Response:
    """The form stays open, and says why."""
    return answer({"response_action": "errors", "errors": {field: text[:150]}})
