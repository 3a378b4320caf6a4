"""Which tokens of a text the network is shown."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.detect.ner.near import REACH, near

WORDS = "Anna Berg schön and a unbelievably , \n \U0001f600 49292837120388414929 12 ab12-34+cd5=="
PIECES = st.sampled_from(WORDS.split(" "))
LONGEST = 3
"""Tokens of a word of these."""


def tokens(text: str) -> tuple[list[tuple[int, int]], list[int]]:
    """As the network's own: words in parts of four characters, and to which word each belongs."""
    places, of_word = [], []
    for number, word in enumerate(re.finditer(r"[^\W\d_]+|\d+|[^\w\s]", text)):
        for start in range(word.start(), word.end(), 4):
            places.append((start, min(start + 4, word.end())))
            of_word.append(number)
    return places, of_word


def shown(text: str, *names: str) -> str:
    """What is, with a space between any two words."""
    places, of_word = tokens(text)
    spans = sorted(found.span() for name in names for found in re.finditer(name, text))
    out, before = "", -1
    for token in near(text, places, of_word, spans):
        start, end = places[token]
        out += ("" if of_word[token] == before else " ") + text[start:end]
        before = of_word[token]
    return out.strip()


def test_what_is_far_from_every_name_is_not_shown() -> None:
    assert shown("a " * 50 + "Anna" + " b" * 50, "Anna") == "a " * REACH + "Anna" + " b" * REACH
    assert shown("Anna" + " a" * 50 + " Berg", "Anna", "Berg") == "Anna" + " a" * (2 * REACH) + " Berg"
    assert shown("Anna and Berg", "Anna", "Berg") == "Anna and Berg"
    assert shown("nobody at all") == ""


def test_of_a_word_all_or_nothing_is_shown() -> None:
    assert shown("incomprehensibilities" + " a" * (REACH - 2) + " Anna", "Anna").startswith("incomprehensibilities a")
    assert shown("Anna" + " a" * (REACH - 2) + " incomprehensibilities", "Anna").endswith("a incomprehensibilities")
    assert shown("incomprehensibilities" + " a" * REACH + " Anna", "Anna").startswith("a a")


def test_of_a_long_number_the_beginning_is_shown_and_it_is_no_distance() -> None:
    assert shown("card 4929283712038841492928371203 Anna", "Anna") == "card 4929283712038841 Anna"
    assert shown("card " + "4929283712038841492928371203 " * 4 + "Anna", "Anna").startswith("card 4929")


@given(st.lists(PIECES, max_size=80), st.sets(st.integers(0, 79)))
def test_every_name_is_shown_with_what_is_near_it_and_each_token_once(pieces: list[str], chosen: set[int]) -> None:
    text = " ".join(pieces)
    places, of_word = tokens(text)
    names = [each.span() for n, each in enumerate(re.finditer("Anna|Berg", text)) if n in chosen]
    out = near(text, places, of_word, names)
    assert out == sorted(set(out))
    for name in names:
        assert places.index(name) in out
    assert len(out) <= len(names) * (2 * REACH + 1 + 2 * LONGEST)
    assert set(out) <= set(near(text, places, of_word, [(0, len(text))]))


@given(st.lists(PIECES, max_size=80))
def test_where_all_could_be_names_only_long_numbers_are_not_shown_as_a_whole(pieces: list[str]) -> None:
    text = " ".join(pieces)
    places, of_word = tokens(text)
    out = near(text, places, of_word, [(0, len(text))])
    hidden = [text[slice(*place)] for token, place in enumerate(places) if token not in out]
    assert all(part in "4929283712038841928371203849" or part in "ab12-34+cd5==" for part in hidden)
