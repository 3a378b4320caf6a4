"""Withheld results, proposals and second looks stand in the same queue, with the words that each of them takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.tui.approve import Approve
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import KINDS
from mcp_gate.faces.tui.lineview import LineView
from mcp_gate.faces.tui.pager import Pager
from mcp_gate.faces.tui.sender import Uncovered
from mcp_gate.lang.reveal import is_hidden
from mcp_gate.model.decision import Tier
from mcp_gate.review.judge import WORDS
from support.reviewed import GROUPS, a_gate
from support.screens import USUAL, a_desk

pytestmark = pytest.mark.anyio

HOSTILE = "\x1b[2J\x1b]52;c;cHduZWQ=\x07 [bold]x[/] [/nope] [@click=app.quit]q[/] a\u202eb \x00 \x9b31m \u200b tail "
ABOUT = {"quarantine": {"why": "1 US_SSN", "details": [{"field": "content[0].text", "reason": "Bulk export"}]}}


def test_the_screen_knows_every_kind_and_says_the_words_that_the_gate_takes() -> None:
    assert WORDS.keys() == KINDS.keys()
    for name, kind in KINDS.items():
        assert {kind.yes, kind.no, kind.also, kind.worse} - {""} == set(WORDS[name])
        assert {word for word, _ in kind.past} == set(WORDS[name])


def withheld(held: Held, result: Any) -> Held:
    """As the gate tells a withheld result: masked."""
    found = ("1-25: 25 x US_SSN in content[0].text (us_ssn): quarantine, by bulk",)
    return replace(held, more={"result": result}, verdict={**held.verdict, **ABOUT}, found=found)


async def test_a_result_is_uncovered_and_read_before_it_is_released(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(kind="quarantine", tier=Tier.LOW)
        async with a_desk(gate) as desk:
            shown = desk.detail.held
            assert shown is not None
            masked = {"content": [{"type": "text", "text": "[REDACTED:US_SSN#1]"}]}
            desk.screen.desk.requests["R-1"] = withheld(shown, masked)
            desk.screen.refill()
            await desk.sees("a Release…  d Drop…  e Redacted…")
            assert "withheld    1 US_SSN" in desk.text
            assert "found       1-25: 25 x US_SSN in content[0].text" in desk.text
            assert "quarantine, by bulk" in desk.text
            assert "result shop_refund_order" in desk.text
            await desk.read_all()
            await desk.press("a")
            assert "uncover it first (r)" in desk.text
            await desk.press("e")  # what is shown covered is what would pass
            dialog = desk.app.screen
            assert isinstance(dialog, Approve)
            assert dialog.word.body["decision"] == "redact"
            assert "Release redacted R-1?" in desk.text
            assert "to release this one result redacted" in desk.text
            await desk.press("escape")
            desk.screen.post_message(Uncovered("R-1", {"content": [{"type": "text", "text": "123-45-6789"}]}))
            await desk.sees("123-45-6789")
            assert not desk.detail.is_read
            await desk.read_all()
            await desk.press("a")
            dialog = desk.app.screen
            assert isinstance(dialog, Approve)
            assert dialog.word.body["decision"] == "release"
            assert "to release this one result." in desk.text
            await desk.press("escape", "d", "2")
            assert "d drops it" in desk.text
        assert not await gate.records("request.decided")


async def test_S132_a_hostile_result_of_five_megabytes_is_shown_inert(tmp_path: Path) -> None:
    text = HOSTILE * (5_000_000 // len(HOSTILE) + 1)
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(kind="quarantine", tier=Tier.LOW)
        async with a_desk(gate, size=USUAL) as desk:
            shown = desk.detail.held
            assert shown is not None
            result = {"content": [{"type": "text", "text": text}]}
            desk.screen.desk.requests["R-1"] = withheld(shown, {}).bared(result)
            desk.screen.refill()
            await desk.press("enter")
            for _ in range(6):
                assert not [char for char in desk.text.replace("\n", "") if is_hidden(char) and char != "\u00a0"]
                await desk.press("space")
            assert desk.detail.is_read
            for key, why in (("a", "over 1 MiB"), ("e", "over 1 MiB"), ("v", "too large to be shown whole")):
                await desk.press(key)
                assert why in desk.text
            # Half a megabyte is read in the pager, to its end.
            desk.screen.desk.requests["R-1"] = withheld(shown, {}).bared({"text": text[:500_000]})
            desk.screen.refill()
            await desk.press("v")
            pager = desk.app.screen
            assert isinstance(pager, Pager)
            await desk.press("G")
            assert not [char for char in desk.text.replace("\n", "") if is_hidden(char) and char != "\u00a0"]
            assert pager.query_one("#whole", LineView).unseen > 1000
            await desk.press("escape")
            assert desk.app.is_running
        assert not await gate.records("request.decided")
