"""What the output review does with what it finds: closed sets, whose order is strictness, so that `max` joins."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from mcp_gate.model.foreign import JsonObject


class OutputDecision(IntEnum):
    """What a rule says of something that was found."""

    ALLOW = 0
    TOKENIZE = 1
    """A token stands in its place, which the gate can put back."""
    REDACT = 2
    QUARANTINE = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Unscannable(IntEnum):
    """What a rule says of something that cannot be looked into."""

    PASS = 0
    DROP = 1
    QUARANTINE = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class Form(StrEnum):
    """What an upstream answers a call with."""

    RESULT = "result"
    ERROR = "error"
    """A JSON-RPC error."""


class Detail(NamedTuple):
    """One place that was changed, or for which a result is withheld; it never holds what was there."""

    field: str
    reason: str
    action: str

    def as_json(self) -> JsonObject:
        return {"field": self.field, "reason": self.reason, "action": self.action}
