"""What stands in place of something that was taken out: the same for the same value, within one payload."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

PLACEHOLDER: Final = re.compile(r"\[REDACTED:[A-Z0-9_]+#[0-9]+\]")
_BETWEEN: Final = re.compile(r"[\s.()/+-]+")


class Placeholders:
    """Those of one payload."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._count: dict[str, int] = {}

    def of(self, entity: str, value: str) -> str:
        """The placeholder of a value."""
        key = (entity, same(value))
        given = self._given.get(key)
        if given is None:
            self._count[entity] = number = self._count.get(entity, 0) + 1
            given = self._given[key] = f"[REDACTED:{entity}#{number}]"
        return given

    @property
    def issued(self) -> frozenset[str]:
        """All that were given out."""
        return frozenset(self._given.values())


def same(value: str) -> str:
    """Values that are written differently and mean the same come to the same text."""
    folded = (value.lower() if value.isascii() else unicodedata.normalize("NFKC", value).casefold()).strip()
    if folded[-1:].isalpha():
        return folded
    bare = _BETWEEN.sub("", folded)
    return bare if bare.isdigit() else folded
