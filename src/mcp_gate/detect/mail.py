"""E-mail addresses."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect.finding import Finding

_LOCAL: Final = string.ascii_letters + string.digits + "._%+'&-" + "".join(map(chr, range(0xC0, 0x250)))
_DOMAIN: Final = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}[^\W\d_]{2,24}(?![^\W\d]|-[^\W\d_]+@)")
_SPELLED: Final = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]{1,64} ?[\[({] ?at ?[\])}] ?[\w-]{1,63}"
    r"(?: ?(?:\.|[\[({] ?(?:dot|punkt) ?[\])}]) ?[a-z0-9-]{2,63}){1,4}(?!\w)"
)
_NOBODY: Final = re.compile(r"(?i)(?:git|hg|svn|no-?reply|do-?not-?reply)@")
_NOWHERE: Final = frozenset({"internal", "local", "localhost", "test", "invalid", "example", "lan"})


def find(text: str, ends: Sequence[int]) -> Iterator[Finding]:
    """Addresses around signs that end at `ends`; such as nobody can have are left out."""
    past = 0
    for end in ends:
        at = text.rfind("@", max(0, end - 2), end)
        if at < 0:
            if spelled := _SPELLED.search(text, max(past, end - 80), end + 120):
                past = spelled.end()
                yield Finding(spelled.start(), past, "EMAIL_ADDRESS", 0.8, "email_spelled")
            continue
        domain = _DOMAIN.match(text, at + 1)
        if domain is None or at <= past:
            continue
        before = text[max(past, at - 64) : at]
        local = before[len(before.rstrip(_LOCAL)) :].lstrip("._%+'&-")
        start = at - len(local)
        if not local or _NOBODY.match(text, start) or domain[0].rsplit(".", 1)[1].lower() in _NOWHERE:
            continue
        if text[max(0, start - 3) : start] != "://":  # else a user of a server, not an address
            past = domain.end()
            yield Finding(start, past, "EMAIL_ADDRESS", 0.95, "email")
