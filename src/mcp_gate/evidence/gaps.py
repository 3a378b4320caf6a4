"""Records that were taken out when their time was up: their places, with nothing left in them but their hashes.

A gap is fine if a later record says so: `security.purged`, with the `seq` and the hash of the last record that it
took out, and how many there were. A gap of which no record knows is a fault, and so are more than were told of.
"""

from __future__ import annotations

from typing import Final

from mcp_gate.lang.canonical import canonical
from mcp_gate.model.foreign import Json, JsonObject

TOMBSTONE: Final = "purged"
"""The event of a record that was taken out."""
PURGE: Final = "security.purged"


def tombstone(seq: int, ts: str) -> bytes:
    """What is left of a record's content, in canonical form."""
    return canonical({"seq": seq, "ts": ts, "event": TOMBSTONE, "data": {}})


def is_tombstone(body: JsonObject) -> bool:
    """Whether a record, without its hashes, is one that was taken out, and holds nothing else."""
    return set(body) == {"seq", "ts", "event", "data"} and body["event"] == TOMBSTONE and body["data"] == {}


class Gaps:
    """Follows a chain and remembers the gaps that nothing explains yet.

    A purge that was cut off took out less than its record says; that is not a fault.
    """

    def __init__(self) -> None:
        self.first = 0
        """`seq` of the first record that is missing without explanation; 0: there is none."""
        self._last = (0, "")
        self._count = 0
        self._told_of = 0

    def missing(self, seq: int, hash: str) -> None:
        """A record was taken out."""
        self.first = self.first or seq
        self._last = (seq, hash)
        self._count += 1

    def told(self, event: Json, data: Json) -> None:
        """A record that is whole: it may explain the gaps before it."""
        if event != PURGE or not isinstance(data, dict):
            return
        through, records = data.get("through"), data.get("records")
        if type(through) is not int or type(records) is not int:
            return
        self._told_of += records
        seq, hash = self._last
        whole = seq < through or (seq, hash) == (through, data.get("hash"))
        if whole and self._count <= self._told_of:
            self.first = 0
