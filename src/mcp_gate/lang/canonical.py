"""RFC 8785 canonical JSON, with integers beyond a double's reach written as `{"$int": "…"}` (contract 8)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Final

import orjson
import rfc8785

from mcp_gate.model.foreign import Json

UNSAFE: Final = 2**53
"""Integers of this size and beyond do not survive a double."""
_SMALL: Final = 1e-4
TAG: Final = "$int"
_DIGITS: Final = re.compile("-?[1-9][0-9]{15,4299}")


class CanonicalError(ValueError):
    """The value has no canonical form of its own: a number that is not finite, half of a surrogate pair, what is no
    JSON, or an object that has the very form in which a large integer is written."""


def canonical(value: Json) -> bytes:
    """The canonical bytes of a JSON value.

    Raises:
        CanonicalError: see there.
    """
    if _plain(value):
        # For ASCII keys, strings, booleans and middling numbers, sorted compact JSON is RFC 8785's own form.
        try:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            raise CanonicalError("the value is too deep, or holds half of a surrogate pair") from None
    try:
        return rfc8785.dumps(_tagged(value))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, RecursionError):
        raise CanonicalError("the value has no canonical form") from None


def digest(value: Json) -> str:
    """`sha256:` and the hex digest of the canonical bytes.

    Raises:
        CanonicalError: see there.
    """
    return bytes_digest(canonical(value))


def bytes_digest(data: bytes) -> str:
    """`sha256:` and the hex digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _plain(value: Json) -> bool:
    """Whether the value holds nothing but what orjson writes as RFC 8785 does."""
    levels: list[Iterable[Json]] = [(value,)]
    while levels:
        for item in levels.pop():
            kind = type(item)
            if kind is str or item is None or kind is bool:
                continue
            if kind is dict:
                if TAG in item or not _ascii(item):
                    return False
                levels.append(item.values())
            elif kind is list:
                levels.append(item)
            elif kind is int:
                if not -UNSAFE < item < UNSAFE:
                    return False
            elif kind is not float or not _middling(item):
                return False
    return True


def _middling(number: float) -> bool:
    """Whether the shortest digits of a number are written without an exponent by everybody, and with a point."""
    return _SMALL <= abs(number) < UNSAFE and number != int(number)


def _ascii(keys: Iterable[str]) -> bool:
    """Whether all keys are texts in ASCII, looked at in one go."""
    try:
        return "".join(keys).isascii()
    except TypeError:
        return False


def _tagged(value: Json) -> Json:
    """A copy in which large integers are written as text."""
    if isinstance(value, dict):
        if len(value) == 1 and _is_tag(value.get(TAG)):
            raise CanonicalError("an object has the form of a large integer")
        return {key: _tagged(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tagged(child) for child in value]
    if type(value) is int and not -UNSAFE < value < UNSAFE:
        return {TAG: str(value)}
    return value


def _is_tag(text: Json) -> bool:
    """Whether this is what stands behind `$int`. Two values that differ must never share a canonical form."""
    if not isinstance(text, str) or not _DIGITS.fullmatch(text):
        return False
    return abs(int(text)) >= UNSAFE
