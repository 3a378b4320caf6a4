"""Whether a text that is not JSON may hold a field that has to go: then the whole text does not leave."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

Path = tuple[str, ...]

WILD: Final = frozenset({"*", "**", "[*]"})
IN_WORDS: Final = "[REMOVED]"
"""Stands in a text for what a field held that was taken out of the structured form."""
AROUND: Final = " \t\r\n\v\f\u00a0\ufeff"
"""What a reader of JSON looks past, or is used to."""
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
_GAP: Final = r"(?:\s|/\*[^*]*\*/|//[^\n]*\n)*"
_GONE: Final = rf"(?!{_GAP}[\\\"']*{re.escape(IN_WORDS)})"


class Hidden(ValueError):
    """A text may tell a field that has to go, and it cannot be told from the rest of the text."""


def begins(text: str) -> bool:
    """Whether a text begins as JSON does."""
    return text.lstrip(AROUND).startswith(("{", "["))


def named(path: Path) -> str | None:
    """The last key that a path names; None: it names none."""
    return next((step for step in reversed(path) if step not in WILD), None)


def may_hide(text: str, path: Path) -> bool:
    """Whether a text is worth a look: cheap, and never False where `hides` is True or a document holds the key."""
    key = named(path)
    return begins(text) if key is None else key in text or "\\" in text


def hides(text: str, path: Path) -> bool:
    """Whether the key that a path names stands in a text as keys do: in quotes before a colon, or without them where
    the text begins as JSON does. Readers that take comments, single quotes or names without quotes find it."""
    if "\\" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    quoted, bare = _patterns(named(path))
    if quoted.search(text) is not None:
        return True
    return begins(text) and bare.search(text) is not None


@lru_cache(256)
def _patterns(key: str | None) -> tuple[re.Pattern[str], re.Pattern[str]]:
    name = r"[^\"'\\\n]{1,64}" if key is None else re.escape(key)
    bare = r"[A-Za-z_$][\w$]{0,63}" if key is None else re.escape(key)
    return (
        re.compile(rf"[\"']{name}\\*[\"']{_GAP}:{_GONE}"),
        re.compile(rf"[{{,\s]{bare}{_GAP}:{_GONE}"),
    )  # fmt: skip
