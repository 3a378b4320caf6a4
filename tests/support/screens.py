"""The review screen on a real gate, driven by keys and read as text."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual import events
from textual.pilot import Pilot

from mcp_gate.faces.tui.app import ReviewApp
from mcp_gate.faces.tui.desk import Live
from mcp_gate.faces.tui.detail import Detail
from mcp_gate.faces.tui.queue import Queue
from mcp_gate.faces.tui.screen import DeskScreen
from mcp_gate.gate.reviewers import operator
from support.held import a_call
from support.reviewed import Reviewed

WIDE = (120, 40)
USUAL = (80, 24)
LONGEST_WAIT = 15.0
VARYING = (
    (re.compile(r"v1:[0-9a-f]{12}"), "v1:snapshotsnap"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "hh:mm:ss"),
    (re.compile(r"\b[0-9a-f]{8} [0-9a-f]{8}…"), "digestdi gestdige…"),
    (re.compile(r"digest [0-9a-f]{8}"), "digest digestdi"),
    (re.compile(r"(?<= )[B-DF-HJ-NP-TV-XZ]( [B-DF-HJ-NP-TV-XZ]){3}(?= )"), "C O D E"),
)
"""What differs from run to run, and what of the same width stands for it in the kept screens."""


@dataclass
class Desk:
    """One reviewer's screen."""

    app: ReviewApp
    pilot: Pilot[None]

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def screen(self) -> DeskScreen:
        return self.app.desk_screen

    @property
    def queue(self) -> Queue:
        return self.screen.query_one(Queue)

    @property
    def detail(self) -> Detail:
        return self.screen.query_one(Detail)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        await self.until(self._read)

    def _read(self) -> bool:
        """Whether what is under the cursor is shown, if the gate can tell it."""
        if not (self.app.is_running and self.screen.is_attached and isinstance(self.screen.desk.link, Live)):
            return True
        held, current = self.detail.held, self.queue.current
        return current is None or (held is not None and held.id == current)

    def burst(self, *keys: str) -> None:
        """Keys that arrive in one piece, as typed ahead on a slow line."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))

    async def read_all(self) -> None:
        """Page through the call that is shown until its last line was on the screen."""
        if not self.detail.display:
            await self.press("enter")
        for _ in range(60):
            if self.detail.is_read:
                return
            await self.press("space")
        raise AssertionError(f"not read to its end:\n{self.text}")

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until a condition holds."""
        async with asyncio.timeout(LONGEST_WAIT):
            while not condition():
                await self.pilot.pause()
                await asyncio.sleep(0.01)

    async def sees(self, text: str) -> None:
        """Wait until a text is on the screen."""
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"{text!r} is not on the screen:\n{self.text}") from None


@asynccontextmanager
async def a_desk(gate: Reviewed, *, me: str | None = None, size: tuple[int, int] = WIDE) -> AsyncGenerator[Desk]:
    """The screen of a reviewer who may decide (unless `me` says another), with the queue read."""
    me = me or ("dana" if gate.gate.loaded.settings.reviewers else operator())
    status = await gate.do(gate.client.get, "/v1/status")
    app = ReviewApp(gate.client, me, status)
    async with app.run_test(size=size) as pilot:
        desk = Desk(app, pilot)
        await desk.until(lambda: "● live" in desk.text and len(desk.screen.desk.requests) == gate.count)
        await desk.until(lambda: not gate.count or desk.detail.held is not None)
        await pilot.pause()
        yield desk


def held_call(gate: Reviewed, **changes: Any) -> Any:
    """A call with an id of its own, for `Reviewed.hold(call=…)`."""
    return a_call(**{"id": f"c-own-{gate.count}", "arguments": {"order": f"own-{gate.count}"}, **changes})


def steady(text: str) -> str:
    """A screen without what differs from run to run, for comparing with a kept one."""
    for pattern, stand_in in VARYING:
        text = pattern.sub(stand_in, text)
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def same_as_kept(text: str, file: Path) -> None:
    """Compare with a kept screen; with UPDATE_SCREENS set it is kept anew."""
    if os.environ.get("UPDATE_SCREENS"):
        file.write_text(steady(text), encoding="utf-8")
    assert steady(text) == file.read_text(encoding="utf-8")
