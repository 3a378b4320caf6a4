"""What the record says of sandboxes: that one is missing, and what a process in one was kept from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.upstream.rate import Rate

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

PER_SEC: Final = 5.0
"""Refusals of one upstream that are recorded each second; of the rest only the number is."""
LONGEST: Final = 253


def note_unconfined(gate: Gate) -> None:
    """Record which upstreams run without the sandbox they should have."""
    for upstream, why in gate.loaded.unconfined.items():
        fields: JsonObject = {"upstream": upstream, "policy_snapshot": gate.loaded.snapshot.id}
        gate.note(Event("security.sandbox_missing", fields, {"why": why}))


class Refusals:
    """Records where processes wanted to go but may not, without letting them fill the record."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._rates: dict[str, Rate] = {}
        self._unrecorded: dict[str, int] = {}

    def note(self, upstream: str, host: str, port: int, why: str) -> None:
        """
        Args:
            host: as the process wrote it.
        """
        gate = self._gate
        rate = self._rates.setdefault(upstream, Rate(PER_SEC))
        if not rate.take(gate.clock.steady()):
            self._unrecorded[upstream] = self._unrecorded.get(upstream, 0) + 1
            return
        data: JsonObject = {"host": reveal(host[:LONGEST]), "port": port, "why": why}
        if missed := self._unrecorded.pop(upstream, 0):
            data["unrecorded_before"] = missed
        fields: JsonObject = {"upstream": upstream, "policy_snapshot": gate.loaded.snapshot.id}
        gate.note(Event("security.egress_refused", fields, data))
