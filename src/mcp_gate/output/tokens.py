"""Tokens in place of private values (`<EMAIL_ADDRESS_1_k3f9x2>`): a model works with them, and the gate puts the values
back where they may go. A token says which session it is of, so that nobody guesses another's."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.model.foreign import Json
from mcp_gate.output.placeholders import same

TOKEN: Final = re.compile(r"<([A-Z][A-Z0-9_]{1,63})_[0-9]{1,6}_[a-z0-9]{6}>")
MOST: Final = 10_000
"""Tokens of one session; beyond that, values are redacted."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a token stands for."""

    entity: str
    text: str
    expires: float
    """Seconds since the epoch."""


@dataclass(slots=True)
class Tokens:
    """Those of one session."""

    nonce: str
    """Six letters and digits."""
    values: dict[str, Value] = field(default_factory=dict)
    """By token."""
    fresh: list[str] = field(default_factory=list)
    """Tokens that are not kept yet."""
    _by_value: dict[tuple[str, str], str] = field(default_factory=dict)
    _count: dict[str, int] = field(default_factory=dict)

    def of(self, entity: str, text: str, expires: float) -> str | None:
        """The token of a value, the same one for the same value; None: there are too many."""
        key = (entity, same(text))
        known = self._by_value.get(key)
        if known is not None:
            value = self.values[known]
            self.values[known] = Value(entity, value.text, expires)
            self.fresh.append(known)
            return known
        if len(self.values) >= MOST:
            return None
        self._count[entity] = number = self._count.get(entity, 0) + 1
        token = f"<{entity}_{number}_{self.nonce}>"
        self.add(token, Value(entity, text, expires))
        self.fresh.append(token)
        return token

    def add(self, token: str, value: Value) -> None:
        """One that was kept."""
        self.values[token] = value
        self._by_value[value.entity, same(value.text)] = token

    def value(self, token: str, accepts: Collection[str], now: float) -> str | None:
        """What a token stands for, if it may be put back."""
        found = self.values.get(token)
        return found.text if found is not None and found.entity in accepts and found.expires > now else None


def replaced(value: Json, put: Callable[[str], str | None]) -> tuple[Json, list[str]]:
    """A JSON value with what `put` gives for tokens in its texts, and the tokens it gave something for. Keys stay."""
    done: list[str] = []

    def one(match: re.Match[str]) -> str:
        found = put(match.group())
        if found is None:
            return match.group()
        done.append(match.group())
        return found

    def walk(item: Json) -> Json:
        if isinstance(item, str):
            return TOKEN.sub(one, item) if "<" in item else item
        if isinstance(item, list):
            return [walk(child) for child in item]
        if isinstance(item, dict):
            return {key: walk(child) for key, child in item.items()}
        return item

    out = walk(value)
    return (out, list(dict.fromkeys(done))) if done else (value, [])
