"""Records that were taken out when their time was up: their places, with nothing left in them but their hashes.

A gap is fine if a later record says so: `security.purged`, with the `seq` and the hash of the last record that it
took out. A gap of which no record knows is a fault.
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
    """Follows a chain and remembers the gaps that nothing explains yet."""

    def __init__(self) -> None:
        self.first = 0
        """`seq` of the first record that is missing without explanation; 0: there is none."""
        self._last = (0, "")

    def missing(self, seq: int, hash: str) -> None:
        """A record was taken out."""
        self.first = self.first or seq
        self._last = (seq, hash)

    def told(self, event: Json, data: Json) -> None:
        """A record that is whole: it may explain the gaps before it."""
        if event == PURGE and isinstance(data, dict) and (data.get("through"), data.get("hash")) == self._last:
            self.first = 0
