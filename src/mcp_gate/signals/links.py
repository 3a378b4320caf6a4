"""Where hosts stand in one text, as any of the usual parsers of URLs might read it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from mcp_gate.lang.hostnames import canonical


class Named(NamedTuple):
    """A host as a text names it."""

    text: str
    host: str | None
    """In its one spelling; None where parsers would not agree on it."""


SCHEME: Final = (
    r"(?<![a-z0-9+.-])(?:https?|wss?|ftp):[/\\]*(?=[^\s/\\])|(?:https?|wss?|ftp|file):[/\\]{2}[/\\]*|:/{2}[/\\]*"
)
"""A scheme and slashes, of either kind for the schemes of browsers, which need none after most of them."""
URL: Final = re.compile(SCHEME, re.IGNORECASE)
START: Final = re.compile(rf"{SCHEME}|^[\x00-\x20]*[/\\]{{2}}[/\\]*", re.IGNORECASE)
"""The same, or two slashes at the very start."""
END: Final = re.compile(r"[/?#]")
BREAK: Final = re.compile(r"[\s<>]")
"""No host goes on after these; but Python reads on to the next slash, and takes what stands behind an `@`."""
BLANK: Final = re.compile(r"[\s\x00-\x20]*")
"""What parsers drop from the beginning."""
LONGEST: Final = 300
"""Characters of an authority that are looked at: no host is as long."""
CLOSERS: Final = "\"'`)]},;:.!*\\|"
"""What may follow a URL in a sentence or in code."""
BRACKETED: Final = re.compile(r"\[([^\]]*:[^\]]*)\](?::[0-9]*)?")
NAME_PORT: Final = re.compile(r"([^:]*)(?::[0-9]*)?")


def links(text: str) -> Iterator[Named]:
    """The hosts of what begins like a URL."""
    begin = BLANK.match(text).end()  # type: ignore[union-attr]  # it matches nothing as well
    blank = BREAK.search(text, begin)
    edge = len(text) if blank is None else blank.start()
    alone = BREAK.search(text.strip()) is None
    for start in START.finditer(text):
        leads = start.start() < edge
        authority = _authority(text, start.end())
        end = start.end() + len(authority)
        if not (alone and leads):
            authority = authority.rstrip(CLOSERS)
        if "\\" in start[0]:
            yield Named(authority, None)
        elif authority or start[0].strip("/"):  # `// a comment` names none, `https://` none that could be told
            yield authority_of(authority)
        if leads and end == edge and "@" in END.split(text[end:], maxsplit=1)[0]:
            yield Named(text[start.end() :], None)


def _authority(text: str, at: int) -> str:
    """What stands there up to a slash, a query or a blank; of what no host is as long as, the beginning."""
    return BREAK.split(END.split(text[at : at + LONGEST + 1], maxsplit=1)[0], maxsplit=1)[0]


def authority_of(text: str) -> Named:
    """The host of `user@host:port`."""
    if len(text) > LONGEST:
        return Named(text[:LONGEST], None)
    name = text.rpartition("@")[2]
    found = BRACKETED.fullmatch(name) or NAME_PORT.fullmatch(name)
    clear = text.count("@") < 2 and "\\" not in text
    return Named(text, canonical(found[1]) if found is not None and clear else None)
