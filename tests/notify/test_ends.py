"""A webhook's worker ends when it is told to, whatever it was told in the same moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mcp_gate.model.config import WebhookSpec
from mcp_gate.notify.worker import Worker
from support.gates import open_gate

pytestmark = pytest.mark.anyio


async def test_a_worker_that_is_woken_and_cancelled_at_once_ends(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        spec = WebhookSpec(id="pager", url="https://hooks.example", secret="whsec_eA==", events=frozenset())
        for turns in range(40):  # whatever it is doing by then
            worker = Worker(gate, spec)
            task = asyncio.create_task(worker.run_forever())
            await asyncio.sleep(0.01)
            for _ in range(turns % 4):
                await asyncio.sleep(0)
            worker.wake()
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            assert done == {task}
