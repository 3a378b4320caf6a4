"""One line, parsed strictly, as one of a closed set of messages."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.wire.errors import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, RpcError

RequestId: TypeAlias = int | str

_VERSION: Final = rb'(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?'
BEGINS: Final = re.compile(rb'\{\s*%b"id"\s*:\s*(\d{1,15})\s*,\s*%b"(?:result|error)"\s*:' % (_VERSION, _VERSION))
BEGINS_WITHOUT: Final = re.compile(rb'\{\s*%b"(?:result|error)"\s*:' % _VERSION)
ENDS: Final = re.compile(rb'"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*\Z')
LONGEST_END: Final = 64
MOST_PARTS: Final = 20_000
"""Commas in a line that is read on the spot: to make, count and let go of so many values takes milliseconds."""


class Why(StrEnum):
    """Why a line never became a message."""

    PARSE = "parse"
    BATCH = "batch"
    SHAPE = "shape"
    ID = "id"
    TOO_LONG = "frame_limit"
    NUMBER = "number"
    """A request holds a number beyond a double: it cannot be hashed, so it is not a call."""
    DUPLICATE_ID = "duplicate_id"
    """Not seen by the parser: the face finds that the id is in flight."""
    NOT_A_NOTIFICATION = "not_a_notification"
    """Not seen by the parser: a request's method came without an id."""


@dataclass(frozen=True, slots=True)
class Request:
    """A JSON-RPC request."""

    id: RequestId
    method: str
    params: JsonObject | None


@dataclass(frozen=True, slots=True)
class Notification:
    """A JSON-RPC notification."""

    method: str
    params: JsonObject | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON-RPC response with a result."""

    id: RequestId
    result: JsonObject


@dataclass(frozen=True, slots=True)
class Failure:
    """A JSON-RPC response with an error."""

    id: RequestId
    error: RpcError


@dataclass(frozen=True, slots=True)
class Malformed:
    """What cannot be a message. Holds no payload: only its size and digest."""

    why: Why
    error: RpcError
    """What the sender is told."""
    id: RequestId | None = None
    """The id to answer to, where one could be read."""
    size: int = 0
    digest: str = ""
    answers: bool = False
    """Whether it looks like the answer to request `id` (an unreadable answer is a failed call, not noise)."""


Message: TypeAlias = Request | Notification | Answer | Failure | Malformed


def read(line: bytes, *, upstream: bool, depth: int) -> Message:
    """Parse one line.

    Args:
        upstream: whether it comes from an upstream: lone surrogates are then legal, as JavaScript servers write them.
        depth: deepest nesting accepted in the whole message.
    """
    try:
        parse = strictjson.parse_upstream if upstream else strictjson.parse
        value = parse(line, depth=depth)
    except strictjson.JsonError as e:
        if not upstream and isinstance(e, strictjson.TooLarge) and (asked := _asked(line, depth)) is not None:
            return _malformed(line, Why.NUMBER, INVALID_PARAMS, f"Invalid params: {e}", asked)
        # A call whose answer cannot be read fails at once, instead of being waited for.
        id_ = answered(line, line[-LONGEST_END:]) if upstream else None
        return _malformed(line, Why.PARSE, PARSE_ERROR, f"Parse error: {e}", id_, answers=id_ is not None)
    return classify(value, line)


def _asked(line: bytes, depth: int) -> RequestId | None:
    """The id of a request whose one fault is a number: its client waits for an answer with it."""
    try:
        message = classify(strictjson.parse_unsent(line, depth=depth))
    except strictjson.JsonError:
        return None
    return message.id if isinstance(message, Request) else None


def read_quickly(line: bytes, *, depth: int) -> Message | None:
    """The same of a line of an upstream, where that takes little time; None where it may not."""
    value = None if line.count(b",") > MOST_PARTS else strictjson.parse_compact(line, depth=depth)
    return None if value is None else classify(value, line)


def answered(begin: bytes, end: bytes) -> int | None:
    """The request that a line means to answer which is not read, as the usual libraries write answers.

    Args:
        begin: of the line.
        end: its last `LONGEST_END` bytes.
    """
    begin = begin.removeprefix(b"\xef\xbb\xbf")
    found = BEGINS.match(begin)
    if found is None and BEGINS_WITHOUT.match(begin) is not None:
        found = ENDS.search(end)
    return None if found is None else int(found[1])


def classify(value: Json, raw: bytes = b"") -> Message:
    """Tell what a parsed JSON value is; `raw` is only measured and hashed."""
    if type(value) is not dict:
        if type(value) is list:
            return _malformed(raw, Why.BATCH, INVALID_REQUEST, "Invalid request: batches are not supported")
        return _malformed(raw, Why.SHAPE, INVALID_REQUEST, "Invalid request: a message is an object")
    id_ = value.get("id")
    known = id_ if type(id_) is int or type(id_) is str else None
    if value.get("jsonrpc") != "2.0":
        return _malformed(raw, Why.SHAPE, INVALID_REQUEST, 'Invalid request: jsonrpc is not "2.0"', known)
    method = value.get("method")
    if type(method) is str:
        params = value.get("params")
        if params is not None and type(params) is not dict:
            return _malformed(raw, Why.SHAPE, INVALID_REQUEST, "Invalid request: params is not an object", known)
        if "id" not in value:
            return Notification(method, params)
        if known is None:
            return _malformed(
                raw, Why.ID, INVALID_REQUEST, "Invalid request: the id is neither a string nor an integer"
            )
        return Request(known, method, params)
    return _answer(value, known, raw)


def _answer(value: JsonObject, known: RequestId | None, raw: bytes) -> Message:
    if known is not None:
        result, error = value.get("result"), value.get("error")
        if type(result) is dict and error is None:
            return Answer(known, result)
        if type(error) is dict and "result" not in value:
            return Failure(known, RpcError.of(error))
        if "result" in value or "error" in value:
            return _malformed(raw, Why.SHAPE, INVALID_REQUEST, "Invalid answer", known, answers=True)
    return _malformed(raw, Why.SHAPE, INVALID_REQUEST, "Invalid request: no method", known)


def _malformed(
    line: bytes, why: Why, code: int, message: str, id_: RequestId | None = None, *, answers: bool = False
) -> Malformed:
    digest = f"sha256:{hashlib.sha256(line).hexdigest()}" if line else ""
    return Malformed(why, RpcError(code, message), id_, len(line), digest, answers)


def too_long(limit: int) -> Malformed:
    """For a line that was cut at `limit` bytes."""
    return Malformed(Why.TOO_LONG, RpcError(INVALID_REQUEST, f"Invalid request: longer than {limit} bytes"), size=limit)
