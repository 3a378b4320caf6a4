"""Task handles of the gate's own (SEP-2663): how a held call looks to a client that takes tasks."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import REFUSED, RpcError

POLL_MS: Final = 5000
TTL_MS: Final = 86_400_000
TOLD: Final = RpcError(REFUSED, "Its outcome was delivered before.").as_json()
"""The error of a task whose outcome its client has."""


def handle(request_id: str, status: str, created: str, updated: str) -> JsonObject:
    """A task whose id is the request's; the times are RFC 3339."""
    shown: JsonObject = {
        "taskId": request_id, "status": status, "createdAt": created, "lastUpdatedAt": updated,
        "ttlMs": TTL_MS, "pollIntervalMs": POLL_MS,
    }  # fmt: skip
    if status == "working":
        shown["statusMessage"] = f"Waiting for a reviewer: {request_id}"
    return shown
