"""Hosts that stand in a text without a scheme: `example.com`, `db.internal:5432`, `git@github.com:a/b`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from mcp_gate.lang.hostnames import canonical
from mcp_gate.signals.links import END, URL, Named, authority_of

SPLIT: Final = re.compile(r"[\s\"'`<>(),;&=|{}]+")
AROUND: Final = ".,:!?*_~"
LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
QUAD: Final = re.compile(r"(?:0x[0-9a-f]+|[0-9]+)(?:\.(?:0x[0-9a-f]+|[0-9]+)){3}", re.IGNORECASE)
WORD: Final = re.compile(
    rf"(?P<slashes>[/\\]{{2}})?(?P<user>[^\s/]*@)?(?P<name>(?:{LABEL}\.)+{LABEL}|localhost)\.?(?P<rest>[:/?#\\].*)?",
    re.IGNORECASE | re.DOTALL,
)
PORT: Final = re.compile(r":[0-9]{1,5}(?:[/?#].*)?", re.DOTALL)
LINE: Final = re.compile(r":[0-9]+(?::[0-9]+)?")
"""What stands behind a file's name in messages of compilers."""
OPAQUE: Final = re.compile(r"[a-z][a-z0-9+.-]*:(?![0-9])", re.IGNORECASE)
"""A scheme, and no slashes: `mailto:`, `urn:`, `data:`."""
MAIL: Final = re.compile(r"(?:mailto|sips?|xmpp|acct):[^:\\]*$", re.IGNORECASE)
"""Schemes of addresses of people; nobody connects to what stands behind the `@`."""
NUMERIC: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}", re.IGNORECASE)
FILE_NAMES: Final = frozenset({
    "bat", "bz", "cc", "cfg", "conf", "css", "csv", "db", "doc", "docx", "exe", "gif", "go", "gz", "htm",
    "html", "ini", "ipynb", "java", "jpeg", "jpg", "js", "json", "jsx", "kt", "lock", "log", "lua", "md", "mk", "ml",
    "mov", "mp3", "mp4", "pdf", "php", "pl", "png", "ps", "py", "rb", "rs", "rst", "sh", "so", "sql", "svg", "tar",
    "tex", "tf", "tgz", "toml", "ts", "tsx", "txt", "vb", "wav", "xls", "xlsx", "xml", "yaml", "yml", "zip",
})  # fmt: skip
"""Ends of names of files, some of which are top-level domains as well."""
PRIVATE: Final = frozenset({
    "corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "onion", "test",
})  # fmt: skip
"""Ends of host names that are nowhere on the Internet."""
COMMON: Final = frozenset({
    "app", "cn", "co", "com", "de", "dev", "edu", "eu", "fr", "gov", "info", "io", "mil", "net", "org", "ru", "uk",
    "xyz",
})  # fmt: skip
"""Ends that make a host of a word in a sentence or in code, where `user.name` and `order.id` are none."""


@cache
def _top_level() -> frozenset[str]:
    from linkify_it.tlds import TLDS  # takes its time, and few policies need it

    return frozenset(one.lower() for one in TLDS)


def bare(text: str) -> Iterator[Named]:
    """The hosts of words that are or begin with one."""
    words = [part for word in text.split() if not URL.search(word) for part in SPLIT.split(word) if part]
    for word in words:
        yield from _word(word, alone=len(words) == 1)


def _word(word: str, *, alone: bool) -> Iterator[Named]:
    if alone or word.startswith("["):
        address = END.split(word.removeprefix("["), maxsplit=1)[0].partition("]")[0]
        if _ipv6(address):
            yield Named(word, canonical(address))
            return
    found = WORD.fullmatch(word.strip(AROUND))
    if found is None or not _is_host(found, alone=alone):
        return
    user, rest = found["user"] or "", found["rest"] or ""
    if user and rest.startswith(":") and not PORT.fullmatch(rest):
        rest = ""  # as `scp` and `git` have it: what follows the colon is a path
    yield authority_of(user + found["name"] + END.split(rest, maxsplit=1)[0])


def _is_host(found: re.Match[str], *, alone: bool) -> bool:
    """Whether a word that could be one is a host, and not a file, a field, an e-mail address."""
    name, rest = found["name"].lower(), found["rest"] or ""
    end = name.rpartition(".")[2]
    end = canonical(end) or end  # lists of top-level domains hold A-labels
    led = bool(found["slashes"]) or (bool(found["user"]) and bool(rest))
    if found["user"] and not rest:  # an e-mail address, unless it has what only URLs have
        return ("\\" in found["user"] or ":" in found["user"]) and not MAIL.match(found["user"])
    if QUAD.fullmatch(name):
        return True
    if end in FILE_NAMES and not led and (not rest or LINE.fullmatch(rest)):
        return False
    if rest.startswith(":") and not PORT.fullmatch(rest):
        return led
    if end in PRIVATE or end in _top_level():
        return alone or led or bool(rest) or end in COMMON or name.startswith("www.")
    return alone and PORT.fullmatch(rest) is not None


def _ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def host_field(text: str) -> Iterator[Named]:
    """The hosts of a field that is called one: whatever stands there."""
    for part in re.split(r"[,;]\s*", text.strip()):
        if part and not re.search(r"\s", part):
            yield Named(part, canonical(part)) if part.count(":") > 1 and part[0] != "[" else _first(part)


def url_field(text: str) -> Iterator[Named]:
    """The host of a field that is called a URL, where a scheme would make one of it and its name alone does not."""
    text = text.strip()
    if text[:1] in ("", "/", "?", "#", ".") or re.search(r"\s", text) or OPAQUE.match(text):
        return
    authority = END.split(text, maxsplit=1)[0]
    known = authority.lower().rpartition(".")[2] in _top_level() and "." in authority
    if known or "@" in authority or ":" in authority or NUMERIC.fullmatch(authority):
        yield _first(text)


def _first(text: str) -> Named:
    return authority_of(END.split(text, maxsplit=1)[0])
