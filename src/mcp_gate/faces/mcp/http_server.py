"""The HTTP server under the endpoint."""

from __future__ import annotations

from typing import Final

import uvicorn
from starlette.types import ASGIApp

from mcp_gate.faces.patient import MOST_HEADER_BYTES, Server, patient

MOST_CONNECTIONS: Final = 1_000
KEEP_SEC: Final = 60
CLOSE_SEC: Final = 2


def make_server(app: ASGIApp) -> uvicorn.Server:
    """A server for one application; it leaves signals to the gate."""
    config = uvicorn.Config(
        app, http=patient(MOST_CONNECTIONS), ws="none", lifespan="off", interface="asgi3",
        log_config=None, access_log=False, server_header=False, proxy_headers=False,
        timeout_keep_alive=KEEP_SEC, h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        timeout_graceful_shutdown=CLOSE_SEC,
    )  # fmt: skip
    return Server(config)
