"""What is personal is covered, whole and nothing else."""

from __future__ import annotations

import pytest

from mcp_gate.detect.options import Options
from mcp_gate.faces.masks import Masks, masked
from mcp_gate.faces.tui.comparing import compared
from mcp_gate.faces.tui.editor import written
from mcp_gate.faces.tui.lines import hang, plain
from mcp_gate.gate.personal import personal
from mcp_gate.lang import strictjson
from support.scanning import Broken, Personal

pytestmark = pytest.mark.anyio

ARGUMENTS = {
    "note": "SSN 123-45-6789 and jane.doe@example.com", "list": [{"card": "4539 5787 6362 1486"}], "amount": 7,
    "to": "billing@p\u0430ypal.com",
}  # fmt: skip


async def covers() -> Masks:
    return tuple(await personal(Personal(), ARGUMENTS, Options()))


async def test_what_the_detectors_find_is_covered_in_place() -> None:
    shown = masked(ARGUMENTS, await covers())
    assert shown["note"] == "SSN ▒▒US_SSN▒▒ and ▒▒EMAIL_ADDRESS▒▒"
    assert shown["list"] == [{"card": "▒▒CREDIT_CARD▒▒"}]
    assert shown["amount"] == 7
    assert ARGUMENTS["list"] == [{"card": "4539 5787 6362 1486"}]


async def test_a_look_alike_is_never_covered() -> None:
    assert masked(ARGUMENTS, await covers())["to"] == ARGUMENTS["to"]


async def test_a_detector_that_fails_or_would_take_long_covers_nothing() -> None:
    assert await personal(Broken(), ARGUMENTS, Options()) == []
    assert await personal(Personal(), {**ARGUMENTS, "long": "x" * 70_000}, Options()) == []


async def test_a_difference_tells_nothing_of_what_is_covered() -> None:
    before = {**ARGUMENTS, "note": "SSN 987-65-4321 and nobody", "gone": 1}
    rows = compared(before, ARGUMENTS, masked(ARGUMENTS, await covers()))
    lines = [plain(line) for line in hang(rows, 200)]
    asked = masked(ARGUMENTS, await covers())
    assert [
        plain(line) for line in hang(compared(ARGUMENTS, {**ARGUMENTS, "note": "none"}, {"note": "none"}, asked), 200)
    ] == ['~ note  "SSN ▒▒US_SSN▒▒ and ▒▒EMAIL_ADDRESS▒▒" → "none"']
    assert lines == ['~ note  "another one" → "SSN ▒▒US_SSN▒▒ and ▒▒EMAIL_ADDRESS▒▒"', "- gone  1"]


def test_what_is_edited_parses_back_and_hides_nothing() -> None:
    value = {"a\u202e": ["\u200b\U000e0041", "line\nline", "é漢", "\x1b[2J"], "n": 2**70}
    text = written(value)
    assert strictjson.parse(text.encode()) == value
    assert "\\u202e" in text
    assert "\u202e" not in text
    assert "é漢" in text
