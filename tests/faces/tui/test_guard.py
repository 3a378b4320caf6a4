"""The second wall: what a widget lets through does not leave for the terminal."""

from __future__ import annotations

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

from mcp_gate.faces.tui.guard import Guard, scrub
from mcp_gate.lang.reveal import is_hidden

pytestmark = pytest.mark.anyio

HOSTILE = "a\x1b]52;c;cHduZWQ=\x1b\\b\x9b31mc\u202ed\u200be\U000e0041f"


def test_hidden_characters_are_replaced_and_plain_ones_kept() -> None:
    assert scrub("Grüße, 東京 🙂\u00a0x") == "Grüße, 東京 🙂\u00a0x"
    assert scrub("a\x9bb\u202e") == "a\ufffdb\ufffd"


class Careless(App[None]):
    """Forgets `reveal` everywhere."""

    def get_line_filters(self):  # type: ignore[no-untyped-def]
        return [*super().get_line_filters(), Guard()]

    def compose(self) -> ComposeResult:
        yield Static(HOSTILE, markup=False)
        yield DataTable()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_column("x")
        table.add_row(Text(HOSTILE))
        table.border_title = Text(HOSTILE)  # type: ignore[assignment]
        table.styles.border = ("round", "white")


async def test_no_widget_gets_past_it() -> None:
    app = Careless()
    async with app.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        text = "".join(strip.text for strip in app.screen._compositor.render_strips())
        assert text.count("cHduZWQ=") == 3
        assert not [char for char in text if is_hidden(char) and char != "\u00a0"]
