"""E-mail addresses."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding

_LOCAL_ASCII: Final = string.ascii_letters + string.digits + "._%+'&-"
_LOCAL: Final = _LOCAL_ASCII + "".join(map(chr, range(0xC0, 0x250)))
_DOMAIN: Final = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,6}[^\W\d_]{2,24}(?![^\W\d]|-[^\W\d_]+@)")
_SPELLED: Final = re.compile(
    r"(?i)(?<![\w.+-])[\w.+-]{1,64} ?[\[({] ?at ?[\])}] ?[\w-]{1,63}"
    r"(?: ?(?:\.|[\[({] ?(?:dot|punkt) ?[\])}]) ?[a-z0-9-]{2,63}){1,4}(?!\w)"
)
_NOBODY: Final = re.compile(r"(?i)(?:git|hg|svn|no[-_.]?reply|do[-_.]?not[-_.]?reply|mailer-daemon|bounces?)@")
_OF_MESSAGES: Final = re.compile(
    r"(?i)(?:message|reply|content|reference|mail)[-_ ]?(?:id|to|s)?[\"']?\s?[:=]\s{0,2}[\"']?"
    r"(?:<[^<>\s]{1,200}>,?\s{1,3}){0,8}<$"
)
"""Before what names a message, and is nobody's address."""
_BEFORE_ID: Final = (":", "=", ">", ",")
"""One of these stands before the sign that it ends with."""
_PROGRAMS: Final = ("ssh", "scp", "sftp", "rsync")
_REMOTE: Final = re.compile(r"\b(?:ssh|scp|sftp|rsync)\b[^\n@]{0,64}$")
"""Before the user of a server."""
_OF_PEOPLE: Final = re.compile(r"(?i)\b(?:e-?mail|mailto|smtps?|sips?|xmpp|acct|im)://$")
"""What leads to somebody, though it is written like what leads to a machine."""
_PATH: Final = re.compile(r":(?:[~/]|\d{2,5}/)")
_MADE: Final = re.compile(r"(?i)[0-9a-f]{20,}|[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}")
_EXAMPLES: Final = frozenset({"example.com", "example.org", "example.net"})
_MACHINES: Final = ("gserviceaccount.com",)
_NOWHERE: Final = frozenset({"internal", "local", "localhost", "test", "invalid", "example", "lan"})


def find(text: str, ends: Sequence[int]) -> Iterator[Finding]:
    """Addresses around signs that end at `ends`; such as nobody can have are left out."""
    past = 0
    for end in ends:
        at = text.rfind("@", max(0, end - 2), end)
        if at < 0:
            if spelled := _SPELLED.match(text, _begin(text, max(past, end - 80), end), end + 120):
                past = spelled.end()
                yield Finding(spelled.start(), past, "EMAIL_ADDRESS", 0.8, "email_spelled")
            continue
        domain = _DOMAIN.match(text, at + 1)
        if domain is None or at <= past:
            continue
        before = text[max(past, at - 64) : at]
        bare = before.rstrip(_LOCAL_ASCII)
        if bare and not bare[-1].isascii():
            bare = before.rstrip(_LOCAL)
        local = before[len(bare) :].lstrip("._%+'&-")
        start = at - len(local)
        if not local or _NOBODY.match(text, start) or domain[0].rsplit(".", 1)[1].lower() in _NOWHERE:
            continue
        past = domain.end()
        if not _is_machines(text, start, past, local, domain[0]):
            yield Finding(start, past, "EMAIL_ADDRESS", 0.95, "email")


def _begin(text: str, least: int, end: int) -> int:
    """Where the word begins that stands before the sign in brackets that ends there."""
    start = max(text.rfind(bracket, least, end) for bracket in "[({")
    if start > least and text[start - 1] == " ":
        start -= 1
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "_.+-"):
        start -= 1
    return max(start, least)


def _is_shown(text: str, start: int, domain: str) -> bool:
    """Whether it is one that nobody has, where the text tells that it is shown."""
    return domain.lower() in _EXAMPLES and checks.is_example(text, start)


def is_nobodys(address: str) -> bool:
    """Whether nobody reads what is sent there."""
    domain = address.rpartition("@")[2]
    nowhere = domain.rpartition(".")[2].lower() in _NOWHERE or domain.endswith(_MACHINES)
    return nowhere or _NOBODY.match(address) is not None


def _is_machines(text: str, start: int, end: int, local: str, domain: str) -> bool:
    """Whether it is a message, a program or a server that is called so."""
    if _is_shown(text, start, domain) or _MADE.fullmatch(local) or domain.endswith(_MACHINES) or _PATH.match(text, end):
        return True
    near = text[max(0, start - 72) : start]
    if near.endswith("://"):
        return _OF_PEOPLE.search(near) is None
    signed = near[-1:] == "<" and near[:-1].rstrip(" \t\r\n\"'").endswith(_BEFORE_ID)
    if signed and _OF_MESSAGES.search(text, max(0, start - 400), start):
        return True
    return any(program in near for program in _PROGRAMS) and _REMOTE.search(near) is not None
