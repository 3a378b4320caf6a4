"""A text as people read it: other digits, hidden characters and escapes undone, with the way back to what was given."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from mcp_gate.detect import escapes

_DASHES: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\u30fc"
_MARKS: Final = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2044": "/",
    "\u00b7": ".",
    "\u2024": ".",
    "\u3002": ".",
    "\u2800": " ",
}
_ALIKE: Final = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u0432\u043a\u043c\u0442\u0475\u04cf"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0423\u0406\u0408\u0405"
    "\u03bf\u03b1\u03bd\u03c1\u03b9\u03ba\u03c5\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u0131\u0251\u0261",
    "aeopcyxijshdqbkmtvlABEKMHOPCTXYIJSoavpikuABEZHIKMNOPTYXiag",
)
"""Letters of other scripts that look like Latin ones."""
_LOOKS: Final = "".join(map(chr, _ALIKE))
_LOOKING: Final = frozenset(_LOOKS)
_MIXED: Final = re.compile(f"[{_LOOKS}](?:(?<=[A-Za-z@].)|(?=[A-Za-z@]))")
_ALIKES: Final = re.compile(f"[{_LOOKS}]")
_TOKEN: Final = re.compile(r"[\w.@%+:/-]+")
_IN_TOKENS: Final = "_.@%+:/-"
_PLAIN: Final = (("\\n", " \n"), ("\\r", "  "), ("\\t", " \t"), ('\\"', ' "'))
"""The frequent ones, undone without a change of offsets."""
_QUERY: Final = re.compile(r"\?[\w.-]{1,40}=[^\s\"'<>]*")
"""What an address asks for, in which a plus is a space,"""
_PLUS: Final = re.compile(r"\+(?![\w.-]{1,64}@)")
"""but in an address of mail, where it stands as it is."""
_ASCII: Final = bytes(range(128))
_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_PIECE: Final = 1_024
"""Characters that are folded at once."""


class _Folds(dict[int, int]):
    """Character to the ASCII one it is read as; filled as characters come along. Always one for one."""

    def __missing__(self, code: int) -> int:
        char = chr(code)
        folded = self[code] = code if code < 128 else ord(_fold(char))
        return folded


def _fold(char: str) -> str:
    if char in _DASHES:
        return "-"
    if char in _MARKS:
        return _MARKS[char]
    if (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    if unicodedata.category(char) in ("Cf", "Cs") and char < "\U000e0000":  # takes no room, or is none
        return "\u200b"
    if char.isspace() and char not in "\u2028\u2029\x85":
        return " "
    same = unicodedata.normalize("NFKC", char)
    return _MARKS.get(same, same) if len(same) == 1 else char


_FOLDS: Final = _Folds()


class _AsTheyAre(dict[str, bool]):
    """Whether a character is read as what it is, whatever stands around it; filled as characters come along."""

    def __missing__(self, char: str) -> bool:
        odd = char in _LOOKS or _ODD.match(char) is not None
        same = self[char] = not odd and _FOLDS[ord(char)] == ord(char)
        return same


_ODD: Final = re.compile(f"[{escapes.HIDDEN}{escapes.ABOVE}]")
_AS_THEY_ARE: Final = _AsTheyAre()


class View(NamedTuple):
    """`text` is what to look at; where it has other offsets than the source, `starts` lists the places in it from which
    on a piece of the source at `origins` is shown: as long as shown, or of its own length when it was replaced."""

    text: str
    starts: Sequence[int] = ()
    origins: Sequence[tuple[int, int, bool]] = ()
    """Start and end of the piece in the source, and whether it was replaced as a whole."""

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the source that a stretch of the view stands for."""
        if not self.starts or start >= end:
            return start, end
        behind = bisect_right(self.starts, start)
        first = last = behind - 1
        if behind < len(self.starts) and end > self.starts[behind]:
            last = bisect_right(self.starts, end - 1, behind) - 1
        from_, _, replaced = self.origins[first]
        begin = from_ if replaced else from_ + start - self.starts[first]
        from_, to, replaced = self.origins[last]
        return begin, to if replaced else from_ + end - self.starts[last]


def read_all(texts: Sequence[str]) -> list[View] | None:
    """Each text as `read` reads it; None where all stand as they are read, as is the case with most."""
    everything = "".join(texts)
    markup = escapes.markup(everything)
    if not markup and everything.isascii() and not _escapes(everything) and not _asks(everything):
        return None
    return [read(text, markup) for text in texts]


@lru_cache(maxsize=4096)
def read_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of fields as people read them; the same ones where there is nothing to do."""
    if all(name.isascii() and not _escapes(name) for name in names):
        return names
    return tuple(read(name).text for name in names)


def read(text: str, markup: str | None = None) -> View:
    """Digits, dashes, spaces and letters of other widths as ASCII ones; characters without width dropped; escapes of
    JSON and programs, of URLs and of HTML undone, also such as are escaped themselves; words without markup in them.

    Args:
        markup: what of it there may be, as `escapes.markup` says; None: nobody looked.
    """
    if markup is None:
        markup = escapes.markup(text)
    if "\\" in text:
        for escape, instead in _PLAIN:
            text = text.replace(escape, instead)
    if _asks(text):
        text = _QUERY.sub(lambda found: _PLUS.sub(" ", found[0]), text)
    odd = False
    if not text.isascii() and not all(map(_AS_THEY_ARE.__getitem__, others := _others(text))):
        read_as = "".join(others).translate(_FOLDS)
        if read_as != "".join(others):
            text = _folded(text)
        if not _LOOKING.isdisjoint(read_as) and _MIXED.search(text) is not None:
            text = _latin(text)
        odd = _ODD.search(read_as) is not None
    signs = escapes.signs(text)
    return _replaced(text, escapes.pattern(signs, markup, odd=odd)) if markup or signs or odd else View(text)


def _escapes(text: str) -> bool:
    return "\\" in text or "%" in text or "&" in text


def _asks(text: str) -> bool:
    """Whether there may be a plus in a parameter of an address."""
    return "+" in text and "?" in text and _QUERY.search(text) is not None


def _folded(text: str) -> str:
    """With ASCII characters for what is read as such, piece by piece: most pieces have nothing else."""
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return "".join(piece if piece.isascii() else _NOT_ASCII.sub(_fold_all, piece) for piece in pieces)


def _fold_all(found: re.Match[str]) -> str:
    return found[0].translate(_FOLDS)


def _others(text: str) -> frozenset[str]:
    """The characters that are not ASCII."""
    return frozenset(text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass"))


def _latin(text: str) -> str:
    """Words of which only letters that look like Latin ones are none, as they look; a word of another script stays."""
    parts: list[str] = []
    done = 0
    while (alike := _ALIKES.search(text, done)) is not None:
        start = alike.start()
        while start > done and (text[start - 1].isalnum() or text[start - 1] in _IN_TOKENS):
            start -= 1
        token = _TOKEN.match(text, start)
        assert token is not None
        parts += (text[done:start], _as_it_looks(token[0]))
        done = token.end()
    return "".join((*parts, text[done:]))


def _as_it_looks(word: str) -> str:
    if not any(char.isascii() and (char.isalpha() or char == "@") for char in word):
        return word
    alike = word.translate(_ALIKE)
    return alike if alike.isascii() else word


def _replaced(text: str, pattern: re.Pattern[str]) -> View:
    parts: list[str] = []
    starts: list[int] = []
    origins: list[tuple[int, int, bool]] = []
    at = shown = 0
    for found in pattern.finditer(text):
        start, end = found.span()
        instead = escapes.meant(found, _FOLDS)
        if instead is None:
            continue
        if start > at:
            parts.append(text[at:start])
            starts.append(shown)
            origins.append((at, start, False))
            shown += start - at
        if instead:
            parts.append(instead)
            starts.append(shown)
            origins.append((start, end, True))
            shown += len(instead)
        at = end
    if not at:
        return View(text)
    if at < len(text):
        parts.append(text[at:])
        starts.append(shown)
        origins.append((at, len(text), False))
    return View("".join(parts), starts, origins)
