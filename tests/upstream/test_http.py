"""The link over HTTP against servers whose bytes the test writes."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream import http
from mcp_gate.upstream.http import HttpLink
from mcp_gate.upstream.http_open import open_http
from mcp_gate.upstream.link import ClientHello, Down
from mcp_gate.wire.errors import RpcError
from mcp_gate.wire.message import Message, read
from mcp_gate.wire.peer import Lost
from support.web import Asked, Ears, plain, scripted, stream

pytestmark = pytest.mark.anyio

HELLO = ClientHello("2025-11-25", {"roots": {}}, {"name": "test", "version": "1"})
NONE = plain(b"", "405 Method Not Allowed")
ACCEPTED = plain(b"", "202 Accepted")
SMALL = Limits(upstream_bytes=10_000)


def spec(url: str, **headers: str) -> UpstreamSpec:
    return UpstreamSpec("web", "web_", url=url, headers=headers)


def result(id: Any, value: dict[str, Any] | None = None) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, "result": value or {}}).encode()


def event(data: bytes, id: str = "") -> bytes:
    return (f"id: {id}\n".encode() if id else b"") + b"data: " + data + b"\n\n"


def note(n: int) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"n": n}}).encode()


class Upstream:
    """Shakes hands like an upstream of the handshake era; `call` answers everything else that is posted."""

    def __init__(self, call: Any = None, session: str | None = "s1") -> None:
        self.call = call
        self.session = session

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        message = json.loads(asked.body) if asked.body else {}
        if message.get("method") == "initialize":
            more = {"mcp_session_id": self.session} if self.session else {}
            writer.write(plain(result(message["id"], {"protocolVersion": "2025-06-18"}), **more))
        elif asked.method == "DELETE":
            writer.write(plain(b"", "204 No Content"))
        elif asked.method == "POST" and "id" not in message:
            writer.write(ACCEPTED)
        else:
            await self.call(asked, message, writer)


async def opened(url: str, ears: Ears | None = None, limits: Limits = SMALL, **headers: str) -> HttpLink:
    return await open_http(spec(url, **headers), HELLO, ears or Ears(), limits)


async def ask(answer: bytes | Any, **more: Any) -> dict[str, Any]:
    """One request, and what its answer comes to."""

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(message["id"]) if callable(answer) else answer)

    async with scripted(Upstream(call, **more)) as (url, _):
        link = await opened(url)
        try:
            return await link.request("tools/call", {"name": "t"}).result()
        finally:
            await link.close()


async def test_a_json_answer_is_the_result() -> None:
    assert await ask(lambda id: plain(result(id, {"x": "é"}))) == {"x": "é"}


async def test_a_stream_with_one_event_is_the_result() -> None:
    assert await ask(lambda id: stream(b"event: message\r\ndata: " + result(id, {"x": 1}) + b"\r\n\r\n")) == {"x": 1}


async def test_the_handshake_is_mirrored_and_the_session_kept() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(result(message["id"])))

    async with scripted(Upstream(call)) as (url, server):
        link = await opened(url)
        await link.request("ping", None).result()
        await link.close()
    first, second, last = server.asked
    assert json.loads(first.body)["params"]["capabilities"] == {"roots": {}}
    assert "mcp-session-id" not in first.headers
    assert (second.headers["mcp-session-id"], second.headers["mcp-protocol-version"]) == ("s1", "2025-06-18")
    assert (last.method, last.headers["mcp-session-id"]) == ("DELETE", "s1")
    assert link.version == "2025-06-18"
    assert not link.modern


async def test_headers_are_the_admins_and_the_protocols_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_TOKEN", "secret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(result(message["id"]), set_cookie="a=b"))

    given = {"Authorization": "Bearer ${env:WEB_TOKEN}", "Mcp-Name": "spoof", "Host": "evil", "Cookie": "c=d"}
    async with scripted(Upstream(call), keep=True) as (url, server):
        link = await opened(url, **given)
        for _ in range(2):
            await link.request("ping", None).result()
        await link.close()
    assert server.connections == 1
    assert set(server.asked[-2].headers) == {
        "host", "user-agent", "accept-encoding", "authorization", "accept", "content-type", "content-length",
        "mcp-session-id", "mcp-protocol-version",
    }  # fmt: skip
    assert server.asked[-2].headers["authorization"] == "Bearer secret"
    assert server.asked[-2].headers["host"].startswith("127.0.0.1:")


async def test_a_trace_goes_on_in_the_headers_as_in_the_body() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(result(message["id"])))

    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with scripted(Upstream(call)) as (url, server):
        link = await opened(url)
        for shown in (parent, parent + "\r\nx-smuggled: 1"):
            await link.request("ping", {"_meta": {"traceparent": shown, "tracestate": "a=b"}}).result()
        await link.close()
    good, bad = server.asked[-3:-1]
    assert (good.headers["traceparent"], good.headers["tracestate"]) == (parent, "a=b")
    assert not {"traceparent", "tracestate", "x-smuggled"} & set(bad.headers)


async def test_a_variable_that_is_not_set_is_told_and_nothing_is_sent() -> None:
    with pytest.raises(Down) as caught:
        await opened("http://127.0.0.1:9/mcp", authorization="${env:NOT_THERE}")
    assert not caught.value.sent
    assert "NOT_THERE" in caught.value.detail


@pytest.mark.parametrize("url", ["ftp://x/mcp", "http://", "mailto:x", "http://[::1"])
async def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(Lost):
        await opened(url)


async def test_notifications_and_questions_come_in_the_order_of_the_wire() -> None:
    question = b'{"jsonrpc":"2.0","id":"q","method":"roots/list"}'
    answered = asyncio.Event()
    posted: list[Any] = []

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        if "result" in message:
            posted.append(message)
            answered.set()
            writer.write(ACCEPTED)
            return
        writer.write(stream(event(note(1)), event(note(2)), event(question), event(note(3))))
        await writer.drain()
        await answered.wait()
        writer.write(event(result(message["id"], {"done": True})))

    ears = Ears()
    async with scripted(Upstream(call)) as (url, _):
        link = await opened(url, ears)
        assert await link.request("tools/call", {}).result() == {"done": True}
        await link.close()
    said = [(method, (params or {}).get("n")) for method, params in ears.said]
    assert [n for method, n in said if method == "notifications/progress"] == [1, 2, 3]
    assert said.count(("roots/list", None)) == 1
    assert posted == [{"jsonrpc": "2.0", "id": "q", "result": {"roots": []}}]


async def test_a_stream_that_breaks_off_is_taken_up_where_it_was() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        if asked.method == "POST":
            writer.write(stream(b"id: 1\nretry: 10\ndata: \n\n", event(note(1), "2")))
        elif asked.headers["last-event-id"] == "2":
            writer.write(stream(event(note(2), "3")))
        else:
            writer.write(stream(event(note(3), "4"), event(result(1 + 1, {"done": asked.headers["last-event-id"]}))))

    ears = Ears()
    async with scripted(Upstream(call)) as (url, server):
        link = await opened(url, ears)
        assert await link.request("tools/call", {}).result() == {"done": "3"}
        await link.close()
    assert [params["n"] for _, params in ears.said] == [1, 2, 3]
    assert server.asked[2].headers["mcp-session-id"] == "s1"


async def test_a_stream_without_ids_that_breaks_off_is_lost() -> None:
    with pytest.raises(Lost) as caught:
        await ask(stream(event(note(1))))
    assert caught.value.sent


async def test_a_stream_that_cannot_be_taken_up_is_lost() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(stream(b"id: 1\nretry: 1\ndata: \n\n") if asked.method == "POST" else NONE)

    async with scripted(Upstream(call)) as (url, _):
        link = await opened(url)
        with pytest.raises(Lost, match="405") as caught:
            await link.request("tools/call", {}).result()
        await link.close()
    assert caught.value.sent


async def test_nobody_there_means_nothing_was_sent() -> None:
    async with scripted(Upstream()) as (url, _):
        pass
    with pytest.raises(Lost) as caught:
        await opened(url)
    assert not caught.value.sent


async def test_a_connection_that_ends_after_the_request_may_have_been_heard() -> None:
    with pytest.raises(Lost) as caught:
        await ask(b"")
    assert caught.value.sent


@pytest.mark.parametrize(
    "answer",
    [
        plain(b"not json"),
        plain(b"[]"),
        plain(result(99)),
        plain(result("2")),
        plain(b'{"jsonrpc":"2.0","id":2,"result":{},"result":{}}'),
        plain(b'{"jsonrpc":"2.0","id":2,"result":NaN}'),
        plain(b"x", kind="text/html"),
        ACCEPTED,
        plain(b"oops", "500 Internal Server Error", "text/plain"),
        plain(b"x" * 20_000),
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{",
        stream(b"data: " + b"x" * 20_000),
        stream(event(b'{"jsonrpc":"2.0","id":2,"result":5}')),
        stream(event(b"garbage") * 200),
        plain(gzip.compress(result(2)), content_encoding="gzip"),
        b"this is not HTTP\r\n\r\n",
    ],
)
async def test_an_answer_that_is_none_is_lost_after_sending(answer: bytes) -> None:
    with pytest.raises(Lost) as caught:
        await ask(answer)
    assert caught.value.sent


async def test_an_answer_to_something_else_on_the_stream_answers_nothing() -> None:
    assert await ask(lambda id: stream(event(result(99)), event(result(id, {"x": 1})))) == {"x": 1}


async def test_a_result_with_lone_surrogates_and_great_numbers_is_whole() -> None:
    body = b'{"jsonrpc":"2.0","id":2,"result":{"a":"\\ud800","b":123456789012345678901234567890}}'
    assert await ask(plain(body)) == {"a": "\ud800", "b": 123456789012345678901234567890}


@pytest.mark.parametrize("status", ["200 OK", "400 Bad Request", "500 Internal Server Error"])
async def test_the_upstreams_own_error_is_its_word_whatever_the_status(status: str) -> None:
    error = {"code": -5, "message": "no", "data": {"a": 1}, "more": 2}
    with pytest.raises(RpcError) as caught:
        await ask(lambda id: plain(json.dumps({"jsonrpc": "2.0", "id": id, "error": error}).encode(), status))
    assert caught.value.as_json() == error


async def test_a_large_refusal_is_read_where_large_messages_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("upstream.http_reader.LARGE", "wire.opener.LARGE", "wire.opener.QUICK"):
        monkeypatch.setattr(f"mcp_gate.{name}", 1_000)
    error = {"code": -5, "message": "no", "data": "x" * 2_000}
    read_elsewhere = []

    class Elsewhere:
        async def opened(self, line: Sequence[bytes], depth: int, who: object) -> Message:
            read_elsewhere.append(b"".join(line))
            return read(read_elsewhere[-1], upstream=True, depth=depth)

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": error}).encode()
        writer.write(plain(body, "400 Bad Request"))

    async with scripted(Upstream(call)) as (url, _):
        link = await open_http(spec(url), HELLO, Ears(), SMALL, Elsewhere())
        with pytest.raises(RpcError) as caught:
            await link.request("tools/call", {"name": "t"}).result()
        await link.close()
    assert caught.value.as_json() == error
    assert len(read_elsewhere) == 1


@pytest.mark.parametrize("status", ["302 Found", "401 Unauthorized", "403 Forbidden", "429 Too Many Requests"])
async def test_S189_a_refusal_of_the_server_is_an_error_and_no_redirect_is_followed(status: str) -> None:
    with pytest.raises(RpcError, match=status[:3]):
        await ask(plain(b"", status, location="http://127.0.0.1:9/"))


async def test_a_session_the_server_forgot_ends_the_link_and_the_request_was_not_taken() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        if message["method"] == "slow":
            await asyncio.sleep(30)
        writer.write(plain(b"{}", "404 Not Found"))

    ears = Ears()
    async with scripted(Upstream(call)) as (url, _):
        link = await opened(url, ears)
        slow = link.request("slow", None)
        await asyncio.sleep(0.05)
        with pytest.raises(Lost) as caught:
            await link.request("tools/call", {}).result()
        assert not caught.value.sent
        with pytest.raises(Lost) as other:
            await slow.result()
        assert other.value.sent
        assert ears.over.is_set()
        assert not link.alive
        with pytest.raises(Lost):
            link.request("ping", None)
        await link.close()


async def test_cancelling_tells_the_upstream_and_lets_go_of_the_stream() -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    closed = asyncio.Event()

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(stream(event(note(1))))
        await writer.drain()
        await writer.wait_closed()

    class Listening(Upstream):
        async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
            message = json.loads(asked.body) if asked.body else {}
            if message.get("method") == "notifications/cancelled":
                await told.put(message["params"])
            if message.get("method") == "slow":
                writer.write(stream(event(note(1))))
                await writer.drain()
                while not writer.is_closing():
                    await asyncio.sleep(0.01)
                    writer.write(b": x\n\n")
                    try:
                        await writer.drain()
                    except ConnectionError:
                        break
                closed.set()
                return
            await super().__call__(asked, writer)

    async with scripted(Listening(call)) as (url, _):
        link = await opened(url)
        ticket = link.request("slow", None)
        waiting = asyncio.create_task(ticket.result())
        await asyncio.sleep(0.05)
        waiting.cancel()
        await asyncio.wait((waiting,))
        link.cancel(ticket, "no more")
        async with asyncio.timeout(5):
            assert await told.get() == {"requestId": ticket.id, "reason": "no more"}
            await closed.wait()
        await link.close()


@pytest.mark.parametrize("takes", [True, False])
async def test_a_request_that_took_too_long_is_closed_whether_the_cancellation_is_taken_or_not(
    takes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "GRACE_SEC", 1.0)
    closed = asyncio.Event()

    class Busy(Upstream):
        async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
            method = json.loads(asked.body).get("method") if asked.body else ""
            if method == "slow" or (method == "notifications/cancelled" and not takes):
                writer.write(stream(event(note(1))))
                with contextlib.suppress(ConnectionError):
                    while not writer.is_closing():
                        await writer.drain()
                        await asyncio.sleep(0.01)
                        writer.write(b": x\n\n")
                if method == "slow":
                    closed.set()
            else:
                await super().__call__(asked, writer)

    async with scripted(Busy()) as (url, _):
        link = await opened(url)
        ticket = link.request("slow", None)
        await asyncio.sleep(0.05)
        link.overran(ticket)
        async with asyncio.timeout(8):
            await closed.wait()
        assert link.alive, "other requests are not disturbed"
        await link.close()


async def test_cancelling_what_was_answered_says_nothing() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(result(message["id"])))

    async with scripted(Upstream(call)) as (url, server):
        link = await opened(url)
        ticket = link.request("ping", None)
        await ticket.result()
        link.cancel(ticket, None)
        await link.close()
    assert [asked.method for asked in server.asked] == ["POST", "POST", "DELETE"]


async def test_notifications_arrive_in_order_and_before_what_follows() -> None:
    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(result(message["id"])) if asked.method == "POST" else NONE)

    async with scripted(Upstream(call)) as (url, server):
        link = await opened(url)
        for n in range(5):
            link.notify("notifications/progress", {"n": n})
        await link.request("ping", None).result()
        await link.close()
    order = [json.loads(asked.body) for asked in server.asked if asked.method == "POST"][1:]
    assert [m["params"]["n"] for m in order[:5]] == [0, 1, 2, 3, 4]
    assert order[5]["method"] == "ping"


async def test_its_own_stream_is_opened_after_the_handshake_and_again_when_it_ends() -> None:
    heard = asyncio.Event()
    gets: list[dict[str, str]] = []

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        gets.append(asked.headers)
        writer.write(stream(b"retry: 10\n\n", event(note(len(gets)), str(len(gets)))))
        if len(gets) == 2:
            heard.set()
            await writer.drain()
            await asyncio.sleep(30)

    ears = Ears()
    async with scripted(Upstream(call)) as (url, _):
        link = await opened(url, ears)
        link.notify("notifications/initialized", None)
        async with asyncio.timeout(5):
            await heard.wait()
            while len(ears.said) < 2:
                await asyncio.sleep(0.01)
        await link.close()
    assert [params["n"] for _, params in ears.said] == [1, 2]
    assert gets[1]["last-event-id"] == "1"
    assert gets[0]["accept"] == "text/event-stream"


async def test_a_flood_of_notifications_is_cut() -> None:
    ears = Ears()

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(stream(event(note(1)) * 5_000, event(result(message["id"], {"x": 1}))))

    async with scripted(Upstream(call)) as (url, _):
        link = await opened(url, ears)
        assert await link.request("tools/call", {}).result() == {"x": 1}
        await link.close()
    assert len(ears.said) < 1_000
    assert link.dropped > 4_000


# ---- the stateless era


class Stateless:
    """Answers `server/discover`, and everything else with what it was asked."""

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        message = json.loads(asked.body)
        if message["method"] == "server/discover":
            writer.write(plain(result(message["id"], {"supportedVersions": ["2026-07-28"], "capabilities": {}})))
        elif message["method"] == "subscriptions/listen":
            writer.write(stream(event(note(1))))
            await writer.drain()
            await asyncio.sleep(30)
        else:
            writer.write(plain(result(message["id"], {"resultType": "complete"})))


async def test_the_gates_own_connection_prefers_the_stateless_protocol() -> None:
    tool = {"name": "t é", "inputSchema": {"properties": {"r": {"type": "string", "x-mcp-header": "Region"}}}}
    async with scripted(Stateless()) as (url, server):
        link = await open_http(spec(url), None, Ears(), SMALL)
        assert link.modern
        link.learn([tool, "no tool", {"name": 5}])
        await link.request("tools/call", {"name": "t é", "arguments": {"r": "eu"}}).result()
        await link.request("tasks/get", {"taskId": "x"}).result()
        link.notify("notifications/initialized", None)
        await link.close()
    discover, call, task = server.asked
    assert discover.headers["mcp-method"] == "server/discover"
    shown = {name: value for name, value in call.headers.items() if name.startswith("mcp-")}
    assert shown == {
        "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "=?base64?dCDDqQ==?=",
        "mcp-param-region": "eu",
    }  # fmt: skip
    assert task.headers["mcp-name"] == "x"


async def test_in_the_stateless_era_closing_the_stream_is_the_cancellation() -> None:
    ears = Ears()
    async with scripted(Stateless()) as (url, server):
        link = await open_http(spec(url), None, ears, SMALL)
        ticket = link.request("subscriptions/listen", {})
        async with asyncio.timeout(5):
            while not ears.said:
                await asyncio.sleep(0.01)
        link.cancel(ticket, "enough")
        await asyncio.wait((ticket.task,) if ticket.task else ())
        await link.close()
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "refusal",
    [
        plain(b"Bad Request", "400 Bad Request", "text/plain"),
        plain(b"", "404 Not Found"),
        plain(b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Missing session ID"}}', "400 Bad Request"),
        plain(result(1, {"supportedVersions": ["2030-01-01"]})),
        plain(b"oops", "500 Internal Server Error"),
    ],
)
async def test_where_discover_is_refused_hands_are_shaken(refusal: bytes) -> None:
    class Old(Upstream):
        async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
            if b"server/discover" in asked.body:
                writer.write(refusal)
            elif asked.method == "GET":
                writer.write(NONE)
            else:
                await super().__call__(asked, writer)

    async with scripted(Old()) as (url, server):
        link = await open_http(spec(url), None, Ears(), SMALL)
        assert not link.modern
        await link.close()
    assert "mcp-protocol-version" not in server.asked[1].headers
    assert json.loads(server.asked[1].body)["params"]["capabilities"] == {}


async def test_S192_why_a_handshake_is_refused_is_told_to_the_operator_alone_and_revealed() -> None:
    async def refuse(asked: Asked, writer: asyncio.StreamWriter) -> None:
        body = {"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no such key sk-1\u202e"}}
        writer.write(plain(json.dumps(body).encode()))

    async with scripted(refuse) as (url, _):
        with pytest.raises(Down) as caught:
            await opened(url)
    assert (caught.value.reason, caught.value.sent) == ("the upstream refused the handshake", False)
    assert caught.value.detail == "it refused the handshake: -1 no such key sk-1⟨U+202E⟩"


@pytest.mark.parametrize("streamed", [False, True])
async def test_sixteen_megabytes_arrive_whole(streamed: bool) -> None:
    text = "ü" * (8 << 20)

    async def call(asked: Asked, message: Any, writer: asyncio.StreamWriter) -> None:
        body = result(message["id"], {"text": text})
        writer.write(stream(event(body)) if streamed else plain(body))

    async with scripted(Upstream(call)) as (url, _):
        link = await opened(url, limits=Limits(upstream_bytes=64 << 20))
        assert await link.request("tools/call", {}).result() == {"text": text}
        await link.close()
