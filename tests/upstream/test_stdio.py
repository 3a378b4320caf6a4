"""Links to child processes, with real children that behave and misbehave."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.link import ClientHello, Down, Link, Misbehaved, open_link
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.peer import Lost
from support.upstreams import Ears, Probe, running, until

pytestmark = pytest.mark.anyio

CLIENT = ClientHello("2025-06-18", {"sampling": {}, "x-odd": [1]}, {"name": "c", "version": "0"}, {"x-more": True})
Open = Callable[..., Any]


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
async def connect(ears: Ears) -> AsyncIterator[Open]:
    """Opens links and closes them when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(spec: UpstreamSpec, hello: ClientHello | None = None, limits: Limits | None = None) -> Link:
            link = await open_link(spec, hello, ears, limits or Limits())
            stack.push_async_callback(link.close)
            return link

        yield opened


async def call(link: Link, **arguments: Any) -> Any:
    return await link.request("tools/call", {"name": "echo", "arguments": arguments}).result()


# ---- the handshake


async def test_a_client_is_mirrored_word_for_word(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path)
    link = await connect(probe.spec(), CLIENT)
    (entry,) = probe.entries("initialize")
    assert '"params":{"x-more":true,"protocolVersion":"2025-06-18"' in entry["line"]
    assert '"capabilities":{"sampling":{},"x-odd":[1]}' in entry["line"]
    assert link.hello["x-unknown"] == {"kept": True}
    assert (link.version, link.modern, link.alive) == ("2025-06-18", False, True)
    assert probe.entries("notifications/initialized") == []


async def test_the_gates_own_link_is_modern_where_the_upstream_is(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path, modern=True)
    link = await connect(probe.spec())
    assert (link.version, link.modern) == ("2026-07-28", True)
    assert probe.entries("initialize") == []


async def test_an_upstream_that_refuses_to_be_discovered_is_shaken_hands_with(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path)
    link = await connect(probe.spec())
    assert (link.version, link.modern) == ("2025-11-25", False)
    assert len(probe.pids()) == 1
    await until(lambda: len(probe.entries("notifications/initialized")) == 1)


async def test_an_upstream_that_ends_when_discovered_is_started_again(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path, discover="exit")
    link = await connect(probe.spec())
    assert not link.modern
    assert len(probe.pids()) == 2
    assert (await call(link, n=1))["structuredContent"]["arguments"] == {"n": 1}


async def test_an_upstream_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path, connect: Open) -> None:
    with pytest.raises(Down) as caught:
        await connect(Probe(tmp_path, start="exit").spec(), CLIENT)
    assert caught.value.reason == "the upstream ended"
    assert caught.value.detail == "it ended: exit 3: ⟨U+001B⟩[31mcannot open the database⟨U+001B⟩[0m"
    assert not caught.value.sent


async def test_a_command_that_is_not_there_is_reported(connect: Open) -> None:
    with pytest.raises(Down) as caught:
        await connect(UpstreamSpec("x", "x_", command="no-such-command\u202e"))
    assert caught.value.reason == "it cannot be started"
    assert caught.value.detail == "it cannot be started: no-such-command⟨U+202E⟩: No such file or directory"


async def test_a_variable_that_is_not_set_is_named_to_the_operator_alone(tmp_path: Path, connect: Open) -> None:
    spec = Probe(tmp_path).spec(env={"TOKEN": "${env:SURELY_NOT_SET}"})
    with pytest.raises(Down) as caught:
        await connect(spec)
    assert "SURELY_NOT_SET" in caught.value.detail
    assert "SURELY_NOT_SET" not in caught.value.reason


async def test_only_what_is_named_reaches_the_child(
    tmp_path: Path, connect: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER_SECRET", "s3")
    monkeypatch.setenv("SHOP", "t0")
    probe = Probe(tmp_path)
    await connect(probe.spec(env={"SHOP_TOKEN": "a-${env:SHOP}-b"}), CLIENT)
    env = probe.entries("start")[0]["env"]
    assert env["SHOP_TOKEN"] == "a-t0-b"
    assert not {"PAGER_SECRET", "SHOP", "PYTHONPATH", "VIRTUAL_ENV"} & set(env)
    assert env["PATH"] == os.environ["PATH"]


# ---- calls


async def test_a_call_goes_there_and_its_result_comes_back(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path)
    link = await connect(probe.spec(), CLIENT)
    result = await call(link, big=10**30, text="\u202e\ud800")
    assert result["structuredContent"]["arguments"] == {"big": 10**30, "text": "\u202e\ud800"}
    assert len(probe.calls()) == 1


async def test_an_upstreams_own_error_keeps_code_data_and_unknown_members(tmp_path: Path, connect: Open) -> None:
    link = await connect(Probe(tmp_path, call="error").spec(), CLIENT)
    with pytest.raises(RpcError) as caught:
        await call(link)
    assert caught.value.as_json() == {
        "code": -32050, "message": "No such order", "data": {"order": 7}, "x-more": 1,
    }  # fmt: skip


async def test_a_cancelled_call_is_told_upstream_once_and_an_answered_one_never(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path, call={"echo": "hang"})
    link = await connect(probe.spec(), CLIENT)
    ticket = link.request("tools/call", {"name": "echo", "arguments": {}})
    link.cancel(ticket, "the client left")
    done = link.request("ping", None)
    await done.result()
    link.cancel(done, None)
    await link.request("ping", None).result()
    (entry,) = probe.entries("notifications/cancelled")
    assert f'"requestId":{ticket.id},"reason":"the client left"' in entry["line"]


async def test_pings_of_an_upstream_are_answered_here(tmp_path: Path, connect: Open, ears: Ears) -> None:
    script = tmp_path / "pinger.py"
    script.write_text(
        "import sys, json\n"
        "first = json.loads(sys.stdin.readline())\n"
        "print(json.dumps({'jsonrpc': '2.0', 'id': 'p', 'method': 'ping'}), flush=True)\n"
        "pong = json.loads(sys.stdin.readline())\n"
        "result = {'protocolVersion': '2025-11-25', 'pong': pong}\n"
        "print(json.dumps({'jsonrpc': '2.0', 'id': first['id'], 'result': result}), flush=True)\n"
        "sys.stdin.readline()\n"
    )
    program = Probe(tmp_path).command[0]
    link = await connect(UpstreamSpec("pinger", "p_", command=program, args=(str(script),)), CLIENT)
    assert link.hello["pong"] == {"jsonrpc": "2.0", "id": "p", "result": {}}
    assert ears.asked == []


async def test_notifications_are_heard_before_the_answer_that_followed_them(
    tmp_path: Path, connect: Open, ears: Ears
) -> None:
    link = await connect(Probe(tmp_path, call="logs", count=50).spec(), CLIENT)
    await call(link)
    assert [params["data"] for _, _, params in ears.heard] == list(range(50))


# ---- misbehaviour


async def test_S173_an_exit_after_a_call_was_received_is_lost_and_sent(
    tmp_path: Path, connect: Open, ears: Ears
) -> None:
    probe = Probe(tmp_path, call="exit")
    link = await connect(probe.spec(), CLIENT)
    with pytest.raises(Lost) as caught:
        await call(link)
    assert caught.value.sent
    assert (link.alive, ears.ends, len(probe.calls())) == (False, ["probe"], 1)
    with pytest.raises(Lost) as after:
        link.request("tools/call", {"name": "echo", "arguments": {}})
    assert not after.value.sent
    await link.close()
    assert isinstance(link.ended, Down)
    assert link.ended.detail == "it ended: exit 5"


async def test_S173_half_an_answer_is_no_answer(tmp_path: Path, connect: Open) -> None:
    link = await connect(Probe(tmp_path, call="crash_answer").spec(), CLIENT)
    with pytest.raises(Lost) as caught:
        await call(link)
    assert caught.value.sent


async def test_an_answer_written_before_the_end_is_not_lost(tmp_path: Path, connect: Open) -> None:
    script = tmp_path / "dying.py"
    script.write_text(
        "import sys, json, os\n"
        "for line in sys.stdin:\n"
        "    m = json.loads(line)\n"
        "    if m['method'] == 'initialize':\n"
        "        print(json.dumps({'jsonrpc': '2.0', 'id': m['id'], 'result': {'protocolVersion': 'x'}}), flush=True)\n"
        "        continue\n"
        "    os.close(0)\n"
        "    answer = {'jsonrpc': '2.0', 'id': m['id'], 'result': {'t': 'y' * 900_000}}\n"
        "    os.write(1, json.dumps(answer).encode() + b'\\n' * int(sys.argv[1]))\n"
        "    os._exit(0)\n"
    )
    for feeds in (1, 0, 1, 0):
        spec = UpstreamSpec("dying", "d_", command=Probe(tmp_path).command[0], args=(str(script), str(feeds)))
        link = await connect(spec, CLIENT)
        assert len((await call(link))["t"]) == 900_000
        await until(lambda link=link: not link.alive)


async def test_S174_a_hanging_upstream_delays_no_other(tmp_path: Path, connect: Open) -> None:
    hanging = await connect(Probe(tmp_path, "a", call="hang").spec("a"), CLIENT)
    well = await connect(Probe(tmp_path, "b").spec("b"), CLIENT)
    waiting = asyncio.ensure_future(call(hanging))
    for n in range(20):
        assert (await call(well, n=n))["structuredContent"]["arguments"] == {"n": n}
    assert not waiting.done()
    await hanging.close()
    with pytest.raises(Lost):
        await waiting


async def test_S176_a_line_without_end_is_cut_and_others_go_on(tmp_path: Path, connect: Open, ears: Ears) -> None:
    flooding = Probe(tmp_path, "a", call="long_line", bytes=400_000_000)
    limits = Limits(upstream_bytes=8 << 20)
    link = await connect(flooding.spec("a"), CLIENT, limits)
    well = await connect(Probe(tmp_path, "b").spec("b"), CLIENT)
    before = resident()
    flooded = asyncio.ensure_future(call(link))
    slowest = 0.0
    while not flooded.done():
        began = asyncio.get_running_loop().time()
        await call(well, n=1)
        slowest = max(slowest, asyncio.get_running_loop().time() - began)
    with pytest.raises(Lost) as caught:
        await flooded
    assert caught.value.sent
    assert caught.value.reason == "the upstream sent a line that is longer than allowed"
    assert isinstance(link.ended, Misbehaved)
    assert slowest < 0.5
    assert resident() - before < 64 << 20
    await link.close()
    assert not running(flooding.pids()[0])


async def test_S177_a_flood_on_standard_error_is_bounded_and_revealed(
    tmp_path: Path, connect: Open, capfd: pytest.CaptureFixture[str]
) -> None:
    link = await connect(Probe(tmp_path, call="stderr", bytes=100_000_000).spec(), CLIENT)
    before = resident()
    assert (await call(link, n=1))["structuredContent"]["arguments"] == {"n": 1}
    assert resident() - before < 32 << 20
    await link.close()
    assert isinstance(link.ended, Down)
    assert "\x1b" not in link.ended.detail
    assert len(link.ended.detail) < 6000
    assert capfd.readouterr().err == ""


async def test_S178_a_thousand_garbage_lines_end_the_connection_without_a_quote(
    tmp_path: Path, connect: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    link = await connect(Probe(tmp_path, call="garbage", count=1000).spec(), CLIENT)
    with pytest.raises(Lost) as caught:
        await call(link)
    assert caught.value.reason == "the upstream sends lines that are not JSON-RPC"
    assert isinstance(link.ended, Misbehaved)
    assert "078-05-1120" not in caplog.text + link.ended.detail


async def test_S178_some_garbage_is_passed_over_and_forgiven_after_every_answer(tmp_path: Path, connect: Open) -> None:
    link = await connect(Probe(tmp_path, call="garbage", count=60).spec(), CLIENT)
    for n in range(5):
        assert (await call(link, n=n))["structuredContent"]["arguments"] == {"n": n}
    assert link.dropped == 300


@pytest.mark.parametrize("way", ["bad_utf8", "no_result", "deep"])
async def test_an_answer_that_cannot_be_read_fails_its_call_and_nothing_else(
    tmp_path: Path, connect: Open, way: str
) -> None:
    link = await connect(Probe(tmp_path, call={"bad": way}, count=100_000).spec(), CLIENT)
    with pytest.raises(Lost) as caught:
        await link.request("tools/call", {"name": "bad", "arguments": {}}).result()
    assert caught.value.sent
    assert caught.value.reason == "the answer is not a JSON-RPC answer"
    assert (await call(link, n=2))["structuredContent"]["arguments"] == {"n": 2}


@pytest.mark.parametrize("way", ["duplicate", "wrong_id"])
async def test_answers_to_nothing_are_discarded(tmp_path: Path, connect: Open, way: str) -> None:
    link = await connect(Probe(tmp_path, call=way).spec(), CLIENT)
    for n in range(3):
        assert (await call(link, n=n))["structuredContent"]["arguments"] == {"n": n}


async def test_an_id_given_back_as_text_is_not_ours(tmp_path: Path, connect: Open) -> None:
    link = await connect(Probe(tmp_path, call="string_id").spec(), CLIENT)
    ticket = link.request("tools/call", {"name": "echo", "arguments": {}})
    await link.request("ping", None).result()
    assert not ticket.sent.future.done()
    link.cancel(ticket, None)


async def test_S180_notifications_over_the_rate_are_dropped_and_the_result_comes(
    tmp_path: Path, connect: Open, ears: Ears
) -> None:
    link = await connect(Probe(tmp_path, call="progress", count=10_000).spec(), CLIENT)
    began = asyncio.get_running_loop().time()
    assert (await call(link, n=1))["structuredContent"]["arguments"] == {"n": 1}
    seconds = asyncio.get_running_loop().time() - began
    assert 200 <= len(ears.heard) <= 201 + 200 * seconds
    assert len(ears.heard) + link.dropped == 10_000


async def test_a_result_that_comes_a_byte_at_a_time_arrives(tmp_path: Path, connect: Open) -> None:
    link = await connect(Probe(tmp_path, call="drip").spec(), CLIENT)
    assert (await call(link, n=1))["structuredContent"]["arguments"] == {"n": 1}


async def test_S183_odd_but_legal_results_arrive_as_they_are(tmp_path: Path, connect: Open) -> None:
    link = await connect(Probe(tmp_path, call="odd").spec(), CLIENT)
    result = await call(link)
    assert result["content"][0] == {"type": "hologram", "payload": "078-05-1120", "n": 10**400}
    assert result["structuredContent"] == [1, None, {"é": "\u202e"}]
    assert result["x-unknown"] == {"a": [[]]}


async def test_S185_questions_of_an_upstream_are_declined_where_there_is_no_client(
    tmp_path: Path, connect: Open, ears: Ears
) -> None:
    link = await connect(Probe(tmp_path, call="ask").spec(), CLIENT)
    answers = (await call(link))["structuredContent"]["answers"]
    assert [answer["error"]["code"] for answer in answers] == [-32601] * 3
    assert [method for _, method in ears.asked] == ["sampling/createMessage", "elicitation/create", "roots/list"]


async def test_a_cancellation_of_nonsense_does_no_harm(tmp_path: Path, connect: Open, ears: Ears) -> None:
    script = tmp_path / "odd.py"
    script.write_text(
        "import sys, json\n"
        "first = json.loads(sys.stdin.readline())\n"
        "for id in ({}, [1], None, 1.5, True, 'x'):\n"
        "    params = {'requestId': id}\n"
        "    print(json.dumps({'jsonrpc': '2.0', 'method': 'notifications/cancelled', 'params': params}))\n"
        "print(json.dumps({'jsonrpc': '2.0', 'id': first['id'], 'result': {'protocolVersion': 'x'}}), flush=True)\n"
        "sys.stdin.readline()\n"
    )
    spec = UpstreamSpec("odd", "o_", command=Probe(tmp_path).command[0], args=(str(script),))
    assert (await connect(spec, CLIENT)).alive


async def test_an_upstream_that_reads_nothing_is_not_written_to_for_ever(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path, delay=600)
    link = await connect(probe.spec(), CLIENT, Limits(upstream_bytes=1 << 20))
    with pytest.raises(Lost) as caught:
        write_much(link)
    assert not caught.value.sent


def write_much(link: Link) -> None:
    for _ in range(50):
        link.request("tools/call", {"name": "echo", "arguments": {"x": "y" * 200_000}})


# ---- the end


async def test_S187_a_child_that_will_not_end_is_killed_with_its_children(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path, stubborn=True, grandchild=True)
    link = await connect(probe.spec(), CLIENT)
    (entry,) = probe.entries("start")
    assert running(entry["grandchild"])
    assert entry["sid"] == entry["pid"]
    await link.close()
    assert not running(entry["pid"])
    await until(lambda: not running(entry["grandchild"]))


async def test_a_child_that_ends_by_itself_is_not_waited_for(tmp_path: Path, connect: Open) -> None:
    probe = Probe(tmp_path)
    link = await connect(probe.spec(), CLIENT)
    began = asyncio.get_running_loop().time()
    await link.close()
    assert asyncio.get_running_loop().time() - began < 1.5
    assert not running(probe.pids()[0])


def resident() -> int:
    """Bytes of memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_a_child_that_ends_while_it_is_started_is_let_go_all_the_same(tmp_path: Path) -> None:
    for _ in range(20):
        with pytest.raises(Lost):
            await open_link(UpstreamSpec("gone", "gone_", command="true"), None, Ears(), Limits())
    gc.collect()  # a transport that nobody closed would warn here, and warnings are errors
