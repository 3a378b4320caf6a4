"""A view of lines that knows which of them have been on the screen."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from mcp_gate.faces.tui.lines import Row
from mcp_gate.faces.tui.lineview import LineView

pytestmark = pytest.mark.anyio

PAGES = 12


class _Lines(App[None]):
    def compose(self) -> ComposeResult:
        yield LineView([Row(((f"line {number}", ""),)) for number in range(24 * PAGES)], id="lines", can_focus=True)


async def test_keys_that_come_faster_than_the_screen_is_drawn_leave_no_line_out() -> None:
    app = _Lines()
    async with app.run_test(size=(40, 24)) as pilot:
        view = app.query_one("#lines", LineView)
        for _ in range(2 * PAGES):
            view.action_page(1)
        for _ in range(2 * PAGES):
            await pilot.pause()
        assert (view.unseen, view.scroll_offset.y) == (0, view.max_scroll_y)


async def test_a_jump_to_the_end_is_not_reading() -> None:
    app = _Lines()
    async with app.run_test(size=(40, 24)) as pilot:
        view = app.query_one("#lines", LineView)
        await pilot.pause()
        view.action_last()
        await pilot.pause()
        assert view.unseen == 24 * (PAGES - 2)
