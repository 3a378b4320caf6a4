"""The detectors without worker processes: they look where they are asked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.scan import scan


def rules() -> Path:
    """Where compiled rules are kept: compiled once for all runs on this machine and account, since it takes seconds."""
    kept = Path(tempfile.gettempdir()) / f"mcp-gate-tests-{os.getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    return kept


class Here:
    """Implements `gate.egress.Scanner`."""

    async def scan(self, leaves: Sequence[Leaf]) -> Scan:
        return scan(leaves)


class Broken:
    """A scanner whose worker died."""

    async def scan(self, leaves: Sequence[Leaf]) -> Scan:
        raise RuntimeError("the worker is gone")
