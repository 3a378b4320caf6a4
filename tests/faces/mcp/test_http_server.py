from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from mcp_gate.faces import patient
from mcp_gate.faces.bound import address_of, bind
from mcp_gate.faces.mcp import http_server
from mcp_gate.faces.mcp.http import serve_mcp
from mcp_gate.model.config import Address, ConfigError, Place
from support.gates import open_gate
from support.running import place
from support.web import exchange, served


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body, then says how long it was."""
    size = 0
    while True:
        event = await receive()
        size += len(event.get("body", b""))
        if not event.get("more_body"):
            break
    data = b"%d" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(data))]})
    await send({"type": "http.response.body", "body": data})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", "", "localhost.example.com"])
def test_S240_an_address_others_can_reach_is_not_bound(host: str) -> None:
    with pytest.raises(ConfigError, match=r"listen\.mcp"):
        bind("mcp", Address(host, 0))


def test_S240_serve_refuses_to_start_on_an_address_others_can_reach() -> None:
    with place({}, settings='listen: { mcp: "0.0.0.0:0" }\n') as where:
        done = where.run("serve")
        assert done.returncode == 2
        assert "gate.yaml" in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with contextlib.closing(bind("mcp", Address("127.0.0.1", 0))) as sock:
        host, port = address_of(sock).split(":")
        with pytest.raises(ConfigError, match=r"^gate.yaml:2:16: listen.mcp: .* cannot be bound"):
            bind("mcp", Address(host, int(port), Place("gate.yaml", 2, 16)))


def test_localhost_is_this_machine() -> None:
    with contextlib.closing(bind("mcp", Address("localhost", 0))) as sock:
        assert address_of(sock).startswith("127.0.0.1:")


@pytest.mark.anyio
async def test_small_answers_are_not_held_back_by_the_kernel() -> None:
    seen: list[int] = []

    class Looking(patient.Patient):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            seen.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http_server, "patient", lambda most: patient.patient(most, Looking))
        async with served(application) as port:
            await exchange(port, HEAD + b"Content-Length: 0\r\n\r\n")
    assert seen
    assert all(seen)


HEAD = b"POST /mcp HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        HEAD + b"Content-Length: 5, 6\r\n\r\nhello!",
        HEAD + b"Content-Length: +5\r\n\r\nhello",
        HEAD + b"Content-Length: 0x5\r\n\r\nhello",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding\x00: chunked\r\n\r\n",
        HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X: a\r\n\tb\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        HEAD + b"content-length: 5\r\nCONTENT-LENGTH: 5\r\n\r\nhello",
        HEAD + b"Content-Length: 5, 5\r\n\r\nhello",
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"POST /mcp HTTP/1.1\nHost: x\nContent-Length: 0\n\n",
        HEAD + b"X: a\rContent-Length: 5\r\n\r\nhello",
        HEAD + b"X: a\x00b\r\n\r\n",
        HEAD + b": empty\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        b" " + HEAD + b"\r\n",
        b"POST /mcp HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"POST /mcp HTTP/2.0\r\nHost: x\r\n\r\n",
        b"POST  /mcp HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /mcp\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n",
    ],
)
async def test_S246_a_request_that_two_readers_could_read_in_two_ways_is_refused(data: bytes) -> None:
    async with served(application) as port:
        assert (await exchange(port, data, close=True)).startswith(b"HTTP/1.1 400")


@pytest.mark.anyio
async def test_S246_a_smuggled_request_gets_no_answer_of_its_own() -> None:
    async with served(application) as port:
        smuggled = b"POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        data = HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
        answer = await exchange(port, data, close=True)
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.anyio
@pytest.mark.parametrize("cut", range(1, 60, 7))
async def test_S246_it_does_not_matter_how_the_bytes_arrive(cut: int) -> None:
    async with served(application) as port:
        data = HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data[:cut])
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(data[cut:])
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 400")
        writer.close()


@pytest.mark.anyio
async def test_S246_the_second_request_of_a_connection_is_looked_at_as_the_first() -> None:
    async with served(application) as port:
        good = HEAD + b"Content-Length: 3\r\n\r\nabc"
        bad = HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(good + bad)
        answers = await reader.read()
        assert answers.startswith(b"HTTP/1.1 200")
        assert answers.count(b"HTTP/1.1 200") == 1
        assert answers.count(b"HTTP/1.1 400") == 1
        writer.close()


@pytest.mark.anyio
async def test_bodies_may_hold_what_headers_may_not() -> None:
    async with served(application) as port:
        body = b"a\n b\n\n\r\n\r\nContent-Length: 1\r\nContent-Length: 1"
        answer = await exchange(port, HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        assert answer.endswith(b"\r\n\r\n%d" % len(body))


@pytest.mark.anyio
async def test_S242_headers_without_end_are_cut_off() -> None:
    async with served(application) as port:
        assert (await exchange(port, HEAD + b"X: " + b"a" * 100_000, close=False)).startswith(b"HTTP/1.1 4")


@pytest.mark.anyio
async def test_S242_slow_headers_lose_the_connection_and_others_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "HEADER_SEC", 0.2)
    async with served(application) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                for byte in HEAD * 10:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0.02)
                    if reader.at_eof():
                        break
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        writer.close()
        assert (await exchange(port, HEAD + b"Content-Length: 3\r\n\r\nabc")).endswith(b"3")


@pytest.mark.anyio
async def test_S242_a_connection_between_two_requests_has_time_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patient, "HEADER_SEC", 0.2)
    async with served(application) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(HEAD + b"Content-Length: 2\r\n\r\nab")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(1) == b"2"
            await asyncio.sleep(0.3)
        writer.close()


@pytest.mark.anyio
async def test_S242_idle_connections_make_room_for_those_that_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MOST_CONNECTIONS", 20)
    async with served(application) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
        assert (await exchange(port, HEAD + b"Content-Length: 3\r\n\r\nabc")).endswith(b"3")
        for _, writer in idle:
            writer.close()


@pytest.mark.anyio
async def test_the_server_does_not_say_what_it_is() -> None:
    async with served(application) as port:
        answer = await exchange(port, HEAD + b"Content-Length: 0\r\n\r\n")
        assert b"server:" not in answer.lower()
        assert b"uvicorn" not in answer.lower()


@pytest.mark.anyio
async def test_a_gate_serves_at_the_address_it_names(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings='listen: { mcp: "127.0.0.1:0" }\n') as gate:
        async with serve_mcp(gate):
            port = int(gate.faces.listening["mcp"].rpartition(":")[2])
            data = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 0\r\n\r\n" % port
            assert (await exchange(port, data)).startswith(b"HTTP/1.1 401")
        assert "mcp" not in gate.faces.listening
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)
