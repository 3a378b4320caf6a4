"""RFC 8785 canonical JSON, with integers beyond a double's reach written as `{"$int": "…"}` (contract 8)."""

from __future__ import annotations

import hashlib
from typing import Final

import orjson
import rfc8785

from mcp_gate.model.foreign import Json

UNSAFE: Final = 2**53
"""Integers of this size and beyond do not survive a double."""


class CanonicalError(ValueError):
    """The value has no canonical form: a number that is not finite, or half of a surrogate pair."""


def canonical(value: Json) -> bytes:
    """The canonical bytes of a JSON value.

    Raises:
        CanonicalError: see there.
    """
    if _plain(value):
        # For ASCII keys, strings, booleans and small integers, sorted compact JSON is RFC 8785's own form.
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            raise CanonicalError("a string holds half of a surrogate pair") from None
    try:
        return rfc8785.dumps(_tagged(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise CanonicalError("the value has no canonical form") from None


def digest(value: Json) -> str:
    """`sha256:` and the hex digest of the canonical bytes.

    Raises:
        CanonicalError: see there.
    """
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def _plain(value: Json) -> bool:
    stack: list[Json] = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is dict:
            for key in item:
                if not key.isascii():
                    return False
            stack.extend(item.values())
        elif kind is list:
            stack.extend(item)
        elif kind is int:
            if not -UNSAFE < item < UNSAFE:
                return False
        elif kind is float:
            return False
    return True


def _tagged(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _tagged(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tagged(child) for child in value]
    if type(value) is int and not -UNSAFE < value < UNSAFE:
        return {"$int": str(value)}
    return value
