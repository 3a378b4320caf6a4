"""What is found out about a word is known for the time of one scan: within a result the same ones come over and over.
Nothing of it outlives the scan."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")
_MOST: Final = 8_192
"""Words that are known at a time, of every kind."""
_ALL: Final[list[dict[Any, Any]]] = []


def for_a_scan(known: dict[K, V]) -> dict[K, V]:
    """The same, emptied at the end of each scan."""
    _ALL.append(known)
    return known


def remembered(function: Callable[[str], T]) -> Callable[[str], T]:
    """The same function of a word, which finds it out once in a scan."""
    known: dict[str, Any] = for_a_scan({})

    @wraps(function)
    def asked(word: str) -> Any:
        found = known.get(word, known)
        if found is known:
            if len(known) >= _MOST:
                known.clear()
            found = known[word] = function(word)
        return found

    return asked


def forget() -> None:
    """To be said at the end of each scan."""
    for known in _ALL:
        known.clear()
