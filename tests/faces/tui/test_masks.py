"""What is personal is covered, whole and nothing else."""

from __future__ import annotations

from mcp_gate.faces.tui.comparing import compared
from mcp_gate.faces.tui.editor import written
from mcp_gate.faces.tui.lines import hang, plain
from mcp_gate.faces.tui.masks import masked, masks_of
from mcp_gate.lang import strictjson

ARGUMENTS = {
    "note": "SSN 123-45-6789 and jane.doe@example.com", "list": [{"card": "4539 5787 6362 1486"}], "amount": 7,
    "to": "billing@p\u0430ypal.com",
}  # fmt: skip


def test_what_the_detectors_find_is_covered_in_place() -> None:
    masks = masks_of(ARGUMENTS, 200)
    shown = masked(ARGUMENTS, masks)
    assert shown["note"] == "SSN ▒▒US_SSN▒▒ and ▒▒EMAIL_ADDRESS▒▒"
    assert shown["list"] == [{"card": "▒▒CREDIT_CARD▒▒"}]
    assert shown["amount"] == 7
    assert ARGUMENTS["list"] == [{"card": "4539 5787 6362 1486"}]


def test_a_look_alike_is_never_covered() -> None:
    assert masked(ARGUMENTS, masks_of(ARGUMENTS, 200))["to"] == ARGUMENTS["to"]


def test_a_difference_tells_nothing_of_what_is_covered() -> None:
    before = {**ARGUMENTS, "note": "SSN 987-65-4321 and nobody", "gone": 1}
    rows = compared(before, ARGUMENTS, masked(ARGUMENTS, masks_of(ARGUMENTS, 200)))
    lines = [plain(line) for line in hang(rows, 200)]
    assert lines == ['~ note  "another one" → "SSN ▒▒US_SSN▒▒ and ▒▒EMAIL_ADDRESS▒▒"', "- gone  1"]


def test_what_is_edited_parses_back_and_hides_nothing() -> None:
    value = {"a\u202e": ["\u200b\U000e0041", "line\nline", "é漢", "\x1b[2J"], "n": 2**70}
    text = written(value)
    assert strictjson.parse(text.encode()) == value
    assert "\\u202e" in text
    assert "\u202e" not in text
    assert "é漢" in text
