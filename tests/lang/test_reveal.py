"""Foreign text on a screen: nothing hidden, nothing dropped, nothing acted upon."""

from __future__ import annotations

import json
import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.reveal import BLANK, HIDDEN, is_hidden, mixed_script, reveal, reveal_json
from mcp_gate.model.foreign import Json

ESCAPE = re.compile("⟨U\\+([0-9A-F]{4,6})⟩")
ANY = st.text(st.characters() | st.sampled_from("\u202e\u200b\ufe0f\U000e0041\u3164\u2800\x1b\ud800é\u0301 \n\t"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY, inner, max_size=4),
    max_leaves=20,
)


def test_plain_text_stays_as_it_is() -> None:
    for text in ("", "refund 100 USD", "größe naïve 漢字 русский 😀", "a⟨b⟩"):
        assert reveal(text) == text


@pytest.mark.parametrize(
    "char",
    list("\x00\x07\x1b\x7f\x85\xad\t\r\u061c\u200b\u200d\u200e\u2028\u2029\u202a\u202e\u2060\u2066\u2069\ufeff")
    + list("\u00a0\u2003\u3000\u115f\u1160\u3164\uffa0\u2800\u034f\u180b")
    + list("\ufe00\ufe0f\U000e0041\U000e0100\U000f0000\ud800"),
)
def test_S119_what_does_not_show_itself_is_named(char: str) -> None:
    assert reveal(f"a{char}b") == f"a⟨U+{ord(char):04X}⟩b"


def test_no_character_of_a_hidden_category_ever_passes() -> None:
    for text in map(chr, range(0x110000)):
        shown = reveal(text, lines=True)
        if unicodedata.category(text) in HIDDEN or text in BLANK or (text.isspace() and text not in " \n"):
            assert shown in (f"⟨U+{ord(text):04X}⟩", "\n")


@given(ANY)
def test_nothing_is_dropped_and_nothing_normalised(text: str) -> None:
    if not ESCAPE.search(text) and "⏎" not in text:
        back = ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), reveal(text).replace("⏎", "\n"))
        assert back == text


@given(ANY)
def test_revealed_text_is_one_line_and_stays_when_revealed_again(text: str) -> None:
    assert len(reveal(text).splitlines()) <= 1
    assert reveal(reveal(text)) == reveal(text)
    assert reveal(text, lines=True).split("\n") == [reveal(line) for line in text.split("\n")]


def test_a_line_feed_is_a_sign_or_a_break() -> None:
    assert reveal("a\nb\r\n") == "a⏎b⟨U+000D⟩⏎"
    assert reveal("a\nb\r\n", lines=True) == "a\nb⟨U+000D⟩\n"


def test_S119_marks_beyond_three_do_not_pile_up() -> None:
    assert reveal("a" + "\u0301" * 200) == "a" + "\u0301" * 3 + "⟨U+0301⟩" * 197
    assert reveal("e\u0301" * 9) == "e\u0301" * 9


@given(VALUES)
def test_S126_displayed_json_parses_back_where_nothing_had_to_be_revealed(value: Json) -> None:
    shown = reveal_json(value)
    assert not any(is_hidden(char) for char in shown if char != "\n")
    if "⟨" not in shown:
        assert json.dumps(json.loads(shown)) == json.dumps(value)


def test_displayed_json_keeps_the_order_of_keys_and_shows_breaks_as_json_does() -> None:
    shown = reveal_json({"b": "x\ny\t", "a": [1, 10**30, 1.5, None, {}, []], "\u202e": "\x1b[2J"})
    assert shown.splitlines() == [
        "{", '  "b": "x\\ny\\t",', '  "a": [', "    1,", f"    {10**30},", "    1.5,", "    null,", "    {},", "    []",
        "  ],", '  "⟨U+202E⟩": "⟨U+001B⟩[2J"', "}",
    ]  # fmt: skip


def test_a_foreign_text_cannot_begin_a_line_of_its_own_in_json() -> None:
    assert len(reveal_json({"a": '"\n}\nrule: allow-all'}).splitlines()) == 3


@pytest.mark.parametrize("word", ["pаypal.com", "amоunt", "Ωmega", "ｐaypal", "scοpe"])
def test_S122_a_word_of_two_scripts_is_flagged(word: str) -> None:
    assert mixed_script(word)


@pytest.mark.parametrize("word", ["paypal.com", "größe", "русский", "漢字かな", "", "a1_-.", "naïve"])
def test_a_word_of_one_script_is_not_flagged(word: str) -> None:
    assert not mixed_script(word)


@pytest.mark.parametrize("text", ["a" * 1_000_000 + "\n", "\u202e" * 100_000, "é" * 300_000])
def test_large_texts_are_quick(text: str) -> None:
    start = time.process_time()
    reveal(text)
    assert time.process_time() - start < 3
