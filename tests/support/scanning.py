"""The detectors without worker processes: they look where they are asked."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp_gate.annex.annex import Annex
from mcp_gate.detect import triggers
from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.joined import join
from mcp_gate.detect.look import look
from mcp_gate.detect.merge import merge
from mcp_gate.detect.options import Options
from mcp_gate.scanning.load import load


def rules() -> Path:
    """Where compiled rules are kept: compiled once for all runs on this machine and account, since it takes seconds."""
    kept = Path(tempfile.gettempdir()) / f"mcp-gate-tests-{os.getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    return kept


@asynccontextmanager
async def an_annex(**more: Any) -> AsyncIterator[Annex]:
    """Processes for what is large, ended at the end."""
    one = Annex(rules(), most=1, **more)
    try:
        yield one
    finally:
        await one.close()


class Here:
    """Implements `gate.leaving.detecting.Scanner`."""

    async def scan(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        return load(rules(), options)(leaves, options)


class Personal:
    """The detectors of personal data alone: those of secrets take seconds to get ready."""

    async def scan(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        joined = join(leaves)
        fired = joined.by_leaf(triggers.find(joined.data))
        return Scan(tuple(merge(look(leaf, fired.get(which))) for which, leaf in enumerate(leaves)))


class Broken:
    """A scanner whose worker died."""

    async def scan(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        raise RuntimeError("the worker is gone")
