"""The hosts that arguments name, as any of the usual parsers of URLs might read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.model.foreign import Json

PLAIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
IGNORED: Final = re.compile(r"[\t\r\n]")
"""What browsers drop from a URL before they look at it."""
STARTS: Final = re.compile(
    r"(?:\b(?:https?|wss?|ftp):(?=[^\s])|\b[a-z][a-z0-9+.-]+:(?=[/\\]{2}))[/\\]*|^\s*[/\\]{2}", re.IGNORECASE
)
"""A scheme, slashes of either kind; or two slashes at the very start. Some parsers need no slash after `http:`."""
BARE: Final = re.compile(r"\s*([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})(?:[:/?#]|\s*$)")
"""A text that is a host name with a dot, alone or with a port or path behind it."""
FILE_NAMES: Final = re.compile(r"[^/:?#]*\.[A-Za-z0-9]{1,5}\s*")


def hosts(arguments: Json) -> frozenset[str]:
    """Every host in URL-like texts, keys included: lower case, without port.

    What parsers disagree about (a backslash, several `@`, escapes, letters beyond ASCII) stands here as written and so
    equals no host name of an allowlist. So does a URL without a host.
    """
    return frozenset(host for text in _texts(arguments) for host in _hosts_of(text))


def _texts(value: Json) -> Iterator[str]:
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            todo.extend(one)
            todo.extend(one.values())
        elif isinstance(one, list):
            todo.extend(one)


def _hosts_of(text: str) -> Iterator[str]:
    text = IGNORED.sub("", text)
    found = False
    for start in STARTS.finditer(text):
        found = True
        yield _host(re.split(r"[/?#\s\"'<>]", text[start.end() :], maxsplit=1)[0])
    bare = None if found else BARE.match(text)
    if bare is not None and not FILE_NAMES.fullmatch(text):
        yield bare[1].lower()


def _host(authority: str) -> str:
    """The host of an authority, or the authority itself where parsers disagree."""
    name = authority.rpartition("@")[2]
    if authority.count("@") > 1 or "\\" in authority:
        return authority
    if name.startswith("["):
        return name[1:].partition("]")[0].lower()
    name = name.partition(":")[0].lower()
    return name if PLAIN.fullmatch(name) else authority
