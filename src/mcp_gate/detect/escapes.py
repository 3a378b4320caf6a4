"""What stands in a text for something else, or for nothing: escapes, characters without width, markup within words."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

HIDDEN: Final = (
    "\u00ad\u034f\u0483-\u0489\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u20d0-\u20f0\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0\ufff9-\ufffc"
    "\U000e0000-\U000e01ef"
)
"""Characters that take no room: zero-width, soft hyphen, directions, variation selectors, tags, rings and strokes."""
ABOVE: Final = "\u0300-\u036f"
"""Accents, which letters may bear that are read as the letters they are."""
_TAG: Final = (
    r"/?(?:b|i|u|s|em|strong|mark|span|font|small|code|del|ins|sub|sup|wbr)"
    r"(?:\s(?:class|style|dir|lang)=[\"']?[a-z :;_-]{0,60}[\"']?)?\s?/?|!--[\s-]{0,20}--"
)
"""One within a line, in which nothing can be told."""
_ESCAPE: Final = r"""(?:
    (?<=\\)\\{0,8}(?:
        u(?P<u>[0-9A-Fa-f]{4})|u\{(?P<w>[0-9A-Fa-f]{1,6})\}|U(?P<v>[0-9A-Fa-f]{8})
        |x(?P<x>[0-9A-Fa-f]{2})(?![0-9A-Fa-f]{10})
        |(?P<o>[0-3][0-7]{2})(?:(?=\\+[0-3][0-7]{2})|(?<=\\[0-3][0-7]{2}\\...)|(?<=\\0[45].)|(?<=\\100)(?=[A-Za-z]))
        |(?P<c>[bf/]))(?P<colour>(?:(?<=1[bB])|(?<=033))\[[0-9;]{0,32}m)?
    |(?<=%)(?:25){0,4}(?P<p>[0-9A-Fa-f]{2})
    |(?<=&)(?:amp;){0,4}(?:\#0{0,32}(?P<d>[0-9]{1,7});?|\#[xX]0{0,32}(?P<h>[0-9A-Fa-f]{1,6});?|(?P<e>[a-zA-Z]{2,31});)
"""
_ODD: Final = HIDDEN + ABOVE
_NOTHING: Final = rf"|(?<=[{HIDDEN}])[{HIDDEN}{ABOVE}]*|(?<=[ -~][{ABOVE}])[{ABOVE}{HIDDEN}]*"
_MARKUP: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    "<": (re.compile(rf"<(?:{_TAG})>"), rf"(?<![<>]<)(?P<tag>(?:{_TAG})>)(?![<>])"),
    "*": (
        re.compile(r"\*\*(?<![*/]\*\*)(?![*/])"),
        r"(?<![*/]\*)(?P<bold>\*)(?![*/])(?:(?=\S)|(?<=\S\*\*))",
    ),
    "=": (
        re.compile(r"=(?:(?<=[^\r\n]{60}=)\r?\n|3D|[2-7][0-9A-F]=[2-7][0-9A-F])"),
        r"(?<=[^\r\n]{60}=)(?P<soft>\r?\n)|(?<==)(?P<q>3D|[2-7][0-9A-F](?:(?==[2-7][0-9A-F])|(?<==[2-7][0-9A-F]=..)))",
    ),
    "\x1b": (re.compile("\x1b"), r"(?<=\x1b)(?P<terminal>\[[0-9:;<=>?]{0,32}[@-~])?"),
}
"""What marks parts of words (HTML, Markdown), or is there for mail and terminals, by the character that it begins with:
whether it stands in a text, and how it is taken out. Two tags in a row are two things, and stay; so does whatever may
tell something itself."""
_REMOVED: Final = re.compile(f"[{HIDDEN}{ABOVE}\x1b]+")
_MEANING: Final = {"b": " ", "f": " ", "/": "/"}
_TAGGED: Final = re.compile("[\U000e0020-\U000e007e]")
_TAG_LETTERS: Final = {
    code: chr(code - 0xE0000) if 0xE0020 <= code <= 0xE007E else "" for code in range(0xE0000, 0xE0080)
}
_BASE: Final = {"d": 10, "o": 8}


def markup(text: str) -> str:
    """The characters that markup in a text begins with: cheap where there is none."""
    return "".join(first for first, (sign, _) in _MARKUP.items() if first in text and sign.search(text) is not None)


def signs(text: str) -> str:
    """The characters that escapes in a text begin with."""
    return "".join(sign for sign in "\\%&" if sign in text)


@lru_cache(maxsize=128)
def pattern(signs: str, markup: str, *, odd: bool) -> re.Pattern[str]:
    """Finds escapes with such signs and such markup.

    Args:
        odd: characters without width, too.
    """
    kinds = "".join(f"|{_MARKUP[first][1]}" for first in markup)
    first = re.escape(signs) + markup + (_ODD if odd else "")
    return re.compile(rf"[{first}]{_ESCAPE}{kinds}{_NOTHING if odd else ''})", re.VERBOSE)


def meant(found: re.Match[str], folds: Mapping[int, int]) -> str | None:
    """What an escape stands for; None where it stands for itself.

    Args:
        folds: characters and those that they are read as.
    """
    kind = found.lastgroup
    match kind:
        case None:  # hidden characters; many tags in a row are letters of a message
            return found[0].translate(_TAG_LETTERS) if len(_TAGGED.findall(found[0])) >= 4 else ""
        case "tag" | "bold" | "soft" | "terminal" | "colour":
            return ""
        case "c":
            return _MEANING[found[kind]]
        case "e":
            chars = html.unescape(f"&{found[kind]};")
            if len(chars) > 2:
                return None
        case _:
            code = int(found[kind], _BASE.get(kind, 16))
            if code > 0x10FFFF or (kind in "pq" and not 0x20 <= code < 0x7F):
                return None
            chars = chr(code)
    return "" if _REMOVED.fullmatch(chars) else chars.translate(folds)
