"""A mapping of bounded size."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST: Final = 1000


class Recent(Generic[K, V]):
    """Forgets what was not used for longest."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._items: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which counts as use; None if it is not there."""
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key]

    def put(self, key: K, value: V) -> None:
        self._items[key] = value
        self._items.move_to_end(key)
        if len(self._items) > self._most:
            self._items.popitem(last=False)

    def pop(self, key: K) -> V | None:
        """Take the value out; None if it is not there."""
        return self._items.pop(key, None)

    def items(self) -> list[tuple[K, V]]:
        """All there is, what was not used for longest first."""
        return list(self._items.items())

    def __len__(self) -> int:
        return len(self._items)
