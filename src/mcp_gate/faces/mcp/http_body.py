"""The body of a POST, within bounds."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Receive

from mcp_gate.faces.mcp.http_headers import Head, refused

BODY_SEC: Final = 30.0


async def read_body(head: Head, receive: Receive, limit: int) -> bytes:
    """
    Args:
        limit: bytes at most.

    Raises:
        Refusal: 413, it is too large; 408, it does not come; 400, the client left.
    """
    declared = head.get("content-length")
    too_large = refused(413, f"Payload too large: more than {limit} bytes")
    if declared is not None and declared.isdigit() and int(declared[:20]) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SEC):
            while True:
                event = await receive()
                if event["type"] != "http.request":
                    raise refused(400, "Bad request: the body is not whole")
                chunk = event.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise too_large
                parts.append(chunk)
                if not event.get("more_body", False):
                    return parts[0] if len(parts) == 1 else b"".join(parts)
    except TimeoutError:
        raise refused(408, "Request timeout: the body did not come") from None
