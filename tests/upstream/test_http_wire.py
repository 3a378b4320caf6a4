"""Upstreams over TLS whose certificate nobody vouches for."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.upstream.http_open import open_http
from mcp_gate.wire.peer import Lost
from support.certificates import unvouched
from support.web import Ears

pytestmark = pytest.mark.anyio


async def test_S189_a_certificate_nobody_vouches_for_is_refused_and_no_credential_is_sent(tmp_path: Path) -> None:
    async with unvouched(tmp_path) as (url, received):
        spec = UpstreamSpec("web", "web_", url=f"{url}mcp", headers={"Authorization": "Bearer secret"})
        with pytest.raises(Lost) as caught:
            await open_http(spec, None, Ears(), Limits())
        assert not caught.value.sent
        assert not any(b"secret" in data for data in received)
