"""The arguments of a call, exactly as they will be sent, as rows: JSON that reads back to what it shows."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from mcp_gate.faces.tui.lines import GUTTER, REVEALED, Line, Row, foreign, marked, shortened
from mcp_gate.lang.reveal import mixed_script, reveal_json
from mcp_gate.model.foreign import JsonObject

LONGEST_LINE: Final = 1_200
"""Characters of one member that are shown before the middle is left out."""
MOST_LINES: Final = 300
"""Members shown before the middle ones are left out."""
TAIL_LINES: Final = 60

_KEY: Final = re.compile(r'(\s*)("(?:[^"\\]|\\.)*")?(.*)', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)")
_WORD: Final = re.compile(r"[\w.@\-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows, and whether they hold all of the arguments."""

    rows: tuple[Row, ...]
    whole: bool


def arguments(value: JsonObject, *, whole: bool = False) -> Shown:
    """Arguments for the reader.

    Args:
        whole: leave nothing out, however long.
    """
    lines = reveal_json(value).split("\n")
    left_out = 0
    if not whole and len(lines) > MOST_LINES:
        left_out = len(lines) - MOST_LINES
        head = MOST_LINES - TAIL_LINES
        rows = [*_rows(lines[:head], whole), _gap(left_out), *_rows(lines[-TAIL_LINES:], whole)]
    else:
        rows = _rows(lines, whole)
    complete = whole or (left_out == 0 and all(len(line) <= LONGEST_LINE for line in lines))
    return Shown(tuple(rows), complete)


def lookalike(line: str) -> str | None:
    """A word of a revealed line whose letters come from several alphabets, or None."""
    bare = _ESCAPE.sub(" ", REVEALED.sub(" ", line))
    if bare.isascii():
        return None
    return next((word for word in _WORD.findall(bare) if mixed_script(word)), None)


def strange_letter(word: str) -> str:
    """Number and name of the first letter in a word that is not plain Latin."""
    char = next((c for c in word if c.isalpha() and not c.isascii()), "?")
    return f"U+{ord(char):04X} {unicodedata.name(char, 'without a name')}"


def warning(word: str) -> Row:
    """The row that stands under a line with such a word."""
    text = f"mixes alphabets: {strange_letter(word)} in "
    return Row(
        ((text, "bold reverse"), *foreign(word, "bold reverse", longest=40)),
        first=(("⚠ ", "bold"),),
        further=(("  ", ""),),
    )


def _rows(lines: list[str], whole: bool) -> list[Row]:
    rows = []
    for line in lines:
        rows.append(Row(_body(line, whole), first=(("  ", ""),), further=GUTTER))
        word = lookalike(line)
        if word is not None:
            rows.append(warning(word))
    return rows


def _body(line: str, whole: bool) -> Line:
    found = _KEY.fullmatch(line)
    indent, key, rest = found.groups() if found else ("", None, line)
    if key is None or not rest.startswith(": "):
        rest, key = (key or "") + rest, ""
    if not whole and len(line) > LONGEST_LINE:
        key_line = shortened(key, "bold", LONGEST_LINE // 3)
        return ((indent, ""), *map(_broken, (*key_line, *shortened(rest, "", LONGEST_LINE))))
    return ((indent, ""), *map(_broken, (*marked(key, "bold"), *marked(rest))))


def _broken(piece: tuple[str, str]) -> tuple[str, str]:
    """A line break after each `\\n` of JSON, for the eye: the text without it is still the JSON."""
    return _ESCAPE.sub(lambda m: m[0] + "\n" if m[1] == "n" else m[0], piece[0]), piece[1]


def _gap(count: int) -> Row:
    return Row(((f"⟪{count:,} lines left out⟫", "reverse"),), first=(("  ", ""),))
