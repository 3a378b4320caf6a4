"""The one encoder for text that agents and upstreams wrote: whatever a screen, a log or a page would swallow, reorder
or act upon becomes visible. Nothing is dropped and nothing is normalised: a dropped character is a lie about what will
be sent."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from mcp_gate.model.foreign import Json

HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories that no font shows: controls, formats, surrogates, private, unassigned, separators."""
BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\U00016fe4\U0001d159")
"""Letters, marks and signs that are blank in every font."""
SELECTORS: Final = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Variation selectors: they change the character before them, or carry a message that nobody sees."""
MARKS: Final = 3
"""Combining marks on one letter that are shown as such; more would cover other lines."""
NEWLINE: Final = "⏎"
_DOUBTFUL: Final = re.compile("[^ -~]+")
"""A run of characters that have to be looked at one by one. A mark can join only one of the same run."""


def reveal(text: str, *, lines: bool = False) -> str:
    """The text with every character that does not show itself written as `⟨U+202E⟩`.

    Args:
        lines: keep line feeds as line breaks; else they become `⏎`.
    """
    if text.isascii() and text.isprintable():
        return text
    return _DOUBTFUL.sub(lambda found: "".join(_shown(found.group(), lines)), text)


def reveal_json(value: Json, *, indent: int = 2) -> str:
    """A JSON value for people: indented, key order kept, every key and string revealed.

    Where nothing had to be revealed the text parses back to an equal value.
    """
    return "\n".join(_json(value, "", " " * indent))


def is_hidden(char: str) -> bool:
    """Whether a character is replaced by `reveal`."""
    if " " <= char <= "~":
        return False
    if char in BLANK or (char.isspace() and char != " "):
        return True
    return unicodedata.category(char) in HIDDEN or SELECTORS.match(char) is not None


def mixed_script(word: str) -> bool:
    """Whether letters of several scripts stand in one word, as in a look-alike of a known name."""
    scripts = {_script(char) for char in word if char.isalpha()}
    return len(scripts - {""}) > 1 and bool(scripts & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def _script(char: str) -> str:
    return unicodedata.name(char, "").split(" ")[0].split("-")[0]


def _shown(text: str, lines: bool) -> Iterator[str]:
    marks = 0
    for char in text:
        if char == "\n":
            yield "\n" if lines else NEWLINE
            marks = 0
        elif is_hidden(char):
            yield f"⟨U+{ord(char):04X}⟩"
            marks = 0
        elif unicodedata.combining(char) or unicodedata.category(char) == "Me":
            marks += 1
            yield char if marks <= MARKS else f"⟨U+{ord(char):04X}⟩"
        else:
            marks = 0
            yield char


def _json(value: Json, at: str, step: str) -> Iterator[str]:
    """Lines of one value; `at` is the indentation of its closing bracket."""
    if isinstance(value, dict) and value:
        yield "{"
        yield from _members(((f"{_quoted(key)}: ", child) for key, child in value.items()), at, step)
        yield at + "}"
    elif isinstance(value, list) and value:
        yield "["
        yield from _members((("", child) for child in value), at, step)
        yield at + "]"
    elif isinstance(value, str):
        yield _quoted(value)
    else:
        yield json.dumps(value)


def _members(members: Iterator[tuple[str, Json]], at: str, step: str) -> Iterator[str]:
    below = at + step
    pending: list[str] = []
    for label, child in members:
        if pending:
            pending[-1] += ","
            yield from pending
        pending = list(_json(child, below, step))
        pending[0] = below + label + pending[0]
    yield from pending


def _quoted(text: str) -> str:
    """A JSON string; what is hidden is revealed instead of escaped, but for `\\n` and `\\t`, which JSON shows."""
    return json.dumps("".join(_revealed_pieces(text)), ensure_ascii=False)


def _revealed_pieces(text: str) -> Iterator[str]:
    """Pieces of a revealed text in which line feed and tab are left for JSON to escape."""
    start = 0
    for i, char in enumerate(text):
        if char in "\n\t":
            yield reveal(text[start:i])
            yield char
            start = i + 1
    yield reveal(text[start:])
