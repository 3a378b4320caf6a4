"""What is posted: strict JSON of a known shape, or a failure that says which fields are wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request as HttpRequest

from mcp_gate.faces.http.problem import Failure
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import ReviewerDecision
from mcp_gate.review.glass import Wanted, Word

MOST_BYTES: Final = 1 << 20
BODY_SEC: Final = 30.0
DEPTH: Final = 64
TEXTS: Final[Mapping[str, int]] = {
    "decision": 20, "reason": 2_000, "approver_id": 128, "job_hash": 128, "policy_snapshot": 128,
    "decision_ts": 64, "nonce": 128, "signature": 16_384,
}  # fmt: skip
"""Texts of a decision, and how many characters each may have."""


async def read_object(request: HttpRequest) -> JsonObject:
    """The JSON object in a request's body.

    Raises:
        Failure: 415 not plain JSON, 400 not strict JSON or no object, and as `read`.
    """
    _content_type(request)
    return _parsed(await read(request, MOST_BYTES))


def object_of(request: HttpRequest, data: bytes) -> JsonObject:
    """The same of a body that was read already.

    Raises:
        Failure: as `read_object`.
    """
    _content_type(request)
    return _parsed(data)


def _parsed(data: bytes) -> JsonObject:
    try:
        value = strictjson.parse(data, depth=DEPTH)
    except strictjson.JsonError as e:
        raise Failure(400, "bad_json", f"the body is not JSON this gate accepts: {e}") from None
    if not isinstance(value, dict):
        raise Failure(400, "bad_json", "the body must be a JSON object")
    return value


async def read(request: HttpRequest, most: int) -> bytes:
    """A request's body.

    Raises:
        Failure: 413 over `most` bytes, 408 it does not come.
    """
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SEC):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most:
                    raise Failure(413, "too_large", f"the body is larger than {most} bytes")
    except TimeoutError:
        raise Failure(408, "too_slow", "the body did not come") from None
    return bytes(data)


def _content_type(request: HttpRequest) -> None:
    kind, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    plain = all(part in ("charset=utf-8", 'charset="utf-8"', "") for part in parameters)
    if kind != "application/json" or not plain:
        raise Failure(415, "not_json", "send application/json in UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Failure(415, "encoded", "send the body without content encoding")


def decision_of(body: JsonObject) -> ReviewerDecision:
    """A decision as posted (contract 7). What is absent, or null, is None: the rules of review say what is missing.

    Raises:
        Failure: 400, unknown fields or values of the wrong kind or size.
    """
    _only(body, {*TEXTS, "arguments"})
    body = {name: value for name, value in body.items() if value is not None}
    wrong = [name for name in TEXTS if name in body and not _text(body[name], TEXTS[name])]
    if "arguments" in body and not isinstance(body["arguments"], dict):
        wrong.append("arguments")
    _refuse("of the wrong kind or size", wrong)
    return ReviewerDecision(**body)


def approver_of(body: JsonObject) -> str:
    """The body of `claim` and `release-claim`: `{approver_id}`.

    Raises:
        Failure: 400, see `decision_of`.
    """
    _only(body, {"approver_id"})
    _refuse("missing or of the wrong kind", _wrong_approver(body))
    return str(body["approver_id"])


def word_of(body: JsonObject, *, reasoned: bool) -> tuple[str, str]:
    """The body of what is done about agents: `{approver_id, reason}`.

    Args:
        reasoned: whether there has to be a reason.

    Raises:
        Failure: 400, see `decision_of`.
    """
    _only(body, {"approver_id", "reason"})
    wrong = _wrong_approver(body)
    reason = body.get("reason", "")
    if not _text(reason, TEXTS["reason"]) or (reasoned and not reason.strip()):
        wrong.append("reason")
    _refuse("missing or of the wrong kind", wrong)
    return str(body["approver_id"]), str(reason)


def extension_of(body: JsonObject) -> tuple[str, int]:
    """The body of `extend`: `{approver_id, seconds}`, whole seconds from 1.

    Raises:
        Failure: 400, see `decision_of`.
    """
    _only(body, {"approver_id", "seconds"})
    seconds = body.get("seconds")
    wrong = _wrong_approver(body)
    if type(seconds) is not int or not 1 <= seconds <= 10**9:
        wrong.append("seconds")
    _refuse("missing or of the wrong kind", wrong)
    return str(body["approver_id"]), int(seconds or 0)


def glass_of(body: JsonObject) -> tuple[Wanted, Word]:
    """The body of a first word on break-glass:
    `{agent, topic, minutes, reason, policy_snapshot, approver_id, decision_ts, signature}`.

    Raises:
        Failure: 400, see `decision_of`.
    """
    texts = {"agent": 128, "topic": 512, "reason": TEXTS["reason"], "policy_snapshot": TEXTS["policy_snapshot"]}
    posted = dict(body)
    taken = {name: posted.pop(name, None) for name in (*texts, "minutes")}
    wrong = [name for name in texts if not _text(taken[name], texts[name])]
    if type(taken["minutes"]) is not int:
        wrong.append("minutes")
    _refuse("missing or of the wrong kind", wrong)
    return Wanted(**taken), signed_of(posted)


def signed_of(body: JsonObject) -> Word:
    """A signed word: `{approver_id, decision_ts, signature}`.

    Raises:
        Failure: 400, see `decision_of`.
    """
    names = ("approver_id", "decision_ts", "signature")
    _only(body, set(names))
    _refuse("missing or of the wrong kind", [name for name in names if not _text(body.get(name), TEXTS[name])])
    return Word(**body)


def findings_of(body: JsonObject) -> tuple[str, list[int]]:
    """The body of `false-positive`: `{approver_id, findings: [n, ...]}`.

    Raises:
        Failure: 400, see `decision_of`.
    """
    _only(body, {"approver_id", "findings"})
    wrong, findings = _wrong_approver(body), body.get("findings")
    if not isinstance(findings, list) or len(findings) > 1000 or any(type(n) is not int for n in findings):
        wrong.append("findings")
    _refuse("missing or of the wrong kind", wrong)
    return str(body["approver_id"]), list(findings or [])


def _wrong_approver(body: JsonObject) -> list[str]:
    return [] if _text(body.get("approver_id"), TEXTS["approver_id"]) else ["approver_id"]


def _text(value: object, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def _only(body: JsonObject, known: set[str]) -> None:
    unknown = [name if len(name) <= 64 else name[:64] + "…" for name in sorted(body.keys() - known)]
    _refuse("unknown", unknown[:20])


def _refuse(what: str, fields: list[str]) -> None:
    if fields:
        raise Failure(400, "bad_request", f"the body has fields that are {what}", tuple(fields))
