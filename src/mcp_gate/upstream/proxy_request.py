"""What a process asks of its proxy: CONNECT, or a plain request with the whole URL. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LINE: Final = re.compile(rb"([A-Z]+) ([!-~]+) HTTP/1\.[01]")
HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
AUTHORITY: Final = re.compile(rb"(?:\[(?=[^\]]{0,45}:)([0-9A-Fa-f:.]{2,45})\]|([^\[\]:@/?#]+))(?::([0-9]{1,5}))?")
PLAIN: Final = re.compile(rb"http://([^/?#]*)(/?[^#]*)(?:#.*)?", re.IGNORECASE)
OWN: Final = frozenset({b"host", b"connection", b"keep-alive", b"te", b"upgrade"})
"""Headers that are the proxy's to write, or that end at it; so do all that begin with `proxy-`."""


class Unreadable(ValueError):
    """It is not a request of a proxy."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a process wants to go."""

    host: str
    """As it wrote it, without brackets."""
    port: int
    head: bytes
    """What is sent there first: nothing for a tunnel, else the request as its server expects it."""


def read_request(head: bytes) -> Wanted:
    """Read the head of a request, its empty line included.

    Raises:
        Unreadable: see there.
    """
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = LINE.fullmatch(first)
    headers = [HEADER.fullmatch(one) for one in rest]
    if line is None or None in headers:
        raise Unreadable("this is not a request of HTTP/1.1")
    if line[1] == b"CONNECT":
        host, port, _ = _authority(line[2], None)
        return Wanted(host, port, b"")
    plain = PLAIN.fullmatch(line[2])
    if plain is None:
        raise Unreadable("a proxy takes CONNECT, or http:// with the whole URL")
    host, port, authority = _authority(plain[1], 80)
    path = plain[2] if plain[2].startswith(b"/") else b"/" + plain[2]
    kept = [one[0] for one in headers if one is not None and not _is_own(one[1].lower())]
    out = [b"%s %s HTTP/1.1" % (line[1], path), b"Host: " + authority, *kept, b"Connection: close", b"", b""]
    return Wanted(host, port, b"\r\n".join(out))


def _is_own(name: bytes) -> bool:
    return name in OWN or name.startswith(b"proxy-")


def _authority(text: bytes, port: int | None) -> tuple[str, int, bytes]:
    found = AUTHORITY.fullmatch(text)
    number = port if found is None or found[3] is None else int(found[3])
    if found is None or number is None or not 0 < number < 65536:
        raise Unreadable("a host and a port are needed, and nothing else")
    return (found[1] or found[2]).decode("ascii"), number, text
