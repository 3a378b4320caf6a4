"""What goes to a process of the annex and what comes back: a head, and behind it the bulk that it tells of, as it is.

Heads that come back are plain JSON of bounded size. Bulk that comes back is JSON on one line, which the gate passes on
without looking into it.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Sequence
from struct import Struct
from typing import Any, Final

import orjson

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import Json, JsonObject, Packed
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.message import Answer, Failure, Malformed, Message, Notification, Request, Why

SIZE: Final = Struct(">I")
MOST_HEAD: Final = 1 << 20
"""Bytes of a head: what is read within a few milliseconds."""
BULKY: Final = 16_384
"""Bytes of a member, above which it is packed."""
AROUND: Final = 4
"""Nesting of a head around a member that it tells of."""
CHUNK: Final = 1 << 20
OPEN: Final = frozenset({"_meta", "code", "inputRequests", "message", "requestState", "task", "taskId"})
"""Members that the gate reads itself, whatever their size."""


class TooMuch(ValueError):
    """What is beside the bulk of a message is too large itself."""


def asked(job: tuple[Any, ...], bulk: Sequence[bytes]) -> list[bytes]:
    """A job, in parts. The gate's own words to its child are in Python's own form."""
    head = marshal.dumps((job, sum(map(len, bulk))))
    return [SIZE.pack(len(head)) + head, *bulk]


def read_asked(head: bytes) -> tuple[tuple[Any, ...], int]:
    """The job, and how many bytes come behind it."""
    job, size = marshal.loads(head)
    return job, size


def told(head: JsonObject, bulk: Iterable[bytes] = ()) -> list[bytes]:
    """
    Raises:
        TooMuch: the head is too large.
    """
    bulk = list(bulk)
    data = strictjson.dumps({**head, "bulk": [len(each) for each in bulk]})
    if len(data) > MOST_HEAD:
        raise TooMuch
    return [SIZE.pack(len(data)) + data, *bulk]


def read_told(head: bytes) -> JsonObject:
    """
    Raises:
        ValueError: it is none.
    """
    found = strictjson.parse_upstream(head, depth=strictjson.UPSTREAM_DEPTH + AROUND)
    if not isinstance(found, dict) or not all(type(size) is int and size > 0 for size in found.get("bulk", ("",))):
        raise ValueError("no head")
    return found


# ---- objects with bulky members


def closed(value: JsonObject) -> tuple[list[Json], list[bytes]]:
    """The members of an object, and the bulky ones among them as JSON."""
    members: list[Json] = []
    bulk: list[bytes] = []
    for key, member in value.items():
        closes = key not in OPEN or type(member) is str
        data = _written(member) if closes and _may_be_bulky(member) else b""
        if len(data) > BULKY:
            bulk.append(data)
            members.append([key])
        else:
            members.append([key, member])
    return members, bulk


def _may_be_bulky(member: Json) -> bool:
    return type(member) is list or type(member) is dict or (type(member) is str and len(member) > BULKY // 6)


def _written(value: Json) -> bytes:
    try:
        return orjson.dumps(value)  # it was parsed strictly: nothing in it is not finite
    except TypeError:
        return strictjson.dumps(value)


def reopened(members: Any, bulk: Iterable[Packed]) -> JsonObject:
    """The object again, with its bulk packed.

    Raises:
        ValueError, TypeError: it is none.
    """
    coming = iter(bulk)
    out: JsonObject = {}
    for key, *value in members:
        if type(key) is not str or key in out:
            raise ValueError("no members of an object")
        out[key] = value[0] if value else _come(key, next(coming))
    return out


def _come(key: str, bulk: Packed) -> Json:
    """What the gate reads itself came so as well if it is a text, which takes little time to open."""
    return strictjson.parse_upstream(b"".join(bulk.parts)) if key in OPEN else bulk


# ---- messages


def message_told(message: Message) -> list[bytes]:
    """
    Raises:
        TooMuch: see `told`.
    """
    match message:
        case Answer(id, value):
            head: JsonObject = {"kind": "answer", "id": id}
        case Failure(id, error):
            head, value = {"kind": "failure", "id": id}, error.as_json()
        case Request(id, method, params):
            head, value = {"kind": "request", "id": id, "method": method, "bare": params is None}, params or {}
        case Notification(method, params):
            head, value = {"kind": "notification", "method": method, "bare": params is None}, params or {}
        case Malformed(why, error, id, size, digest, answers):
            head = {
                "kind": "malformed", "why": why, "error": error.as_json(), "id": id, "size": size, "digest": digest,
                "answers": answers,
            }  # fmt: skip
            return told(head)
    members, bulk = closed(value)
    return told({**head, "members": members}, bulk)


def read_message(head: JsonObject, bulk: Sequence[Packed]) -> Message:
    """
    Raises:
        ValueError, TypeError, KeyError: it is none.
    """
    if head["kind"] == "malformed":
        error = RpcError.of(head["error"])
        return Malformed(Why(head["why"]), error, head["id"], head["size"], head["digest"], head["answers"])
    return _READ[head["kind"]](head, reopened(head["members"], bulk))


_READ: Final[dict[str, Callable[[JsonObject, JsonObject], Message]]] = {
    "answer": lambda head, value: Answer(head["id"], value),
    "failure": lambda head, value: Failure(head["id"], RpcError.of(value)),
    "request": lambda head, value: Request(head["id"], head["method"], None if head["bare"] else value),
    "notification": lambda head, value: Notification(head["method"], None if head["bare"] else value),
}
