"""agent.sock with raw lines: framing, ids, eras, the end of a client."""

from __future__ import annotations

import asyncio
import json
import os
import resource
from pathlib import Path

import pytest

from mcp_gate.faces.mcp import talk
from support.agents import ENVELOPE, bench, entry
from support.gates import decide, pending
from support.upstreams import Probe, until

pytestmark = pytest.mark.anyio

HELD = """\
version: v1
rules:
  - { id: held, match: { topics: ["job.deploy"] }, decision: require_approval, reason: "A person decides" }
  - { id: all, match: { topics: ["*"] }, decision: allow }
"""


async def test_S010_a_line_over_the_limit_is_refused_and_the_next_call_is_answered(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client, b.legacy() as other:
        await client.send_line(b'{"a":"' + b"x" * (4 << 20) + b'"}')
        refused = await client.message()
        assert refused["id"] is None
        assert refused["error"]["code"] == -32600
        assert (await client.call("shop_echo", {"n": 1}))["structuredContent"]["arguments"] == {"n": 1}
        assert (await other.call("shop_echo", {"n": 2}))["structuredContent"]["arguments"] == {"n": 2}
        assert [r["data"]["why"] for r in await b.records("security.malformed")] == ["frame_limit"]


async def test_S011_endless_input_without_a_line_feed_costs_no_memory(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}, HELD) as b, b.legacy() as client, b.legacy() as flood:
        held = await client.send("tools/call", {"name": "shop_deploy"})
        [request] = await pending(b.gate)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        chunk = b"x" * (1 << 20)
        for _ in range(100):
            flood.writer.write(chunk)
            await flood.writer.drain()
        refused = await flood.message()
        assert refused["error"]["code"] == -32600
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
        await decide(b.gate, request)
        assert "result" in await client.answer(held)


@pytest.mark.parametrize(
    "line", [b"garbage", b"{", b'"text"', b"\xff\xfe", b'{"jsonrpc":"2.0","id":1}', b"[" * 100_000]
)
async def test_S012_garbage_is_answered_counted_and_survived(tmp_path: Path, line: bytes) -> None:
    async with bench({"shop": entry(Probe(tmp_path))}) as b, b.legacy() as client:
        await client.send_line(line)
        refused = await client.message(1)
        assert refused["error"]["code"] in (-32700, -32600)
        assert "result" in await client.ask("ping")
        assert len(await b.records("security.malformed")) == 1


async def test_S013_invalid_utf8_is_refused_and_nothing_is_sent(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        await client.send_line(
            b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"shop_echo","arguments":{"a":"\xff\xfe"}}}'
        )
        assert (await client.message())["error"]["code"] == -32700
        await client.ask("ping")
        assert probe.calls() == []


async def test_S014_a_lone_surrogate_is_refused_and_a_zero_passes_unchanged(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        call = '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"shop_echo","arguments":{"a":"%s"}}}'
        await client.send_line((call % (8, "\\ud800")).encode())
        assert (await client.message())["error"]["code"] == -32700
        await client.send_line((call % (9, "\\u0000")).encode())
        assert "result" in await client.answer(9)
        assert [entry["arguments"] for entry in probe.calls()] == [{"a": "\0"}]


async def test_S016_a_batch_is_refused_whole(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}, HELD) as b, b.legacy() as client:
        calls = [
            {"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {"name": name}}
            for i, name in enumerate(("shop_echo", "shop_deploy"))
        ]
        await client.send_line(json.dumps(calls).encode())
        assert (await client.message())["error"]["code"] == -32600
        await client.ask("ping")
        assert probe.calls() == []
        assert await b.gate.store.requests.page() == []


async def test_S017_an_id_that_is_in_flight_is_refused_and_the_first_request_unharmed(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}, HELD) as b, b.legacy() as client:
        await client.send("tools/call", {"name": "shop_deploy"}, id=7)
        [request] = await pending(b.gate)
        await client.send("tools/call", {"name": "shop_echo"}, id=7)
        assert (await client.message())["error"]["code"] == -32600
        assert probe.calls() == []
        await decide(b.gate, request)
        answer = await client.message()
        assert answer["id"] == 7
        assert answer["result"]["structuredContent"]["tool"] == "deploy"
        assert [r["data"]["why"] for r in await b.records("security.malformed")] == ["duplicate_id"]


async def test_S018_the_ids_1_and_text_1_are_two(tmp_path: Path) -> None:
    probe = Probe(tmp_path, delay=0.05)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        await client.send("tools/call", {"name": "shop_echo", "arguments": {"n": 1}}, id=101)
        await client.send("tools/call", {"name": "shop_echo", "arguments": {"n": 2}}, id="101")
        assert (await client.answer(101))["result"]["structuredContent"]["arguments"] == {"n": 1}
        assert (await client.answer("101"))["result"]["structuredContent"]["arguments"] == {"n": 2}


@pytest.mark.parametrize("id", ["", ',"id":null', ',"id":1.5', ',"id":true', ',"id":{}'])
async def test_a_call_without_a_usable_id_is_never_executed(tmp_path: Path, id: str) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        line = '{"jsonrpc":"2.0"' + id + ',"method":"tools/call","params":{"name":"shop_echo"}}'
        await client.send_line(line.encode())
        refused = await client.message()
        assert refused["id"] is None
        assert refused["error"]["code"] == -32600
        await client.ask("ping")
        assert probe.calls() == []
        assert len(await b.records("security.malformed")) == 1


async def test_S022_marks_and_line_ends_do_not_shift_the_frames(tmp_path: Path) -> None:
    async with bench({"shop": entry(Probe(tmp_path))}) as b, b.legacy() as client:
        ping = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'
        await client.send_line(b"\xef\xbb\xbf" + ping % 20)
        assert (await client.message())["error"]["code"] == -32700
        await client.send_line(ping % 21 + b"\r")
        assert (await client.message())["id"] == 21
        await client.send_line(ping % 22 + ping % 23)
        assert (await client.message())["error"]["code"] == -32700
        await client.send_line(b"\n\n" + ping % 24)
        assert (await client.message())["id"] == 24


async def test_S023_an_envelope_on_a_handshake_connection_is_refused(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        refused = await client.error("tools/call", {"name": "shop_echo", "_meta": ENVELOPE})
        assert refused["code"] == -32600
        assert probe.calls() == []


async def test_S023_a_handshake_on_a_stateless_connection_is_refused(tmp_path: Path) -> None:
    probe = Probe(tmp_path, modern=True)
    async with bench({"shop": entry(probe)}) as b, b.client() as client:
        assert "tools" in await client.result("tools/list", {"_meta": ENVELOPE})
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
        refused = await client.error("initialize", params)
        assert refused["code"] == -32022
        assert refused["data"] == {"supported": ["2026-07-28"], "requested": "2025-11-25"}
        assert (await client.error("tools/call", {"name": "shop_echo"}))["code"] == -32602
        assert probe.calls() == []


async def test_the_first_line_has_to_say_who_is_there(tmp_path: Path) -> None:
    async with bench({"shop": entry(Probe(tmp_path))}, settings="agents: { known: {} }\n") as b:
        async with b.client("stranger") as client:
            assert client.hello["error"]["code"] == -32001
            assert await client.reader.read() == b""
        async with b.client("known") as client:
            assert client.hello == {"ok": True}
            assert b.gate.faces.clients == 1
        reader, writer = await asyncio.open_unix_connection(str(b.state / "agent.sock"))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert b"error" in await reader.read()
        writer.close()
        await until(lambda: b.gate.faces.clients == 0)


async def test_only_this_user_can_reach_the_socket(tmp_path: Path) -> None:
    async with bench({"shop": entry(Probe(tmp_path))}) as b:
        found = (b.state / "agent.sock").stat()
        assert found.st_mode & 0o777 == 0o600
        assert found.st_uid == os.getuid()


async def test_too_many_requests_in_flight_are_told_that_the_gate_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "MOST_IN_FLIGHT", 10)
    async with bench({"shop": entry(Probe(tmp_path))}, HELD) as b, b.legacy() as client:
        for n in range(11):
            await client.send("tools/call", {"name": "shop_deploy", "arguments": {"n": n}}, id=1000 + n)
        refused = await client.message()
        assert refused["id"] == 1010
        assert refused["error"]["code"] == -32000


async def test_a_client_that_is_gone_waits_for_nothing_and_its_upstream_is_let_go(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}, HELD) as b:
        async with b.legacy() as client:
            await client.send("tools/call", {"name": "shop_deploy"})
            [request] = await pending(b.gate)
            await until(lambda: request.id in b.gate.waiters)
        await until(lambda: request.id not in b.gate.waiters and b.gate.faces.clients == 0)
        await decide(b.gate, request)
        await asyncio.sleep(0.05)
        assert probe.calls() == []
        async with b.legacy() as client:
            assert (await client.call("shop_deploy"))["structuredContent"]["tool"] == "deploy"
        assert len(probe.calls()) == 1


async def test_a_client_that_closed_its_side_still_gets_what_is_under_way(tmp_path: Path) -> None:
    probe = Probe(tmp_path, delay=0.2)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client:
        id = await client.send("tools/call", {"name": "shop_echo"})
        client.writer.write_eof()
        assert "result" in await client.answer(id)
        assert await client.reader.read() == b""


async def test_a_client_whose_streams_do_not_come_through_speaks_on_the_socket(tmp_path: Path) -> None:
    async with bench({"shop": entry(Probe(tmp_path))}) as gate, gate.client(streams=True) as client:
        assert client.hello == {"ok": True, "streams": True}
        await client.send_line(b"")
        assert json.loads(await client.line()) == {"streams": False}
        await client.initialize()
        assert "structuredContent" in await client.call("shop_echo")


async def test_the_last_line_of_a_client_that_said_all_needs_no_line_feed(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}) as b, b.legacy() as client, b.legacy() as broken:
        params = {"name": "shop_echo", "arguments": {"n": 1}}
        call = {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}
        client.writer.write(json.dumps(call).encode())
        client.writer.write_eof()
        assert (await client.answer(7))["result"]["structuredContent"]["arguments"] == {"n": 1}
        broken.writer.write(json.dumps(call).encode()[:-1])
        broken.writer.write_eof()
        assert (await broken.message())["error"]["code"] == -32700
        assert len(probe.calls()) == 1
        assert len(await b.records("security.malformed")) == 1
