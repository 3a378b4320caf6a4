"""Requests, answers and the end of a connection, over a real socket pair."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.message import Malformed
from mcp_gate.wire.peer import Lost, Peer

pytestmark = pytest.mark.anyio


class Side:
    """Answers `echo` with its params, fails `fail`, and writes down the rest."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.closed = asyncio.Event()
        self.noticed = asyncio.Event()

    def on_request(self, peer: Peer, id: int | str, method: str, params: dict[str, Any] | None) -> None:
        match method:
            case "echo":
                peer.answer(id, {"id": id, "params": params})
            case "fail":
                peer.fail(id, RpcError(-5, "no", {"why": 1}))
            case _:
                self.seen.append((id, method))

    def on_notification(self, peer: Peer, method: str, params: dict[str, Any] | None) -> None:
        self.seen.append((method, params))
        self.noticed.set()

    def on_malformed(self, peer: Peer, what: Malformed) -> None:
        self.seen.append(what.why.value)
        self.noticed.set()

    def on_closed(self, peer: Peer) -> None:
        self.closed.set()


class Fed(asyncio.Protocol):
    """A peer on a socket."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._peer.connect(transport)  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._peer.feed(data)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._peer.close("the other side went away")

    def pause_writing(self) -> None:
        self._peer.pause_writing()

    def resume_writing(self) -> None:
        self._peer.resume_writing()


@asynccontextmanager
async def pair(limit: int = 10_000) -> AsyncIterator[tuple[Peer, Peer, Side, Side]]:
    loop = asyncio.get_running_loop()
    left, right = Side(), Side()
    one, other = Peer(left, limit=limit, upstream=False), Peer(right, limit=limit, upstream=True)
    a, b = socket.socketpair()
    await loop.create_connection(lambda: Fed(one), sock=a)
    await loop.create_connection(lambda: Fed(other), sock=b)
    try:
        yield one, other, left, right
    finally:
        one.close()
        other.close()
        await asyncio.sleep(0)


async def test_a_request_is_answered() -> None:
    async with pair() as (one, _, _, _):
        sent = one.send_request("echo", {"x": 1})
        assert await sent.future == {"id": sent.id, "params": {"x": 1}}
        assert not one._pending


async def test_an_error_keeps_its_code_and_data() -> None:
    async with pair() as (one, _, _, _):
        with pytest.raises(RpcError) as caught:
            await one.send_request("fail", None).future
        assert (caught.value.code, caught.value.data) == (-5, {"why": 1})


async def test_answers_go_to_their_own_requests_whatever_the_order() -> None:
    async with pair() as (one, other, _, right):
        slow, fast = one.send_request("slow", None), one.send_request("echo", {"n": 2})
        assert (await fast.future)["params"] == {"n": 2}
        other.answer(right.seen[0][0], {"n": 1})
        assert await slow.future == {"n": 1}


async def test_an_answer_to_nothing_is_ignored() -> None:
    async with pair() as (one, other, left, _):
        other.answer(999, {})
        assert (await one.send_request("echo", {"n": 1}).future)["params"] == {"n": 1}
        assert left.seen == []


async def test_S018_the_ids_1_and_text_1_are_two_requests() -> None:
    async with pair() as (one, _, _, _):
        number, text = one.send_request("echo", None, id=1), one.send_request("echo", None, id="1")
        assert (await number.future)["id"] == 1
        assert (await text.future)["id"] == "1"


async def test_the_end_of_the_connection_loses_what_was_sent() -> None:
    async with pair() as (one, other, left, _):
        sent = one.send_request("slow", None)
        other.close()
        with pytest.raises(Lost) as caught:
            await sent.future
        assert caught.value.sent
        await left.closed.wait()
        with pytest.raises(Lost) as late:
            one.send_request("echo", None)
        assert not late.value.sent


async def test_a_line_over_the_limit_is_reported_and_the_next_one_is_read() -> None:
    async with pair(limit=200) as (_one, other, left, _):
        other.notify("n", {"text": "x" * 300})
        other.notify("n", {"text": "y"})
        while len(left.seen) < 2:
            left.noticed.clear()
            await left.noticed.wait()
        assert left.seen == ["frame_limit", ("n", {"text": "y"})]


async def test_writing_to_a_closed_connection_is_quiet_but_for_requests() -> None:
    async with pair() as (one, _, _, _):
        one.close()
        one.notify("n", None)
        one.answer(1, {})
        one.fail(None, RpcError(-1, "x"))
        with pytest.raises(Lost):
            one.send_request("echo", None)
