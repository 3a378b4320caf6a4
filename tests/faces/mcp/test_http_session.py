from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcp_gate.faces.mcp import http_session
from mcp_gate.faces.mcp.http_session import Exchange, Session
from mcp_gate.faces.mcp.http_sessions import Sessions
from mcp_gate.faces.mcp.http_stream import MOST_WAITING, Outbox
from mcp_gate.gate.front import Front, RequestFront
from mcp_gate.model.foreign import Packed
from mcp_gate.wire.errors import RpcError

pytestmark = pytest.mark.anyio


class Quiet:
    """A conversation that says nothing."""

    def __init__(self) -> None:
        self.closed = 0

    async def handle(self, front: RequestFront, method: str, params: Any) -> dict[str, Any]:
        return {}

    def notification(self, method: str, params: Any) -> None: ...

    def is_sent(self, task: asyncio.Task[Any]) -> bool:
        return False

    async def close(self) -> None:
        self.closed += 1


class Kept:
    """Sessions, the conversations begun in them, and how many were counted."""

    def __init__(self, **more: Any) -> None:
        self.begun: list[Quiet] = []
        self.count = 0
        self.sessions = Sessions(self._begin, self._count, **more)

    def _begin(self, agent: str, front: Front) -> Quiet:
        self.begun.append(Quiet())
        return self.begun[-1]

    def _count(self, change: int) -> None:
        self.count += change

    def open(self, agent: str = "a") -> Session:
        session = self.sessions.open(agent)
        assert session is not None
        return session


async def test_ids_cannot_be_guessed() -> None:
    kept = Kept()
    ids = {kept.open().id for _ in range(100)}
    assert len(ids) == 100
    assert all(len(bytes.fromhex(id)) == 16 for id in ids)
    await kept.sessions.close()


async def test_there_are_no_more_sessions_than_allowed() -> None:
    kept = Kept(most=2)
    first = kept.open()
    kept.open()
    assert kept.sessions.open("a") is None
    await kept.sessions.end(first)
    kept.open()
    await kept.sessions.close()
    assert kept.count == 0
    assert [talk.closed for talk in kept.begun] == [1, 1, 1]


async def test_a_session_that_nobody_uses_ends_and_one_in_use_does_not() -> None:
    kept = Kept(idle_sec=0.0)
    unused, used = kept.open(), kept.open()
    with used.use():
        await asyncio.sleep(0.01)
        kept.sessions.sweep()
        await asyncio.sleep(0)
        assert kept.sessions.get(unused.id, "a") is None
        assert kept.sessions.get(used.id, "a") is used
    await kept.sessions.close()


async def test_notifications_wait_for_the_stream_but_not_without_end() -> None:
    kept = Kept()
    session = kept.open()
    for n in range(http_session.MOST_KEPT + 50):
        session.notify("n", {"n": n})
    outbox = session.listen()
    assert outbox is not None
    assert len(outbox) == http_session.MOST_KEPT
    assert session.listen() is None
    session.unlisten()
    assert session.listen() is not None
    await kept.sessions.close()


async def test_a_question_to_a_client_that_never_listens_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_session, "LISTEN_SEC", 0.01)
    kept = Kept()
    with pytest.raises(RpcError, match="no stream"):
        await kept.open().request("roots/list", None)
    await kept.sessions.close()


async def test_a_question_that_is_withdrawn_is_cancelled_at_the_client() -> None:
    kept = Kept()
    exchange = Exchange(1, kept.open())
    asking = asyncio.create_task(exchange.request("roots/list", None))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait((asking,))
    sent = b"".join(exchange.outbox.take())
    assert b'"method":"roots/list"' in sent
    assert b'"method":"notifications/cancelled"' in sent
    assert b'"requestId":1' in sent
    await kept.sessions.close()


@pytest.mark.parametrize("end", ["stream", "session"])
async def test_a_question_does_not_outlive_who_could_answer_it(end: str) -> None:
    kept = Kept()
    session = kept.open()
    exchange = Exchange(1, session)
    asking = asyncio.create_task(exchange.request("roots/list", None))
    await asyncio.sleep(0)
    if end == "stream":
        exchange.outbox.leave()
        exchange.left()
    else:
        await kept.sessions.end(session)
    with pytest.raises(RpcError):
        await asking
    with pytest.raises(RpcError):
        await exchange.request("roots/list", None)
    await kept.sessions.close()


async def test_a_client_that_does_not_read_loses_notifications_but_no_questions() -> None:
    outbox = Outbox()
    for n in range(MOST_WAITING + 10):
        outbox.put({"n": n})
    assert outbox.dropped == 10
    outbox.put({"question": True}, keep=True)
    assert outbox.take()[-1].endswith(b'data: {"question":true}\n\n')
    outbox.put({"n": 1})
    assert len(outbox) == 1


async def test_what_is_packed_leaves_in_pieces_and_as_one_event() -> None:
    outbox = Outbox()
    outbox.put({"n": 1})
    large = b'"' + b"x" * (1 << 20) + b'"'
    outbox.put({"n": Packed([large[:100], large[100:]])})
    taken = outbox.take()
    assert len(taken) > 2
    assert b"".join(taken) == b'event: message\ndata: {"n":1}\n\nevent: message\ndata: {"n":' + large + b"}\n\n"
    assert outbox.take() == []
