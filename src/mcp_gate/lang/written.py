"""Where a character of a YAML scalar stands in the file: quotes, escapes and folded lines make the two differ."""

from __future__ import annotations

from typing import Final

_BLANK: Final = " \t\r\n"
_ESCAPED: Final = {"x": 4, "u": 6, "U": 10}
"""How long an escape is whose letter says that digits follow; any other is two characters long."""


def offset(raw: str, text: str, index: int) -> int:
    """The offset in `raw`, a scalar as written, of the character at `index` of its text; of its end, just behind it."""
    style = raw[:1]
    at = 1 if style in ("'", '"') else raw.find("\n") + 1 if style in ("|", ">") else 0
    for char in text[:index]:
        at = _past(raw, _find(raw, at, char, style), style)
    return _find(raw, at, text[index], style) if index < len(text) else at


def _find(raw: str, at: int, char: str, style: str) -> int:
    """Where a character is that is written at `at`, or behind blanks that were folded away."""
    while char not in _BLANK and at < len(raw):
        if style == '"' and raw[at] == "\\":
            if raw[at + 1 : at + 2] not in ("\r", "\n"):
                break
            at += 1  # a line that goes on
        elif raw[at] not in _BLANK:
            break
        at += 1
    return min(at, len(raw))


def _past(raw: str, at: int, style: str) -> int:
    """Behind the character that is written at `at`."""
    if style == '"' and raw[at : at + 1] == "\\":
        return at + _ESCAPED.get(raw[at + 1 : at + 2], 2)
    return at + (2 if style == "'" and raw[at : at + 2] == "''" else 1)
