"""One delivery: to an address that was looked at before it is dialled, and is dialled as it was looked at."""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

import httpx2

from mcp_gate.lang.hostnames import public
from mcp_gate.upstream.http_wire import tls

TOTAL_SEC: Final = 10.0
"""From the first look at the name to the last byte of the answer that is read."""
CONNECT_SEC: Final = 3.0
MOST_BYTES: Final = 65_536
"""Of an answer; what lies beyond is not waited for."""
MOST_PAUSE_SEC: Final = 3600.0
"""What a receiver may ask for at most."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver took it."""

    answer: bytes = b""
    """The beginning of what it said."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Not now; perhaps later."""

    why: str
    pause: float | None = None
    """Seconds that the receiver asks to be left alone for."""


@dataclass(frozen=True, slots=True)
class Gone:
    """The receiver wants no more of this."""

    why: str = "it answered 410: nobody is there any more"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Its name leads to where nothing may be sent."""

    host: str
    why: str = "its address is not public; allow_private: true would allow it"


Delivery: TypeAlias = Delivered | Failed | Gone | Forbidden


async def deliver(url: str, headers: Mapping[str, str], body: bytes, *, allow_private: bool) -> Delivery:
    """Post once. No redirects, no proxies, no cookies; certificates are verified."""
    try:
        async with asyncio.timeout(TOTAL_SEC):
            return await _deliver(httpx2.URL(url), headers, body, allow_private=allow_private)
    except TimeoutError:
        return Failed(f"it took longer than {TOTAL_SEC:.0f} s")
    except httpx2.InvalidURL:
        return Failed("the url is not one")


async def _deliver(url: httpx2.URL, headers: Mapping[str, str], body: bytes, *, allow_private: bool) -> Delivery:
    try:
        addresses = await _addresses(url.host, url.port or (443 if url.scheme == "https" else 80))
    except (OSError, UnicodeError):
        return Failed("its name leads to no address")
    good = [one for one in addresses if allow_private or public(ipaddress.ip_address(one))]
    if not good:
        return Forbidden(url.host)
    answer: Delivery = Failed("it cannot be reached")
    for address in good:
        try:
            return await _post(url, address, headers, body)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as e:
            answer = Failed(f"it cannot be reached ({type(e).__name__})")
        except httpx2.TransportError as e:
            return Failed(f"the connection broke ({type(e).__name__})")
    return answer


async def _addresses(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


async def _post(url: httpx2.URL, address: str, headers: Mapping[str, str], body: bytes) -> Delivery:
    """To the very address, under the name: the certificate has to be the name's."""
    transport = httpx2.AsyncHTTPTransport(verify=tls(), trust_env=False)
    try:
        request = httpx2.Request(
            "POST", url.copy_with(host=address), headers={**headers, "host": url.netloc.decode("ascii")}, content=body,
            extensions={
                "sni_hostname": url.host,
                "timeout": {"connect": CONNECT_SEC, "read": TOTAL_SEC, "write": TOTAL_SEC, "pool": TOTAL_SEC},
            },
        )  # fmt: skip
        response = await transport.handle_async_request(request)
        return _meaning(response, await _beginning(response))
    finally:
        with suppress(httpx2.TransportError):
            await transport.aclose()


async def _beginning(response: httpx2.Response) -> bytes:
    """What was sent of the body, as it was sent: nothing is unpacked."""
    read = bytearray()
    stream = response.stream
    assert isinstance(stream, httpx2.AsyncByteStream)
    try:
        async for chunk in stream:
            read += chunk
            if len(read) >= MOST_BYTES:
                break
    except httpx2.TransportError:
        pass  # the status said what there was to say
    return bytes(read[:MOST_BYTES])


def _meaning(response: httpx2.Response, body: bytes) -> Delivery:
    status = response.status_code
    if 200 <= status < 300:
        return Delivered(body)
    if status == 410:
        return Gone()
    if 300 <= status < 400:
        return Failed(f"it answered {status}; redirects are not followed")
    asked = response.headers.get("retry-after") if status in (429, 503) else None
    return Failed(f"it answered {status}", None if asked is None else pause(asked, time.time()))


def pause(asked: str, now: float) -> float | None:
    """Seconds of a `Retry-After`: a number, or a date of HTTP; None where it is neither."""
    if asked.isascii() and asked.isdigit() and len(asked) < 10:
        return min(float(asked), MOST_PAUSE_SEC)
    try:
        until = email.utils.parsedate_to_datetime(asked).timestamp()
    except (ValueError, OverflowError):
        return None
    return min(max(until - now, 0.0), MOST_PAUSE_SEC)
