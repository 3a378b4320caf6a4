"""Requests that two readers could read in two ways are refused before they are read.

The parser below is lenient where the old standards were: it joins folded headers, takes bare line feeds, lets chunks
win over a length that stands beside them, and makes one length of two equal ones. A proxy in front may do otherwise,
and what it then takes for the body of one request can be another request here.
"""

from __future__ import annotations

import re
from typing import Final

import h11

_END: Final = re.compile(rb"\n\r?\n")
_BARE: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FOLDED: Final = re.compile(rb"\n[ \t]")
_LENGTH: Final = b"content-length"
_CHUNKS: Final = b"transfer-encoding"


class StrictConnection(h11.Connection):
    """The parser, with a look at the headers as they came before each request."""

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if self.their_state is h11.IDLE:
            data, _ = self.trailing_data
            end = _END.search(data)
            if end is not None:
                why = ambiguous(data[: end.end()])
                if why is not None:
                    raise h11.RemoteProtocolError(why)
        return super().next_event()


def ambiguous(head: bytes) -> str | None:
    """Why the headers of a request, blank line included, could be read in two ways; None if they cannot."""
    if _BARE.search(head):
        return "a line of the headers does not end in CR LF"
    if _FOLDED.search(head):
        return "a header goes on in the next line"
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    if not first.endswith((b" HTTP/1.1", b" HTTP/1.0")):
        return "the version is neither HTTP/1.1 nor HTTP/1.0"
    names = [line.partition(b":")[0].strip().lower() for line in lines]
    lengths, chunks = names.count(_LENGTH), names.count(_CHUNKS)
    if lengths + chunks > 1:
        return "the length of the body stands there more than once"
    if lengths and any(b"," in line for line, name in zip(lines, names, strict=True) if name == _LENGTH):
        return "the length of the body is a list"
    return None
