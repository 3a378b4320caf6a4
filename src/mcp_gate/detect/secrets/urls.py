"""Passwords in addresses and connection strings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect.secrets.pattern import compiled
from mcp_gate.detect.secrets.shapes import Shape
from mcp_gate.detect.secrets.values import is_in_address

_URL: Final = compiled(
    rb"\b((?:jdbc:)?[a-z][a-z0-9+.-]{1,24})://[^\s:/@\"'<>`]{0,128}:([^\s\"'<>`/]+)@"
    rb"[^\s\"'<>`]*",
    any_case=True,
)
_ORACLE: Final = compiled(
    rb"\bjdbc:oracle:\w{1,8}:[^\s/@\"']{1,64}/([^\s@\"']{1,128})@[^\s\"'<>`]{1,256}",
    any_case=True,
)
_PAIR: Final = compiled(
    rb"\b(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s{0,2}=\s{0,2}([^;\"'\s=][^;\"'\s]{3,})",
    any_case=True,
)
_LEFT: Final = re.compile(rb"(?:\s?;[^;\"'\r\n=]{0,256}=[A-Za-z ]{1,40}[A-Za-z])+")
"""Read from behind."""
_RIGHT: Final = re.compile(rb"(?:;\s?[A-Za-z][A-Za-z ]{1,40}=[^;\"'\s]{0,256})*;?")
_FAR: Final = 1024
_MOST_WITHIN: Final = 16
"""How many passwords are looked at in one run of names and values, so that it does not take for ever."""
_WORD: Final = re.compile(rb"[a-z]{4,12}")
"""A plain word is an example in an address of the web, and often enough the password of a database."""
_WEB: Final = frozenset({b"http", b"https", b"ftp", b"ftps", b"sftp", b"ssh", b"git", b"ws", b"wss", b"svn"})


def addresses(data: bytes) -> Iterator[Shape]:
    """Where they lie: of an address of the web the password alone, of a database's the whole string."""
    for hit in _URL.finditer(data):
        web = hit.group(1).lower() in _WEB
        if not is_in_address(hit.group(2).decode()) and (web or _WORD.fullmatch(hit.group(2)) is None):
            continue
        if web:
            yield Shape(hit.start(2), hit.end(2), "PASSWORD", 0.9, "password in an address")
        else:
            end = hit.end() - len(hit.group()) + len(hit.group().rstrip(b").,;]}\\"))
            yield Shape(hit.start(), end, "CONNECTION_STRING", 0.9, "password in an address")


def strings(data: bytes) -> Iterator[Shape]:
    """Where connection strings that are no addresses lie."""
    for hit in _ORACLE.finditer(data):
        if is_in_address(hit.group(1).decode()):
            yield Shape(hit.start(), hit.end(), "CONNECTION_STRING", 0.9, "connection string")
    end = within = 0
    for hit in _PAIR.finditer(data):
        within = within + 1 if hit.start() < end else 0
        if within > _MOST_WITHIN:
            continue
        start = _left(data, hit.start())
        if hit.end() > end:  # else it is one of those that were gone through before
            right = _RIGHT.match(data, hit.end())
            end = right.end() if right else hit.end()
        if (start, end) != (hit.start(), hit.end()) and is_in_address(hit.group(1).decode()):
            yield Shape(start, end, "CONNECTION_STRING", 0.9, "connection string")


def _left(data: bytes, start: int) -> int:
    """Where the run of `name=value;` begins that goes on at `start`."""
    if b";" not in data[max(0, start - 2) : start]:
        return start
    far = max(0, start - _FAR)
    first = max(far, data.rfind(b"\n", far, start), data.rfind(b'"', far, start), data.rfind(b"'", far, start))
    left = _LEFT.match(data[first:start][::-1])
    return start - left.end() if left else start
