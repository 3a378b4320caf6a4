"""The endpoint on a real socket, with a real gate's record behind it; what answers is written here."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mcp_gate.faces.mcp import http_reply, http_session, http_stream
from mcp_gate.faces.mcp.http import build_app
from mcp_gate.gate.front import Front, RequestFront
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.job import CANCELLED, Caller
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import RpcError
from support.gates import names, open_gate
from support.web import exchange, served

pytestmark = pytest.mark.anyio

ALICE, BOB = "alice-token", "bob-token"
MODERN = "2026-07-28"
BOTH = "application/json, text/event-stream"

Handler = Callable[["Talk", RequestFront, JsonObject], Awaitable[JsonObject]]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


SETTINGS = f"""\
limits: {{ message_bytes: 100000 }}
agents:
  alice: {{ token_sha256: "{digest(ALICE)}" }}
  bob: {{ token_sha256: "{digest(BOB)}" }}
  local: {{}}
"""


@dataclass
class Talk:
    """A conversation whose methods the test writes."""

    door: Door
    caller: Caller
    front: Front
    modern: bool
    heard: list[tuple[str, Any]] = field(default_factory=list)
    closed: bool = False
    sent: bool = False

    async def handle(self, front: RequestFront, method: str, params: JsonObject | None) -> JsonObject:
        self.door.calls.append((self.caller.agent, method))
        try:
            handler = self.door.handlers.get(method)
            if handler is None:
                raise RpcError(-32601, "Method not found")
            return await handler(self, front, params or {})
        except asyncio.CancelledError as e:
            self.door.cancelled.append((method, e.args))
            raise

    def notification(self, method: str, params: JsonObject | None) -> None:
        self.heard.append((method, params))

    def is_sent(self, task: asyncio.Task[Any]) -> bool:
        return self.sent

    async def close(self) -> None:
        self.closed = True


@dataclass
class Door:
    handlers: dict[str, Handler] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    talks: list[Talk] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    cancelled: list[tuple[str, Any]] = field(default_factory=list)

    def converse(self, caller: Caller, front: Front, *, modern: bool) -> Talk:
        self.talks.append(Talk(self, caller, front, modern))
        return self.talks[-1]

    def schema(self, listed_name: str) -> Any:
        return self.schemas.get(listed_name)

    async def versions(self) -> tuple[str, ...]:
        return (MODERN,)


async def initialize(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
    return {"protocolVersion": "2025-11-25", "agent": talk.caller.agent}


async def echo(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
    return {"params": params}


@dataclass
class Web:
    """A client of the endpoint."""

    gate: Gate
    door: Door
    port: int
    http: httpx2.AsyncClient

    def headers(self, token: str | None = ALICE, **more: str) -> dict[str, str]:
        out = {"accept": BOTH, "content-type": "application/json"}
        if token is not None:
            out["authorization"] = f"Bearer {token}"
        return out | {name.replace("_", "-"): value for name, value in more.items()}

    async def post(self, body: Any, token: str | None = ALICE, **more: str) -> httpx2.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post("/mcp", content=data, headers=self.headers(token, **more))

    async def begin(self, token: str = ALICE) -> str:
        """A session of the handshake era; gives its id."""
        answer = await self.post(request("initialize"), token)
        assert answer.status_code == 200, answer.text
        session: str = answer.headers["mcp-session-id"]
        return session

    async def modern(self, method: str, params: JsonObject | None = None, **more: str) -> httpx2.Response:
        body = request(method, {**(params or {}), "_meta": ENVELOPE})
        shown = {"mcp_protocol_version": MODERN, "mcp_method": method} | more
        return await self.post(body, **shown)

    def streaming(self, body: Any, **more: str) -> Any:
        return self.http.stream("POST", "/mcp", content=json.dumps(body).encode(), headers=self.headers(**more))

    async def malformed(self) -> int:
        return (await names(self.gate)).count("security.malformed")


ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


def request(method: str, params: JsonObject | None = None, id: Any = 1) -> JsonObject:
    message: JsonObject = {"jsonrpc": "2.0", "id": id, "method": method}
    return message if params is None else {**message, "params": params}


@asynccontextmanager
async def web(tmp: Path, **handlers: Handler) -> AsyncIterator[Web]:
    async with open_gate(tmp, settings=SETTINGS) as gate:
        door = Door({"initialize": initialize, "echo": echo, **handlers})
        app = build_app(gate, door)
        async with served(app) as port:
            limits = httpx2.Limits(max_keepalive_connections=0)
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, limits=limits) as http:
                yield Web(gate, door, port, http)
            await app.state.close()


async def lines(response: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])


# ---- who


@pytest.mark.parametrize("token", [None, "wrong", f"{ALICE} {ALICE}"])
async def test_without_an_agents_token_nobody_is_served(tmp_path: Path, token: str | None) -> None:
    async with web(tmp_path) as w:
        answer = await w.post(request("initialize"), token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert w.door.calls == []


@pytest.mark.parametrize("scheme", ["Basic", "Bearer,", "bearer:", ""])
async def test_another_scheme_is_no_token(tmp_path: Path, scheme: str) -> None:
    async with web(tmp_path) as w:
        answer = await w.post(request("initialize"), None, authorization=f"{scheme} {ALICE}".strip())
        assert answer.status_code == 401


async def test_a_wrong_token_is_on_the_record_without_the_token(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        await w.post(request("initialize"), "wrong-token-123")
        await w.gate.settle(5)
        records = await w.gate.store.records()
        assert [r["event"] for r in records][-1] == "security.auth_failed"
        assert "wrong-token-123" not in json.dumps(records)


async def test_S247_forwarded_headers_say_nothing_about_who_or_where(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        spoofed = {"x_forwarded_for": "127.0.0.1", "x_forwarded_host": "localhost", "x_real_ip": "127.0.0.1"}
        assert (await w.post(request("initialize"), None, **spoofed)).status_code == 401
        assert (await w.post(request("initialize"), host="evil.example", **spoofed)).status_code == 421


# ---- where


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", "[::1", ""])
async def test_S241_another_host_is_misdirected(tmp_path: Path, host: str) -> None:
    async with web(tmp_path) as w:
        answer = await w.post(request("initialize"), host=host)
        assert answer.status_code in (400, 421)
        assert w.door.calls == []


async def test_S241_a_missing_host_is_refused(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        assert (await exchange(w.port, b"POST /mcp HTTP/1.1\r\ncontent-length: 0\r\n\r\n")).startswith(b"HTTP/1.1 400")
        assert (await exchange(w.port, b"POST /mcp HTTP/1.0\r\ncontent-length: 0\r\n\r\n")).startswith(b"HTTP/1.1 421")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_every_name_of_this_machine_is_ours(tmp_path: Path, name: str) -> None:
    async with web(tmp_path) as w:
        ours = f"{name}:{w.port}"
        answer = await w.post(request("initialize"), host=ours, origin=f"http://{ours}")
        assert answer.status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://"])
async def test_S241_pages_of_other_origins_are_refused(tmp_path: Path, origin: str) -> None:
    async with web(tmp_path) as w:
        answer = await w.post(request("initialize"), origin=origin)
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers
        assert w.door.calls == []


@pytest.mark.parametrize(
    "path",
    [
        "/mcp/",
        "//mcp",
        "/MCP",
        "/mcp/../mcp",
        "/mcp/../approve",
        "//approve",
        "/v1/requests",
        "/",
        "/mcp%2f",
        "/%2e%2e/mcp",
    ],
)
async def test_S245_other_paths_lead_nowhere(tmp_path: Path, path: str) -> None:
    async with web(tmp_path) as w:
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{w.port}\r\nAuthorization: Bearer {ALICE}\r\n"
        assert (await exchange(w.port, f"{head}Content-Length: 0\r\n\r\n".encode())).startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "HEAD", "TRACE"])
async def test_other_methods_are_not_allowed(tmp_path: Path, method: str) -> None:
    async with web(tmp_path) as w:
        answer = await w.http.request(method, "/mcp", headers=w.headers())
        assert answer.status_code == 405
        assert "POST" in answer.headers["allow"]


# ---- what is posted


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/json-patch+json", "", "application/json; charset=utf-16", "multipart/x", "text/json"],
)
async def test_a_body_of_another_type_is_refused(tmp_path: Path, kind: str) -> None:
    async with web(tmp_path) as w:
        assert (await w.post(request("initialize"), content_type=kind)).status_code == 415


async def test_an_encoded_body_is_refused(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        assert (await w.post(request("initialize"), content_encoding="gzip")).status_code == 415


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream", "text/html", ""])
async def test_a_client_that_does_not_take_both_kinds_of_answer_is_refused(tmp_path: Path, accept: str) -> None:
    async with web(tmp_path) as w:
        assert (await w.post(request("initialize"), accept=accept)).status_code == 406


@pytest.mark.parametrize("accept", ["*/*", "application/*, text/*", "TEXT/event-stream;q=0.5, application/json"])
async def test_wildcards_take_both_kinds(tmp_path: Path, accept: str) -> None:
    async with web(tmp_path) as w:
        assert (await w.post(request("initialize"), accept=accept)).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"echo"}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":NaN}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":"\\ud800"}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":"\xff"}}', -32700),
        (b"\xef\xbb\xbf" + b'{"jsonrpc":"2.0","id":1,"method":"echo"}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":' + b"[" * 5_000 + b"]" * 5_000 + b"}", -32700),
        (b'[{"jsonrpc":"2.0","id":1,"method":"echo"}]', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"echo"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"echo"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"echo"}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"echo"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":[]}', -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
    ],
)
@pytest.mark.parametrize("era", ["handshake", "stateless"])
async def test_what_is_no_message_is_refused_and_recorded(tmp_path: Path, body: bytes, code: int, era: str) -> None:
    async with web(tmp_path) as w:
        more = {"mcp_protocol_version": MODERN} if era == "stateless" else {"mcp_session_id": await w.begin()}
        answer = await w.post(body, **more)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == code
        assert ("alice", "echo") not in w.door.calls
        assert await w.malformed() == 1


async def test_S242_a_body_over_the_limit_is_refused_declared_or_not(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        assert (await w.post(b"x" * 100_001)).status_code == 413

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(101):
                yield b" " * 1_000

        answer = await w.http.post("/mcp", content=chunks(), headers=w.headers())
        assert answer.status_code == 413
        assert (await w.post(request("initialize"))).status_code == 200


# ---- sessions


async def test_a_session_is_the_agents_own(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        assert len(session) == 32
        answer = await w.post(request("echo", {"x": 1}), mcp_session_id=session)
        assert answer.json() == {"jsonrpc": "2.0", "id": 1, "result": {"params": {"x": 1}}}
        assert answer.headers["content-type"] == "application/json"
        assert w.door.talks[0].caller.agent == "alice"
        assert w.door.talks[0].caller.session != session


async def test_S243_another_agents_session_is_unknown(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        theirs = await w.post(request("echo"), BOB, mcp_session_id=session)
        none = await w.post(request("echo"), BOB, mcp_session_id="0" * 32)
        assert theirs.status_code == none.status_code == 404
        assert theirs.json() == none.json()
        assert (await w.http.delete("/mcp", headers=w.headers(BOB, mcp_session_id=session))).status_code == 404
        assert (await w.http.get("/mcp", headers=w.headers(BOB, mcp_session_id=session))).status_code == 404
        assert ("bob", "echo") not in w.door.calls


async def test_a_request_without_a_session_is_refused(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        assert (await w.post(request("echo"))).status_code == 400


async def test_a_handshake_that_fails_leaves_no_session(tmp_path: Path) -> None:
    async def refuse(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        raise RpcError(-32602, "no", {"x": 1})

    async with web(tmp_path, initialize=refuse) as w:
        answer = await w.post(request("initialize"))
        assert answer.status_code == 200
        assert answer.json()["error"] == {"code": -32602, "message": "no", "data": {"x": 1}}
        assert w.door.talks[0].closed
        assert w.gate.faces.clients == 0
        unusable = await w.post(request("echo"), mcp_session_id=answer.headers["mcp-session-id"])
        assert unusable.status_code == 404


async def test_a_session_that_was_deleted_is_gone(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        assert w.gate.faces.clients == 1
        assert (await w.http.delete("/mcp", headers=w.headers(mcp_session_id=session))).status_code == 204
        assert w.door.talks[0].closed
        assert w.gate.faces.clients == 0
        assert (await w.post(request("echo"), mcp_session_id=session)).status_code == 404


async def test_notifications_and_answers_are_accepted(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        for body in (note, {"jsonrpc": "2.0", "id": 7, "result": {}}):
            answer = await w.post(body, mcp_session_id=session)
            assert (answer.status_code, answer.content) == (202, b"")
        assert w.door.talks[0].heard == [("notifications/initialized", None)]


async def test_an_id_in_flight_is_not_given_twice(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def slow(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        await release.wait()
        return {}

    async with web(tmp_path, slow=slow) as w:
        session = await w.begin()
        first = asyncio.create_task(w.post(request("slow"), mcp_session_id=session))
        while ("alice", "slow") not in w.door.calls:
            await asyncio.sleep(0.01)
        second = await w.post(request("slow"), mcp_session_id=session)
        assert second.status_code == 400
        assert second.json()["error"]["code"] == -32600
        other = asyncio.create_task(w.post(request("slow", id="1"), mcp_session_id=session))
        while w.door.calls.count(("alice", "slow")) < 2:
            await asyncio.sleep(0.01)
        release.set()
        assert (await first).json()["id"] == 1
        assert (await other).json()["id"] == "1"
        assert await w.malformed() == 1


async def test_errors_of_the_handshake_era_are_200_and_tell_nothing_of_the_inside(tmp_path: Path) -> None:
    async def broken(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        raise ValueError("secret inside")

    async with web(tmp_path, broken=broken) as w:
        session = await w.begin()
        unknown = await w.post(request("what"), mcp_session_id=session)
        assert (unknown.status_code, unknown.json()["error"]["code"]) == (200, -32601)
        answer = await w.post(request("broken"), mcp_session_id=session)
        assert answer.json()["error"] == {"code": -32603, "message": "Internal error"}
        assert "secret" not in answer.text


# ---- streams


async def chatty(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
    for n in range(3):
        front.notify("notifications/progress", {"n": n})
        await asyncio.sleep(0)
    if params.get("ask"):
        return {"answer": await front.request("roots/list", None)}
    return {}


async def test_what_is_said_before_the_result_comes_before_it_on_one_stream(tmp_path: Path) -> None:
    async with web(tmp_path, chatty=chatty) as w:
        session = await w.begin()
        async with w.streaming(request("chatty"), mcp_session_id=session) as response:
            assert response.headers["content-type"] == "text/event-stream"
            found = [message async for message in lines(response)]
        assert [m.get("params", {}).get("n") for m in found] == [0, 1, 2, None]
        assert found[-1] == {"jsonrpc": "2.0", "id": 1, "result": {}}


async def test_a_client_that_names_streams_first_gets_one(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        answer = await w.post(request("echo"), accept="text/event-stream, application/json", mcp_session_id=session)
        assert answer.headers["content-type"] == "text/event-stream"


@pytest.mark.parametrize("reply", [{"result": {"roots": []}}, {"error": {"code": -1, "message": "no", "data": 5}}])
async def test_a_question_on_the_requests_stream_is_answered_by_a_post(tmp_path: Path, reply: JsonObject) -> None:
    async with web(tmp_path, chatty=chatty) as w:
        session = await w.begin()
        async with w.streaming(request("chatty", {"ask": True}), mcp_session_id=session) as response:
            async for message in lines(response):
                if message.get("method") == "roots/list":
                    accepted = await w.post({"jsonrpc": "2.0", "id": message["id"], **reply}, mcp_session_id=session)
                    assert accepted.status_code == 202
        expected = {"result": {"answer": reply["result"]}} if "result" in reply else reply
        assert message == {"jsonrpc": "2.0", "id": 1, **expected}


async def test_another_sessions_answer_answers_nothing(tmp_path: Path) -> None:
    async with web(tmp_path, chatty=chatty) as w:
        session, other = await w.begin(), await w.begin()
        async with w.streaming(request("chatty", {"ask": True}), mcp_session_id=session) as response:
            async for message in lines(response):
                if message.get("method") == "roots/list":
                    for who, value in ((other, "spoof"), (session, "real")):
                        reply = {"jsonrpc": "2.0", "id": message["id"], "result": {"x": value}}
                        await w.post(reply, mcp_session_id=who)
        assert message["result"] == {"answer": {"x": "real"}}


async def test_silence_becomes_a_stream_that_says_it_is_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_reply, "SILENT_SEC", 0.02)
    monkeypatch.setattr(http_reply, "ALIVE_SEC", 0.02)
    release = asyncio.Event()

    async def slow(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        await release.wait()
        return {"late": True}

    async with web(tmp_path, slow=slow) as w:
        session = await w.begin()
        async with w.streaming(request("slow"), mcp_session_id=session) as response:
            data = b""
            async for chunk in response.aiter_raw():
                data += chunk
                if data.count(http_stream.ALIVE) == 2:
                    release.set()
        assert data.endswith(b'"result":{"late":true}}\n\n')


async def test_a_great_result_arrives_whole_both_ways(tmp_path: Path) -> None:
    text = "ü" * (8 << 20)

    async def great(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        if params.get("stream"):
            front.notify("notifications/progress", {})
        return {"text": text}

    async with web(tmp_path, great=great) as w:
        session = await w.begin()
        answer = await w.post(request("great"), mcp_session_id=session)
        assert json.loads(answer.content)["result"]["text"] == text
        streamed = await w.post(request("great", {"stream": True}), mcp_session_id=session)
        assert json.loads(streamed.content.split(b"data: ")[-1])["result"]["text"] == text


async def test_a_cancelled_request_of_the_handshake_era_ends_with_an_error(tmp_path: Path) -> None:
    async def slow(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        await asyncio.sleep(30)
        return {}

    async with web(tmp_path, slow=slow) as w:
        session = await w.begin()
        slow_one = asyncio.create_task(w.post(request("slow", id=5), mcp_session_id=session))
        while ("alice", "slow") not in w.door.calls:
            await asyncio.sleep(0.01)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 5, "reason": "r"}}
        assert (await w.post(cancel, mcp_session_id=session)).status_code == 202
        assert (await slow_one).json()["error"]["code"] == -32800
        assert w.door.cancelled == [("slow", (CANCELLED,))]
        assert w.door.talks[0].heard == [("notifications/cancelled", {"requestId": 5, "reason": "r"})]


@pytest.mark.parametrize("sent", [True, False])
async def test_S244_a_lost_stream_of_the_handshake_era_cancels_nothing_sent_and_ends_what_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    monkeypatch.setattr(http_session, "DETACH_SEC", 0.02)
    release, ended = asyncio.Event(), asyncio.Event()

    async def slow(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        talk.sent = sent
        front.notify("notifications/progress", {})
        try:
            await release.wait()
        finally:
            ended.set()
        return {}

    async with web(tmp_path, slow=slow) as w:
        session = await w.begin()
        async with w.streaming(request("slow"), mcp_session_id=session) as response:
            async for _ in lines(response):
                break
        if sent:
            await asyncio.sleep(0.2)
            assert not ended.is_set()
            release.set()
        async with asyncio.timeout(5):
            await ended.wait()
        assert w.door.cancelled == ([] if sent else [("slow", ())])  # not CANCELLED: the client only went away


async def test_the_end_of_a_session_ends_what_waits_in_it(tmp_path: Path) -> None:
    async def slow(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        await asyncio.sleep(30)
        return {}

    async with web(tmp_path, slow=slow) as w:
        session = await w.begin()
        slow_one = asyncio.create_task(w.post(request("slow"), mcp_session_id=session))
        while ("alice", "slow") not in w.door.calls:
            await asyncio.sleep(0.01)
        await w.http.delete("/mcp", headers=w.headers(mcp_session_id=session))
        assert (await slow_one).json()["error"]["code"] == -32800
        assert w.door.cancelled == [("slow", ())]


async def test_the_sessions_stream_carries_what_belongs_to_no_request(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        front = w.door.talks[0].front
        front.notify("notifications/tools/list_changed", None)
        async with w.http.stream("GET", "/mcp", headers=w.headers(mcp_session_id=session)) as response:
            assert response.status_code == 200
            again = await w.http.get("/mcp", headers=w.headers(mcp_session_id=session))
            assert again.status_code == 409
            asking = asyncio.create_task(front.request("roots/list", None))
            async for message in lines(response):
                if message["method"] == "roots/list":
                    await w.post({"jsonrpc": "2.0", "id": message["id"], "result": {"r": 1}}, mcp_session_id=session)
                    break
                assert message["method"] == "notifications/tools/list_changed"
            assert await asking == {"r": 1}


async def test_a_stream_needs_a_session_and_a_client_that_takes_it(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        session = await w.begin()
        assert (await w.http.get("/mcp", headers=w.headers())).status_code == 400
        plain = w.headers(mcp_session_id=session, accept="application/json")
        assert (await w.http.get("/mcp", headers=plain)).status_code == 406
        stateless = w.headers(mcp_session_id=session, mcp_protocol_version=MODERN)
        assert (await w.http.get("/mcp", headers=stateless)).status_code == 405


# ---- the stateless era


async def test_a_stateless_request_needs_no_session(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        answer = await w.modern("echo", {"x": 1})
        assert answer.status_code == 200
        assert answer.json()["result"]["params"]["x"] == 1
        assert "mcp-session-id" not in answer.headers
        await w.modern("echo")
        assert [(talk.modern, talk.caller.agent) for talk in w.door.talks] == [(True, "alice")]
        assert w.gate.faces.clients == 0


@pytest.mark.parametrize(
    ("method", "params", "more", "code"),
    [
        ("echo", {}, {"mcp_method": "other"}, -32020),
        ("echo", {}, {"mcp_method": "Echo"}, -32020),
        ("tools/call", {"name": "a"}, {}, -32020),
        ("tools/call", {"name": "a"}, {"mcp_name": "b"}, -32020),
        ("tools/call", {"name": "a"}, {"mcp_name": "=?base64?!?="}, -32020),
        ("resources/read", {"uri": "a:b"}, {"mcp_name": "a"}, -32020),
        ("tasks/get", {"taskId": "a"}, {"mcp_name": "b"}, -32020),
        ("tasks/cancel", {"taskId": "a"}, {}, -32020),
        ("tools/call", {"name": "t", "arguments": {"r": "eu"}}, {"mcp_name": "t", "mcp_param_region": "us"}, -32020),
        ("tools/call", {"name": "t", "arguments": {"r": "eu"}}, {"mcp_name": "t"}, -32020),
        ("tools/call", {"name": "t"}, {"mcp_name": "t", "mcp_param_region": "us"}, -32020),
    ],
)
async def test_S024_headers_that_say_something_else_than_the_body_are_refused(
    tmp_path: Path, method: str, params: JsonObject, more: dict[str, str], code: int
) -> None:
    async with web(tmp_path, **{method: echo}) as w:
        w.door.schemas["t"] = {"properties": {"r": {"type": "string", "x-mcp-header": "Region"}}}
        answer = await w.modern(method, params, **more)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == code
        assert answer.json()["id"] == 1
        assert w.door.calls == []


async def test_headers_that_repeat_the_body_pass(tmp_path: Path) -> None:
    async with web(tmp_path, **{"tools/call": echo}) as w:
        w.door.schemas["t é"] = {"properties": {"r": {"type": "string", "x-mcp-header": "Region"}}}
        call = {"name": "t é", "arguments": {"r": "eu"}}
        answer = await w.modern("tools/call", call, mcp_name="=?base64?dCDDqQ==?=", mcp_param_region="eu")
        assert answer.status_code == 200


@pytest.mark.parametrize("name", ["MCP-Method", "mcp-name", "Mcp-Protocol-Version", "Mcp-Param-Region"])
async def test_a_header_of_the_protocol_that_stands_twice_is_refused(tmp_path: Path, name: str) -> None:
    async with web(tmp_path, **{"tools/call": echo}) as w:
        w.door.schemas["t"] = {"properties": {"r": {"type": "string", "x-mcp-header": "Region"}}}
        body = json.dumps(request("tools/call", {"name": "t", "arguments": {"r": "eu"}, "_meta": ENVELOPE})).encode()
        shown = w.headers(
            host=f"127.0.0.1:{w.port}", mcp_protocol_version=MODERN, mcp_method="tools/call", mcp_name="t",
            mcp_param_region="eu", content_length=str(len(body)),
        )  # fmt: skip
        twice = [*shown.items(), (name, shown[name.lower()])]
        head = "".join(f"{key}: {value}\r\n" for key, value in twice)
        answer = await exchange(w.port, f"POST /mcp HTTP/1.1\r\n{head}\r\n".encode() + body)
        assert answer.startswith(b"HTTP/1.1 400")
        assert w.door.calls == []


@pytest.mark.parametrize("name", ["Authorization", "Origin", "Content-Type", "Mcp-Session-Id", "Content-Encoding"])
async def test_S246_other_headers_that_stand_twice_are_refused(tmp_path: Path, name: str) -> None:
    async with web(tmp_path) as w:
        ours = f"127.0.0.1:{w.port}"
        value = {"Authorization": f"Bearer {ALICE}", "Origin": f"http://{ours}", "Content-Type": "application/json"}
        twice = f"{name}: {value.get(name, 'x')}\r\n" * 2
        head = f"POST /mcp HTTP/1.1\r\nHost: {ours}\r\nContent-Length: 0\r\n{twice}\r\n"
        assert (await exchange(w.port, head.encode())).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("envelope", "version", "code"),
    [
        ({}, MODERN, -32602),
        ({"io.modelcontextprotocol/protocolVersion": MODERN}, MODERN, -32602),
        (ENVELOPE, "2030-01-01", -32020),
        ({**ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2030-01-01"}, "2030-01-01", -32022),
        ({**ENVELOPE, "io.modelcontextprotocol/protocolVersion": "2025-11-25"}, MODERN, -32020),
    ],
)
async def test_an_envelope_that_is_not_whole_or_of_another_version_is_refused(
    tmp_path: Path, envelope: JsonObject, version: str, code: int
) -> None:
    async with web(tmp_path) as w:
        body = request("echo", {"_meta": envelope})
        answer = await w.post(body, mcp_protocol_version=version, mcp_method="echo")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
        if code == -32022:
            assert answer.json()["error"]["data"] == {"supported": [MODERN], "requested": "2030-01-01"}


async def test_stateless_errors_have_their_own_status(tmp_path: Path) -> None:
    async def fail(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        raise RpcError(params["code"], "no")

    async with web(tmp_path, fail=fail) as w:
        assert (await w.modern("what")).status_code == 404
        for code, status in ((-32602, 400), (-32021, 400), (-32603, 200), (-32003, 200), (5, 200)):
            assert (await w.modern("fail", {"code": code})).status_code == status


async def test_stateless_notifications_are_taken_and_answers_are_not(tmp_path: Path) -> None:
    async with web(tmp_path) as w:
        note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
        assert (await w.post(note, mcp_protocol_version=MODERN)).status_code == 202
        assert (await w.post(note, mcp_protocol_version="2030-01-01")).status_code == 400
        answer = await w.post({"jsonrpc": "2.0", "id": 1, "result": {}}, mcp_protocol_version=MODERN)
        assert answer.status_code == 400


@pytest.mark.parametrize("said", [True, False])
async def test_S244_a_stateless_client_that_closes_its_stream_cancels(tmp_path: Path, said: bool) -> None:
    async def slow(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        if said:
            front.notify("notifications/progress", {})
        await asyncio.sleep(30)
        return {}

    async with web(tmp_path, slow=slow) as w:
        with contextlib.suppress(httpx2.ReadTimeout):
            async with asyncio.timeout(5):
                body = json.dumps(request("slow", {"_meta": ENVELOPE})).encode()
                shown = w.headers(mcp_protocol_version=MODERN, mcp_method="slow")
                await w.http.post("/mcp", content=body, headers=shown, timeout=0.2)
        async with asyncio.timeout(5):
            while not w.door.cancelled:
                await asyncio.sleep(0.01)
        assert w.door.cancelled == [("slow", (CANCELLED,))]
        assert w.gate.faces.clients == 0


async def test_a_stateless_client_is_never_asked(tmp_path: Path) -> None:
    async def ask(talk: Talk, front: RequestFront, params: JsonObject) -> JsonObject:
        return await front.request("roots/list", None)

    async with web(tmp_path, ask=ask) as w:
        assert (await w.modern("ask")).json()["error"]["code"] == -32003


async def test_when_the_gate_ends_streams_end(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings=SETTINGS) as gate:
        door = Door({"initialize": initialize})
        app = build_app(gate, door)
        async with served(app) as port, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            w = Web(gate, door, port, http)
            session = await w.begin()
            async with http.stream("GET", "/mcp", headers=w.headers(mcp_session_id=session)) as response:
                await app.state.close()
                async with asyncio.timeout(5):
                    assert [message async for message in lines(response)] == []
            assert (await w.post(request("initialize"))).status_code == 503
            assert gate.faces.clients == 0
