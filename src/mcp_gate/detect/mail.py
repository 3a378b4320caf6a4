"""E-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect.finding import Finding

_ADDRESS: Final = re.compile(
    r"(?<![\w.+%-])[^\W_](?:[\w.%+'&-]{0,62}[\w+-])?@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}[^\W\d_]{2,24}(?![^\W\d]|-[^\W\d_]+@)"
)
_SPELLED: Final = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]{1,64} ?[\[({] ?at ?[\])}] ?[\w-]{1,63}"
    r"(?: ?(?:\.|[\[({] ?(?:dot|punkt) ?[\])}]) ?[a-z0-9-]{2,63}){1,4}(?!\w)"
)
_NOBODY: Final = re.compile(r"(?i)(?:git|hg|svn|no-?reply|do-?not-?reply)@")
_NOWHERE: Final = frozenset({"internal", "local", "localhost", "test", "invalid", "example", "lan"})


def find(text: str, start: int, end: int) -> Iterator[Finding]:
    """Addresses in a stretch of a text; such as nobody can have are left out."""
    for found in _ADDRESS.finditer(text, start, end):
        address = found[0]
        if _NOBODY.match(address) or address.rsplit(".", 1)[1].lower() in _NOWHERE:
            continue
        at = found.start()
        if text[max(0, at - 3) : at] == "://":  # a user of a server, not an address
            continue
        yield Finding(at, found.end(), "EMAIL_ADDRESS", 0.95, "email")
    for spelled in _SPELLED.finditer(text, start, end):
        yield Finding(spelled.start(), spelled.end(), "EMAIL_ADDRESS", 0.8, "email_spelled")
