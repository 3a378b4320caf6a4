"""The gate with a store that keeps nothing of allowed calls: what the record costs is what the real one is slower.

    python bench/proxies/unrecorded.py serve --config DIR --state DIR

For measuring only. The product has no such switch, and a call that is not on the record must not go out.
"""

from __future__ import annotations

import asyncio
from typing import Any

import mcp_gate.app
from mcp_gate.cli.main import run
from mcp_gate.store.store import Store


class Unrecorded(Store):
    """Begins and ends calls at once, and writes nothing."""

    def begin(self, *args: Any, **more: Any) -> asyncio.Future[None]:
        return _done()

    def finish(self, *args: Any, **more: Any) -> asyncio.Future[None]:
        return _done()


def _done() -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


if __name__ == "__main__":
    mcp_gate.app.Store = Unrecorded  # type: ignore[misc]
    run()
