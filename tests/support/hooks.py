"""A receiver of webhooks that answers as the test says, and a gate that sends to it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from mcp_gate.notify import worker
from mcp_gate.notify.post import Post
from support.reviewed import Reviewed, a_gate
from support.web import Answer, Asked, Script, plain, scripted

SECRET = "whsec_" + base64.b64encode(b"pager" * 6).decode()
OTHER = "whsec_" + base64.b64encode(b"other" * 6).decode()


def answers(*statuses: str, **headers: str) -> Answer:
    """One status after the other, and the last one for ever."""
    left = list(statuses)

    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(plain(b"", left.pop(0) if len(left) > 1 else left[0], **headers))

    return answer


OK = answers("204 No Content")


def payload(asked: Asked, secret: str = SECRET) -> dict[str, Any]:
    """What a receiver reads, once the library of Standard Webhooks has verified it."""
    return dict(Webhook(secret).verify(asked.body, asked.headers))


def told(script: Script) -> list[str]:
    """Types of all messages as they came."""
    return [payload(asked)["type"] for asked in script.asked]


def webhook(url: str, more: str = "") -> str:
    return f'  - {{ id: pager, url: "{url}", secret: "${{env:PAGER_SECRET}}", allow_private: true{more} }}\n'


@asynccontextmanager
async def sending(gate: Reviewed) -> AsyncIterator[Post]:
    """The post of a gate at work, once every webhook is followed."""
    post = Post(gate.gate)
    task = asyncio.create_task(post.send_forever())
    try:
        for spec in gate.gate.loaded.settings.webhooks:
            while not await followed(gate, spec.id):
                await asyncio.sleep(0.005)
        yield post
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def followed(gate: Reviewed, webhook: str) -> bool:
    batch = await gate.gate.store.outbox.read(webhook, lambda _: False, 0)
    return batch.after > 0


@asynccontextmanager
async def hooked(
    state: Path, monkeypatch: pytest.MonkeyPatch, answer: Answer = OK, more: str = "", settings: str = ""
) -> AsyncIterator[tuple[Reviewed, Script]]:
    """A gate with one webhook, and the receiver's side of it. Attempts follow each other at once."""
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    monkeypatch.setattr(worker, "DELAYS", (0.01,) * 3)
    async with scripted(answer) as (url, script):
        text = f"version: v1\n{settings}webhooks:\n{webhook(url, more)}"
        async with a_gate(state, settings=text.encode()) as gate, sending(gate):
            yield gate, script


async def until(condition: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return
            await asyncio.sleep(0.005)
