"""What becomes of something that is about to leave towards a client."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypeAlias

from mcp_gate.model.foreign import JsonObject


@dataclass(frozen=True, slots=True)
class Passed:
    """It may leave as it is."""

    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Changed:
    """It may leave without what was taken out; `review` is the record of that (contract 8)."""

    payload: JsonObject
    review: JsonObject


@dataclass(frozen=True, slots=True)
class Withheld:
    """It may not leave."""

    why: str
    review: JsonObject


Egress: TypeAlias = Passed | Changed | Withheld
Counts: TypeAlias = Counter[tuple[str, str]]
"""How often something was found, by entity and what became of it."""


class Stop(Exception):
    """Raised by a step of the review: the payload may not leave."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
