"""Calls that took longer than they may, with real children: one that heeds the cancellation, and stubborn ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream import overrun
from mcp_gate.upstream.link import ClientHello, Down, Link, Misbehaved, open_link
from mcp_gate.wire.peer import Lost
from support.upstreams import Ears, Probe, running, until

pytestmark = pytest.mark.anyio

CLIENT = ClientHello("2025-11-25", {}, {"name": "c", "version": "0"})
GRACE_SEC = 1.0


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overrun, "GRACE_SEC", GRACE_SEC)


async def opened(spec: UpstreamSpec, hello: ClientHello | None = CLIENT) -> Link:
    return await open_link(spec, hello, Ears(), Limits())


def call(link: Link, tool: str = "echo") -> object:
    return link.request("tools/call", {"name": tool, "arguments": {}, "_meta": {"progressToken": "t-1"}})


@pytest.mark.parametrize("modern", [False, True])
async def test_a_child_that_heeds_the_cancellation_is_kept(tmp_path: Path, modern: bool) -> None:
    probe = Probe(tmp_path, call={"echo": "hang"}, modern=modern)
    link = await opened(probe.spec(), None if modern else CLIENT)
    link.overran(call(link))
    await asyncio.sleep(2 * GRACE_SEC)
    assert link.alive
    (told,) = probe.entries("notifications/cancelled")
    assert '"reason":"it took longer than it may"' in told["line"]
    assert (await link.request("tools/call", {"name": "deploy", "arguments": {}}).result())["content"]
    assert running(probe.pids()[0])
    await link.close()


async def test_a_child_that_is_too_busy_to_hear_is_killed_and_others_are_told(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call={"get_order": "hang"}, delay=600, stubborn=True)
    link = await opened(probe.spec())
    other, slow = call(link, "get_order"), call(link, "deploy")
    began = asyncio.get_running_loop().time()
    link.overran(slow)
    with pytest.raises(Lost) as caught:
        await other.result()
    assert GRACE_SEC <= asyncio.get_running_loop().time() - began < GRACE_SEC + 5
    assert caught.value.sent
    assert caught.value.reason == "the upstream was ended: it did not heed the cancellation of another call"
    await link.close()
    assert not running(probe.pids()[0])
    assert isinstance(link.ended, Down)
    assert not isinstance(link.ended, Misbehaved), "it comes back after the usual pauses"
    assert link.ended.detail == "it was ended: it did not heed a cancellation"


async def test_a_child_that_goes_on_reporting_progress_is_killed(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call={"echo": "hang"}, goes_on=True)
    link = await opened(probe.spec())
    link.overran(call(link))
    await until(lambda: not link.alive)
    await link.close()
    assert not running(probe.pids()[0])
    assert link.ended is not None
    assert link.ended.detail == "it was ended: it went on with a call that was cancelled"


async def test_progress_that_was_under_way_is_forgiven(tmp_path: Path) -> None:
    probe = Probe(tmp_path, call={"echo": "hang"}, goes_on=True)
    link = await opened(probe.spec())
    link.overran(call(link))
    await asyncio.sleep(GRACE_SEC / 2)
    probe.change(goes_on=False)
    await asyncio.sleep(2 * GRACE_SEC)
    assert link.alive
    await link.close()


async def test_what_was_answered_is_not_cancelled(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    link = await opened(probe.spec())
    ticket = call(link)
    await ticket.result()
    link.overran(ticket)
    await link.request("ping", None).result()
    assert probe.entries("notifications/cancelled") == []
    assert link.alive
    await link.close()
