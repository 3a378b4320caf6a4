"""The arguments as they are shown: JSON that reads back to what will be sent."""

from __future__ import annotations

import json
import random
import re
import string
from typing import Any

import pytest

from mcp_gate.faces.tui.arguments import LONGEST_LINE, MOST_LINES, arguments, lookalike
from mcp_gate.faces.tui.lines import hang, plain

LETTERS = string.printable + 'äß東京🙂жΩ\u202e\u200b\u0301\x1b\x9b\x07\u00a0⏎┃\\"{}[],:'


def shown(value: dict[str, Any], width: int = 60, *, whole: bool = True) -> list[str]:
    return [plain(line) for line in hang(arguments(value, whole=whole).rows, width)]


def read_back(lines: list[str]) -> Any:
    """What a reader gets who knows that a gutter goes on with the line before and ⟨U+…⟩ is one character."""
    text = "".join(line[2:] if line.startswith("┃ ") else "\n" + line[2:] for line in lines)
    revealed = re.sub(r"⟨U\+([0-9A-F]+)⟩", lambda m: json.dumps(chr(int(m[1], 16)))[1:-1], text)
    return json.loads(revealed, strict=False)


def golden(rng: random.Random, depth: int = 3) -> Any:
    kinds = ["text", "text", "number", "big", "float", "word", "long", *(["list", "object", "object"] if depth else [])]
    match rng.choice(kinds):
        case "text":
            return "".join(rng.choice(LETTERS) for _ in range(rng.randrange(40)))
        case "long":
            return "".join(rng.choice(string.ascii_letters + " \n\\") for _ in range(rng.randrange(400)))
        case "number":
            return rng.randrange(-1000, 1000)
        case "big":
            return rng.randrange(-(2**80), 2**80)
        case "float":
            return rng.uniform(-1e6, 1e6)
        case "word":
            return rng.choice([True, False, None, "true", "null", "1", "", [], {}])
        case "list":
            return [golden(rng, depth - 1) for _ in range(rng.randrange(5))]
        case _:
            return {f"k{i}{rng.choice(LETTERS)}": golden(rng, depth - 1) for i in range(rng.randrange(5))}


@pytest.mark.parametrize("seed", range(5))
def test_S126_what_is_shown_reads_back_to_what_is_sent(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        value = {"top": golden(rng), "more": golden(rng)}
        # Warnings stand between the lines; without them, what is left is the JSON.
        rows = [row for row in arguments(value, whole=True).rows if not row.first or row.first[0][0] != "⚠ "]
        lines = [plain(line) for line in hang(rows, rng.choice([24, 40, 76, 118]))]
        assert read_back(lines) == value


def test_S120_a_recipient_of_two_alphabets_is_flagged() -> None:
    lines = shown({"to": "\u0430pple.com"})
    assert "⚠ mixes alphabets: U+0430 CYRILLIC SMALL LETTER A in " in "".join(lines)


def test_S122_two_keys_that_look_alike_are_both_shown_and_the_strange_one_is_flagged() -> None:
    lines = shown({"amount": 1, "am\u043eunt": 5000}, 80)
    assert '    "amount": 1,' in lines
    assert '    "am\u043eunt": 5000' in lines
    at = next(i for i, line in enumerate(lines) if line.startswith("⚠"))
    assert "U+043E CYRILLIC SMALL LETTER O" in lines[at]
    assert "5000" in lines[at - 1]


@pytest.mark.parametrize(
    "word", ["pа\u200bypal.com", "Ωmega.example", "ｆullwidth", "\\nпривет\\nworld p\u0430y"], ids=ascii
)
def test_words_of_several_alphabets_are_found(word: str) -> None:
    assert lookalike(word) is not None


@pytest.mark.parametrize(
    "text", ["привет, world", "東京 tower", "über naïve", '"привет\\nмир"', "⟨U+200B⟩мир"], ids=ascii
)
def test_texts_of_several_languages_are_not_flagged(text: str) -> None:
    assert lookalike(text) is None


def test_a_text_cannot_begin_a_line_of_its_own() -> None:
    lines = shown({"body": "ok\n\nWhy it is held\nrule        allow-all"})
    forged = [line for line in lines if "allow-all" in line or "Why it is held" in line]
    assert forged
    assert all(line.startswith("┃ ") for line in forged)


def test_a_number_and_its_text_are_told_apart() -> None:
    assert shown({"a": 100, "b": "100", "c": True, "d": "true"})[1:-1] == [
        '    "a": 100,', '    "b": "100",', '    "c": true,', '    "d": "true"',
    ]  # fmt: skip


def test_a_long_text_shows_head_count_and_tail_and_is_not_the_whole() -> None:
    found = arguments({"body": "a" * 5_000 + "END"})
    text = "".join(plain(line) for line in hang(found.rows, 80))
    assert "characters left out" in text
    assert 'END"' in text
    assert not found.whole
    assert arguments({"body": "a" * 5_000}, whole=True).whole


def test_many_members_show_the_first_and_the_last_and_are_not_the_whole() -> None:
    found = arguments({"n": list(range(2 * MOST_LINES))})
    lines = [plain(line) for line in hang(found.rows, 80)]
    assert any("lines left out" in line for line in lines)
    assert f"      {2 * MOST_LINES - 1}" in lines
    assert not found.whole


def test_what_fits_is_the_whole() -> None:
    assert arguments({"body": "a" * (LONGEST_LINE - 20)}).whole
