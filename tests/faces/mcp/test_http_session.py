"""One session: what its client is told and asked, and what becomes of questions."""

from __future__ import annotations

import asyncio

import pytest

from mcp_gate.faces.mcp import http_session
from mcp_gate.faces.mcp.http_session import Exchange
from mcp_gate.faces.mcp.http_stream import MOST_WAITING, Outbox
from mcp_gate.model.foreign import Packed
from mcp_gate.wire.errors import RpcError
from support.sessions import Kept

pytestmark = pytest.mark.anyio


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
