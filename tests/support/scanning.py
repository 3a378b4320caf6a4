"""The detectors without worker processes: they look where they are asked."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.scan import scan


class Here:
    """Implements `gate.egress.Scanner`."""

    async def scan(self, leaves: Sequence[Leaf]) -> Scan:
        return scan(leaves)


class Broken:
    """A scanner whose worker died."""

    async def scan(self, leaves: Sequence[Leaf]) -> Scan:
        raise RuntimeError("the worker is gone")
