"""What the faces tell of themselves: where they listen, and who talks with them."""

from __future__ import annotations

from collections.abc import Callable


class Faces:
    """Kept by the faces, read by the gate."""

    def __init__(self) -> None:
        self.clients = 0
        """Conversations that are open."""
        self.listening: dict[str, str] = {}
        """Bound addresses by face: `mcp`, `review`."""
        self.shown_out: list[Callable[[frozenset[str]], None]] = []
        """Called with agents that are no longer admitted: whoever talks with them ends the conversation."""
