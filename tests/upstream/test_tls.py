"""Upstreams over TLS whose certificate nobody vouches for."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.http import open_http
from mcp_gate.wire.peer import Lost
from support.certificates import self_signed
from support.web import Ears

pytestmark = pytest.mark.anyio


async def test_S189_a_certificate_nobody_vouches_for_is_refused_and_no_credential_is_sent(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "both.pem"))
    received: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read(1000))
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side of a handshake broken off
    try:
        url = f"https://localhost:{server.sockets[0].getsockname()[1]}/mcp"
        spec = UpstreamSpec("web", "web_", url=url, headers={"Authorization": "Bearer secret"})
        with pytest.raises(Lost) as caught:
            await open_http(spec, None, Ears(), Limits())
        assert not caught.value.sent
        assert not any(b"secret" in data for data in received)
    finally:
        server.close()
