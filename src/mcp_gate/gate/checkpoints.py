"""Every so often signs the state of the record, into a file that is kept elsewhere (`checkpoints:` of gate.yaml)."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from mcp_gate.evidence.merkle import Tree
from mcp_gate.gate.gate import Gate
from mcp_gate.model.event import Event
from mcp_gate.store.database import Unavailable
from mcp_gate.store.elsewhere import put

log = logging.getLogger(__name__)

PAGE = 1000
IDLE_SEC = 5.0
"""How soon settings that are added to gate.yaml take effect."""


class Checkpoints:
    """Of one gate. A place that cannot be reached is an alarm, recorded once until it can be reached again; calls go
    on, for the record itself is kept."""

    def __init__(self, gate: Gate, seed: str) -> None:
        """
        Args:
            seed: of the gate's own key, 64 hex digits.
        """
        self._gate = gate
        self._seed = seed
        self._tree = Tree()
        self._kept = 0
        """Records under the last checkpoint that reached its place."""
        self._lost = False

    async def keep_forever(self) -> None:
        """One checkpoint after the other, until cancelled."""
        while True:
            await self.keep()
            settings = self._gate.loaded.settings.checkpoints
            await asyncio.sleep(IDLE_SEC if settings is None else settings.every_sec)

    async def keep(self) -> None:
        """One checkpoint now, if one is wanted and the record has grown."""
        settings = self._gate.loaded.settings.checkpoints
        if settings is None:
            return
        try:
            await self._grow()
            if self._tree.size == self._kept:
                return
            await asyncio.to_thread(put, Path(settings.file), self._note())
        except Unavailable as e:
            log.error("the record cannot be read for a checkpoint: %s", e)
        except OSError as e:
            self._cannot(settings.file, e.strerror or type(e).__name__)
        else:
            self._kept, self._lost = self._tree.size, False

    async def _grow(self) -> None:
        while hashes := await self._gate.store.hashes(self._tree.size, PAGE):
            for hash in hashes:
                self._tree.add(bytes.fromhex(hash))

    def _note(self) -> str:
        from mcp_gate.evidence.checkpoint import Signer  # only gates that keep checkpoints load its library

        return Signer.of(self._gate.id, self._seed).note(self._tree.size, self._tree.root())

    def _cannot(self, file: str, why: str) -> None:
        log.error("the checkpoint cannot be written to %s: %s", file, why)
        if not self._lost:
            self._lost = True
            data = {"file": file, "why": why, "size": self._tree.size, "kept": self._kept}
            self._gate.note(Event("security.checkpoint_lost", {}, data))
