"""`mcp-gate webhooks` against a gate in this process."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.webhooks import webhooks
from support.hooks import answers, hooked, until
from support.reviewed import Reviewed, raw

pytestmark = pytest.mark.anyio


async def run(gate: Reviewed, *command: str) -> Result:
    config = gate.state.parent / "gate"
    config.mkdir(exist_ok=True)
    line = [*command, "--config", str(config), "--state", str(gate.state)]
    return await asyncio.to_thread(CliRunner().invoke, webhooks, line)


async def test_what_was_given_up_is_listed_with_its_reason_and_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = answers(*["500 Broken"] * 4, "204 No Content")
    async with hooked(tmp_path / "state", monkeypatch, busy) as (gate, script):
        request = await gate.hold()

        async def dead() -> bool:
            return (await gate.gate.store.outbox.tally("pager")).dead == 1

        await until(dead)
        listed = (await run(gate, "list")).stdout
        assert "pager    http://127.0.0.1" in listed
        assert f"request.opened  {request.id}" in listed
        assert "it answered 500" in listed
        assert json.loads((await run(gate, "list", "--json")).stdout)["dead"] == 1
        _, _, metrics = await raw(gate.socket, "GET", "/metrics")
        assert b'mcp_gate_webhook_messages{state="dead"} 1.0' in metrics
        retried = await run(gate, "retry", "pager")
        assert retried.stdout == "1 message for pager will be sent again.\n"
        await until(lambda: len(script.asked) == 5)
        unknown = await run(gate, "retry", "nobody")
        assert unknown.exit_code == 1
