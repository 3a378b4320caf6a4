"""HTTP requests to one upstream: headers from scratch, bodies of bounded size, errors as `Lost`."""

from __future__ import annotations

import functools
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Final

import httpx2
from httpx2 import AsyncByteStream

from mcp_gate.model.config import UpstreamSpec
from mcp_gate.upstream.child import expanded
from mcp_gate.upstream.sse import EventTooLong, SseEvent, SseReader
from mcp_gate.wire.peer import Lost

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
KEPT_CONNECTIONS: Final = 100
MOST_CONNECTIONS: Final = 1_000
KEEP_SEC: Final = 30.0
# An answer may take as long as the call may: who waits for it bounds it, not the connection.
TIMEOUTS: Final[Mapping[str, float | None]] = {"connect": 10.0, "read": None, "write": 30.0, "pool": 10.0}
OURS: Final = frozenset({"host", "accept", "accept-encoding", "content-type", "content-length", "connection", "cookie"})
"""Headers that an admin's `headers:` cannot set, besides everything that begins with `mcp-`."""


class HttpWire:
    """A pool of connections to one address.

    It sits below the HTTP client: no cookies, no redirects, no proxies and credentials from the environment, no
    compression, no header that is not written here.
    """

    def __init__(self, spec: UpstreamSpec, limit: int) -> None:
        """
        Args:
            limit: most bytes of a body or an event.

        Raises:
            Lost: the address or a header is not usable, or a variable is not set.
        """
        self._limit = limit
        self._url = _address(spec.url or "")
        self._base = _own_headers(spec)
        self._pool = httpx2.AsyncHTTPTransport(
            verify=tls(),
            trust_env=False,
            limits=httpx2.Limits(
                max_connections=MOST_CONNECTIONS, max_keepalive_connections=KEPT_CONNECTIONS, keepalive_expiry=KEEP_SEC
            ),
            socket_options=_keep_alive(),
        )

    @asynccontextmanager
    async def send(
        self, method: str, headers: Mapping[str, str], body: bytes | None = None, accept: str = f"{JSON}, {EVENTS}"
    ) -> AsyncIterator[HttpAnswer]:
        """One request; the connection goes back to the pool when the body was read to its end.

        Raises:
            Lost: there is no answer; `sent` tells whether the request may have been seen.
        """
        written = {**self._base, "accept": accept, **headers}
        if body is not None:
            written["content-type"] = JSON
        try:
            request = httpx2.Request(
                method, self._url, headers=written, content=body, extensions={"timeout": dict(TIMEOUTS)}
            )
            response = await self._pool.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as e:
            raise Lost(f"the upstream cannot be reached ({type(e).__name__})", sent=False) from None
        except (httpx2.LocalProtocolError, UnicodeEncodeError):
            raise Lost("the request cannot be written as HTTP", sent=False) from None
        except httpx2.TransportError as e:
            raise Lost(f"the connection to the upstream broke ({type(e).__name__})", sent=True) from None
        answer = HttpAnswer(response, self._limit)
        try:
            yield answer
        finally:
            await answer.close()

    async def close(self) -> None:
        await self._pool.aclose()


class HttpAnswer:
    """Status and headers of an answer; its body is still to be read."""

    __slots__ = ("_limit", "_response", "status", "type")

    def __init__(self, response: httpx2.Response, limit: int) -> None:
        self._response = response
        self._limit = limit
        self.status = response.status_code
        self.type = response.headers.get("content-type", "").partition(";")[0].strip().lower()

    def header(self, name: str) -> str | None:
        value: str | None = self._response.headers.get(name)
        return value

    async def body(self) -> list[bytes]:
        """The whole body, in parts.

        Raises:
            Lost: it broke off or is larger than allowed.
        """
        parts: list[bytes] = []
        size = 0
        with self._reading() as stream:
            async for chunk in stream:
                size += len(chunk)
                if size > self._limit:
                    raise Lost(f"the upstream's answer is larger than {self._limit} bytes", sent=True)
                parts.append(chunk)
        return parts

    async def events(self, take: Callable[[SseEvent], Awaitable[None]]) -> None:
        """Hand over the events of the body, in order, until the server ends it.

        Raises:
            Broken: the connection ended first.
            Lost: an event is larger than allowed.
        """
        reader = SseReader(self._limit)
        with self._reading() as stream:
            async for chunk in stream:
                for event in reader.feed(chunk):
                    await take(event)

    @contextmanager
    def _reading(self) -> Iterator[AsyncByteStream]:
        stream = self._response.stream
        if self._response.headers.get("content-encoding", "identity").lower() != "identity":
            raise Lost("the upstream compressed its answer, which was not asked for", sent=True)
        if not isinstance(stream, AsyncByteStream):
            raise Lost("the upstream's answer cannot be read", sent=True)
        try:
            yield stream
        except EventTooLong as e:
            raise Lost(f"the upstream's answer is too large: {e}", sent=True) from None
        except httpx2.TransportError as e:
            raise Broken(f"the answer of the upstream broke off ({type(e).__name__})", sent=True) from None

    async def close(self) -> None:
        if isinstance(self._response.stream, AsyncByteStream):
            await self._response.stream.aclose()


class Broken(Lost):
    """The connection ended in the middle of an answer: a stream of events may be taken up again."""


def _address(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        raise Lost("the upstream's url is not one", sent=False) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Lost("the upstream's url is not http:// or https://", sent=False)
    return parsed


def _own_headers(spec: UpstreamSpec) -> dict[str, str]:
    from mcp_gate import __version__

    out = {"user-agent": f"mcp-gate/{__version__}", "accept-encoding": "identity"}
    for name, value in spec.headers.items():
        key = name.lower()
        if key not in OURS and not key.startswith("mcp-"):
            out[key] = expanded(value, os.environ)
    return out


@functools.cache
def tls() -> ssl.SSLContext:
    """Made once: reading the certificate authorities takes tens of milliseconds."""
    return httpx2.create_ssl_context(trust_env=False)


def _keep_alive() -> list[tuple[int, int, int]]:
    """Without a time-out on reading, the system has to notice a peer that is gone."""
    out = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
        if hasattr(socket, name):
            out.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    return out
