"""The hash chain of contract 8: how a record is formed, sealed to the one before it, and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from mcp_gate.evidence.gaps import Gaps, is_tombstone
from mcp_gate.lang.canonical import CanonicalError, canonical
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Json, JsonObject

GENESIS = "0" * 64
"""`prev_hash` of the first record."""


class Head(NamedTuple):
    """The last record of a chain."""

    seq: int
    hash: str


START = Head(0, GENESIS)


class Sealed(NamedTuple):
    """A record in its place in the chain."""

    seq: int
    body: bytes
    """RFC 8785 form of the record without `prev_hash` and `hash`."""
    prev_hash: str
    hash: str


def form(seq: int, ts: str, event: Event) -> JsonObject:
    """The record without its hashes. Absent members are left out; `agent` alone may be null."""
    out: JsonObject = {"seq": seq, "ts": ts, "event": event.event, "data": event.data}
    for name, value in event.fields.items():
        if value is not None or name == "agent":
            out[name] = value
    return out


def link(prev_hash: str, body: bytes) -> str:
    """Lower-case hex SHA-256 of `prev_hash`, a line feed and the canonical body."""
    return hashlib.sha256(b"%b\n%b" % (prev_hash.encode("ascii"), body)).hexdigest()


def seal(head: Head, ts: str, event: Event) -> Sealed:
    """The next record after `head`.

    Raises:
        CanonicalError: a value that has no canonical form, such as a lone surrogate.
    """
    body = canonical(form(head.seq + 1, ts, event))
    return Sealed(head.seq + 1, body, head.hash, link(head.hash, body))


@dataclass(frozen=True, slots=True)
class Intact:
    """Every record links to the one before it."""

    count: int
    first: int
    """`seq` of the first record seen; above 1 what came before was not checked."""
    head: Head


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record that does not fit."""

    seq: int
    what: str
    checked: int
    """How many records before it are fine."""


Verification: TypeAlias = Intact | Broken


class Checker:
    """Follows a chain record by record; `Broken` ends it.

    `head` is the record that must come before the first one seen; None lets a part of a chain begin anywhere.
    `see` gets the hash of every record that is fine.
    """

    def __init__(self, head: Head | None = None, see: Callable[[str], None] | None = None) -> None:
        self._head = head
        self._see = see
        self._first = 0 if head is None else head.seq + 1
        self._count = 0
        self._gaps = Gaps()

    def step(self, record: Json) -> Broken | None:
        """Check one whole record, in the form of an export."""
        if not isinstance(record, dict):
            return self.broken("is not a JSON object")
        seq, prev, stated = record.get("seq"), record.get("prev_hash"), record.get("hash")
        if type(seq) is not int or not isinstance(prev, str) or not isinstance(stated, str):
            return self.broken("lacks seq, prev_hash or hash")
        if self._head is None:
            self._begin(seq, prev)
        fault = self._misplaced(seq, prev)
        if fault is not None:
            return fault
        body = {name: value for name, value in record.items() if name not in ("prev_hash", "hash")}
        try:
            computed = link(prev, canonical(body))
        except (CanonicalError, UnicodeEncodeError):
            return self.broken("has a value without canonical form")
        if is_tombstone(body):
            self._gaps.missing(seq, stated)
        elif computed != stated:
            return self.broken("was changed: its hash does not fit its content")
        else:
            self._gaps.told(body.get("event"), body.get("data"))
        self._head = Head(seq, stated)
        self._count += 1
        if self._see is not None:
            self._see(stated)
        return None

    def broken(self, what: str) -> Broken:
        """A fault in the record that would be next."""
        return Broken(self._expected(), what, self._count)

    def end(self) -> Verification:
        """What was found when no record is left."""
        if self._gaps.first:
            return Broken(self._gaps.first, "was taken out, and no later record tells of it", self._count)
        return Intact(self._count, self._first, self._head or START)

    def _begin(self, seq: int, prev: str) -> None:
        # A part of a chain is taken at its word about what came before it; a record 1 never is.
        self._first = max(seq, 1)
        self._head = Head(self._first - 1, GENESIS if self._first == 1 else prev)

    def _misplaced(self, seq: int, prev: str) -> Broken | None:
        head = self._head or START
        if seq > head.seq + 1:
            return self.broken(f"is missing: record {seq} stands in its place")
        if seq <= head.seq:
            return self.broken(f"is out of order: record {seq} stands in its place")
        if prev != head.hash:
            return self.broken("does not continue the record before it: prev_hash differs")
        return None

    def _expected(self) -> int:
        return 1 if self._head is None else self._head.seq + 1
