"""Lines that two readers could read in two ways, and numbers that two readers could round in two ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.agents import MAPPED, bench, entry
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

BELOW = """\
version: v1
rules:
  - { id: large, match: { amount_usd_above: 99.99 }, decision: require_approval, reason: "Large ones need a person" }
  - { id: small, match: { topics: ["*"] }, decision: allow }
"""
AMOUNTS: dict[str, Any] = {
    "tools": {"*": {"topic": "job.{tool}", "risk_tags": ["write"], "attributes": {"amount_usd": "args.amount"}}}
}


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"shop_echo"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"},"params":{"name":"shop_echo"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","name":"shop_echo"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","\\u006eame":"shop_echo"}}',
        b'{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"shop_echo"}}',
    ],
)
async def test_S003_a_member_of_the_envelope_that_stands_twice_is_refused(tmp_path: Path, line: bytes) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        await client.send_line(line)
        assert (await client.message())["error"]["code"] == -32700
        assert "shop_echo" in str(await client.result("tools/list"))
        assert probe.calls() == []
        assert len(await b.records("security.malformed")) == 1


@pytest.mark.parametrize("amount", ["99.99999999999999999999", "99.9900000000001", "1e2", "1E+2", "100.0", "100"])
async def test_S007_a_number_just_below_a_threshold_is_judged_as_it_is_sent(tmp_path: Path, amount: str) -> None:
    probe = Probe(tmp_path)
    upstream = entry(probe, {**MAPPED, **AMOUNTS})
    async with bench({"shop": upstream}, BELOW, "hold: { wait_sec: 1 }\n") as b, b.legacy() as client:
        call = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"shop_echo","arguments":{"amount":%s}}}'
        await client.send_line((call % amount).encode())
        answer = await client.answer(7)
        assert answer["result"]["_meta"]["dev.mcp-gate/verdict"]["status"] == "pending"
        assert probe.calls() == []
