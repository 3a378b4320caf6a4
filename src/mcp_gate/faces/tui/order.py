"""The orders that the queue can stand in. Pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, assert_never

from mcp_gate.faces.tui.held import Held


class Order(Enum):
    """One after the other, as the key goes through them."""

    DUE = "nearest deadline"
    RISK = "highest risk"
    NEWEST = "newest"
    AGENT = "agent"
    TOOL = "tool"

    def next(self) -> Order:
        orders = list(Order)
        return orders[(orders.index(self) + 1) % len(orders)]

    @property
    def key(self) -> Callable[[Held], Any]:
        """Sorts requests; the deadline decides between equals, and the id between those."""
        match self:
            case Order.DUE:
                return lambda held: (held.due, held.id)
            case Order.RISK:
                return lambda held: (-held.tier, held.due, held.id)
            case Order.NEWEST:
                return lambda held: (_backwards(held.opened_ts), held.id)
            case Order.AGENT:
                return lambda held: (held.agent, held.due, held.id)
            case Order.TOOL:
                return lambda held: (held.tool, held.due, held.id)
            case _:
                assert_never(self)


def _backwards(ts: str) -> tuple[int, ...]:
    """Sorts a text from the last to the first."""
    return tuple(-ord(char) for char in ts)
