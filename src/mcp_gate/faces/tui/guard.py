"""The second wall behind `reveal`: whatever a widget lets through, nothing hidden leaves for the terminal."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from mcp_gate.lang.reveal import is_hidden

REPLACEMENT = "\ufffd"


class Guard(LineFilter):
    """A forgotten `reveal` is ugly, not dangerous: hidden characters become U+FFFD in every line of every widget."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [segment if segment.control else Segment(scrub(segment.text), segment.style) for segment in segments]


@lru_cache(4096)
def scrub(text: str) -> str:
    """The text with hidden characters replaced, but for the no-break space, which Textual itself draws with."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(REPLACEMENT if char != "\u00a0" and is_hidden(char) else char for char in text)
