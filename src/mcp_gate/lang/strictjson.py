"""JSON, parsed strictly once; what is judged, shown, hashed and sent is the re-serialised parse.

Refused: duplicate keys, NaN and Infinity, numbers that are not finite (1e400), invalid UTF-8, a byte order mark,
trailing data, lone surrogates, and nesting deeper than asked for.
"""

from __future__ import annotations

import json
import math
import re
import secrets
from collections.abc import Iterator
from typing import Any, NoReturn

import orjson

from mcp_gate.lang.jsonways import ways, written
from mcp_gate.model.foreign import Json, JsonObject, Packed, is_packed

DEPTH = 64
"""Deepest nesting of what a client sends, whole message."""
UPSTREAM_DEPTH = 200
"""Deepest nesting of what an upstream sends; below the depth at which the standard library's parser gives up."""
LARGE = 1_000_000
"""Characters beyond which a text is read by what lets other threads have their turns, though it takes twice as long."""

_ONLY_JSON_READS = re.compile(rb"\\u[dD][89a-fA-F]|[0-9]{300}|[0-9][eE]\+?[0-9]{3}")
"""What orjson refuses and the standard library reads: half a surrogate pair, a number beyond a double."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[{}\[\]]', re.DOTALL)
"""A whole string, or one bracket; possessive, so that no input makes it backtrack."""
_STANDS_FOR_PACKED = f"packed {secrets.token_hex(16)}"
"""Known to nobody, so that no text of anybody's is taken for it."""


class JsonError(ValueError):
    """The text is not JSON that we accept. The message is safe to show: it quotes nothing of the text."""


class TooLarge(JsonError):
    """It is JSON, but holds a number beyond a double: there is no hash of it (RFC 8785), and it cannot be judged."""


def parse(data: bytes, *, depth: int = DEPTH) -> Json:
    """Parse what a client sent.

    Raises:
        TooLarge: its only fault is a number.
        JsonError: see the module.
    """
    return _whole(data, _parse(data, depth))


def parse_unsent(data: bytes, *, depth: int = DEPTH, constants: bool = False) -> Json:
    """Parse what is never sent: a number beyond a double is infinite.

    Args:
        constants: whether NaN and Infinity pass as well, as some libraries write them.

    Raises:
        JsonError: see the module.
    """
    return _whole(data, _parse_slowly(data, depth, known_shallow=False, odd=True, constants=constants))


def parse_upstream(data: bytes, *, depth: int = UPSTREAM_DEPTH) -> Json:
    """Parse what an upstream sent: lone surrogates pass, as JavaScript servers write them.

    Raises:
        JsonError: see the module.
    """
    return _parse(data, depth)


def dumps(value: Json) -> bytes:
    """Compact JSON in UTF-8; integers digit by digit at any size, lone surrogates as `\\udXXX`.

    Raises:
        JsonError: a number that is not finite, or nesting beyond reason.
    """
    try:
        text = orjson.dumps(value)
    except TypeError:  # a big integer, a lone surrogate, depth beyond orjson's, or something packed
        return b"".join(pieces(value))
    _check_nulls(text, value)
    return text


def dumps_at_once(value: Json) -> bytes | None:
    """The same; None where that takes longer, or is an error."""
    try:
        text = orjson.dumps(value)
    except TypeError:
        return None
    if b"null" in text and (len(text) > LARGE or orjson.loads(text) != value):
        return None
    return text


def pieces(value: Json) -> list[bytes]:
    """As `dumps`, in pieces: what is packed is not copied, and nothing else is large.

    Raises:
        JsonError: as `dumps`.
    """
    packed: list[Packed] = []

    def stand_in(other: object) -> str:
        if type(other) is not Packed:
            raise TypeError(f"{type(other).__name__} is no JSON")
        packed.append(other)
        return _STANDS_FOR_PACKED

    try:
        text = orjson.dumps(value, default=stand_in)
    except TypeError:
        packed.clear()
        try:
            text = json.dumps(
                value, ensure_ascii=True, allow_nan=False, separators=(",", ":"), default=stand_in
            ).encode()  # fmt: skip
        except (ValueError, RecursionError):
            raise JsonError("not representable as JSON") from None
    else:
        _check_nulls(text, value)
    if not packed:
        return [text]
    first, *rest = text.split(b'"' + _STANDS_FOR_PACKED.encode() + b'"')
    out = [first]
    for one, between in zip(packed, rest, strict=True):
        out += (*one.parts, between)
    return out


def with_last(packed: Packed, value: Json) -> Packed:
    """A packed list with one more item. What is not a list stays as it is."""
    if not packed.parts[0].startswith(b"[") or not packed.parts[-1].endswith(b"]"):
        return packed
    return Packed([*packed.parts[:-1], packed.parts[-1][:-1] + b"," + dumps(value) + b"]"])


def unpacked(value: JsonObject) -> JsonObject:
    """With every member opened: for what the gate itself has to read.

    Raises:
        JsonError: see the module.
    """
    if not is_packed(value):
        return value
    return {
        key: parse_upstream(b"".join(member.parts)) if type(member) is Packed else member
        for key, member in value.items()
    }


def _check_nulls(text: bytes, value: Json) -> None:
    """orjson writes NaN as null: a null that stands there for another value is an error, not an answer."""
    if b"null" not in text or orjson.loads(text) == value:
        return
    if any(type(item) is float and not math.isfinite(item) for item in _scalars(value)):
        raise JsonError("a number is not finite")


def parse_compact(data: bytes, *, depth: int = UPSTREAM_DEPTH) -> Json | None:
    """Parse what an upstream sent, if it is an object or a list that is written as `dumps` writes it, which takes a
    fraction of the time; None: it is not, or it is none that we accept."""
    try:
        value = orjson.loads(data)
        if orjson.dumps(value) != data:
            return None
    except (orjson.JSONDecodeError, TypeError):
        return None
    deep = data.count(b"{") + data.count(b"[") > depth and depth_of(value) > depth
    return None if deep else value


def parse_text(text: str, *, depth: int = UPSTREAM_DEPTH) -> Json:
    """Parse JSON that an upstream wrote as a text, in any of the usual ways at little cost.

    Raises:
        JsonError: see the module.
    """
    if len(text) > LARGE:
        return _parse_slowly(text.encode("utf-8", "surrogatepass"), depth, known_shallow=False)
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):  # the latter of half a surrogate pair
        return parse_upstream(text.encode("utf-8", "surrogatepass"), depth=depth)
    shallow = text.count("{") + text.count("[") <= depth or depth_of(value) <= depth
    if shallow and any(text == written(value, way) for way in ways(text)):  # no key stood twice, no number was odd
        return value
    return parse_upstream(text.encode("utf-8", "surrogatepass"), depth=depth)


def depth_of(value: Json) -> int:
    """Nesting of objects and arrays; a scalar has 0. Iterative: no depth can hurt it."""
    deepest = 0
    level: list[Any] = [value] if isinstance(value, (dict, list)) else []
    while level:
        deepest += 1
        level = [
            child
            for item in level
            for child in (item.values() if type(item) is dict else item)
            if type(child) is dict or type(child) is list
        ]
    return deepest


def _parse(data: bytes, depth: int) -> Json:
    """Equal bytes after a round trip prove: no duplicate key, no odd number, nothing left out."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as e:
        if not _ONLY_JSON_READS.search(data):
            raise _broken(data, e.pos, depth) from None
        return _parse_slowly(data, depth, known_shallow=False)
    if data.count(b"{") + data.count(b"[") > depth and depth_of(value) > depth:
        raise JsonError(f"nested deeper than {depth}")
    try:
        if orjson.dumps(value) == data:
            return value
    except TypeError:
        pass
    return _parse_slowly(data, depth, known_shallow=True)


def _parse_slowly(
    data: bytes, depth: int, *, known_shallow: bool, odd: bool = False, constants: bool = False
) -> Json:  # fmt: skip
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonError("not valid UTF-8") from None
    if not known_shallow:
        _check_brackets(text, depth)
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_constant=float if constants else _constant,
            parse_float=float if odd else _float,
        )  # fmt: skip
    except JsonError:
        raise
    except json.JSONDecodeError as e:
        raise JsonError(f"not JSON at character {e.pos}") from None
    except (ValueError, RecursionError):
        raise JsonError("not JSON we can read") from None


def _broken(data: bytes, position: int, depth: int) -> JsonError:
    """What to say of a text that no parser reads beyond a position."""
    if data.startswith(b"\xef\xbb\xbf"):
        return JsonError("starts with a byte order mark")
    try:
        _check_brackets(data.decode("utf-8")[: position + 1], depth)
    except UnicodeDecodeError:
        return JsonError("not valid UTF-8")
    except JsonError as e:
        return e
    return JsonError(f"not JSON at character {position}")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise JsonError("a key stands twice in one object")
    return out


def _constant(name: str) -> NoReturn:
    raise JsonError("NaN and Infinity are no JSON")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise TooLarge("a number is too large")
    return value


def _check_brackets(text: str, depth: int) -> None:
    """Refuse deep nesting before the recursive parser meets it; brackets inside strings do not count."""
    if text.count("{") + text.count("[") <= depth:
        return
    level = 0
    for match in _STRUCTURE.finditer(text):
        char = match.group()
        if char in "{[":
            level += 1
            if level > depth:
                raise JsonError(f"nested deeper than {depth}")
        elif char in "}]":
            level -= 1


def _whole(data: bytes, value: Json) -> Json:
    if (b"\\ud" in data or b"\\uD" in data) and _has_surrogate(value):
        raise JsonError("a string holds half of a surrogate pair")
    return value


def _has_surrogate(value: Json) -> bool:
    return any(isinstance(item, str) and _SURROGATE.search(item) for item in _scalars(value))


def _scalars(value: Json) -> Iterator[Json]:
    """Every key and every value that is not a container, in no particular order; no depth can hurt it."""
    stack: list[Json] = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
        else:
            yield item
