"""One automaton of all globs, against fnmatch: every kind of text, and no other."""

from __future__ import annotations

import fnmatch
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.lang.globs import compile_like
from mcp_gate.policy.proof.patterns import Explodes, Words, classes, containing, of_glob, of_like, of_text

GLOBS = st.text("aB*?.", min_size=1, max_size=6)
TEXTS = ["".join(chars) for length in range(6) for chars in itertools.product("aBc.", repeat=length)]
"""Texts of up to five characters; `c` stands for all that a glob of `GLOBS` does not name."""


def kinds(globs: list[str], words: Words) -> dict[frozenset[int], str]:
    return classes([frozenset({of_glob(glob)}) for glob in globs], words)


def passed(globs: list[str], text: str) -> frozenset[int]:
    return frozenset(number for number, glob in enumerate(globs) if fnmatch.fnmatchcase(text, glob))


def legal(text: str, words: Words) -> bool:
    return words is Words.TEXTS or (bool(text) and (words is Words.NAMES or all(text.split("."))))


@settings(max_examples=300)
@given(st.lists(GLOBS, min_size=1, max_size=4), st.sampled_from(Words))
def test_every_kind_has_an_example_that_passes_just_its_tests(globs: list[str], words: Words) -> None:
    for kind, example in kinds(globs, words).items():
        assert passed(globs, example) == kind
        assert legal(example, words)


@settings(max_examples=100)
@given(st.lists(GLOBS, min_size=1, max_size=4), st.sampled_from(Words))
def test_no_kind_of_text_is_left_out_and_no_example_could_be_shorter(globs: list[str], words: Words) -> None:
    found = kinds(globs, words)
    for text in TEXTS:
        if legal(text, words):
            assert len(found[passed(globs, text)]) <= len(text)


def test_a_star_spans_dots_and_case_matters() -> None:
    found = kinds(["job.*.read", "JOB.*"], Words.TOPICS)
    assert passed(["job.*.read", "JOB.*"], "job.a.b.read") in found
    assert found[frozenset({0})] == "job.x.read"
    assert found[frozenset({1})] == "JOB.x"
    assert frozenset({0, 1}) not in found


def test_a_topic_has_no_empty_part() -> None:
    assert kinds(["a..b", "a.?.b"], Words.TOPICS) == {frozenset(): "x", frozenset({1}): "a.x.b"}
    assert frozenset({0}) in kinds(["a..b"], Words.NAMES)


def test_several_patterns_are_one_test() -> None:
    test = frozenset({of_glob("a*"), of_glob("*b")})
    assert classes([test], Words.NAMES) == {frozenset(): "x", frozenset({0}): "a"}


def test_characters_that_all_have_a_meaning_leave_another() -> None:
    taken = "".join(map(chr, range(32, 127)))
    found = classes([frozenset({of_text(char)}) for char in taken], Words.TEXTS)
    assert len(found) == len(taken) + 1
    assert found[frozenset()] == ""


@given(st.text("a%_.", max_size=6), st.text("ab.", max_size=6))
def test_a_pattern_of_like_is_the_pattern_that_conditions_use(like: str, text: str) -> None:
    tests = [frozenset({of_like(like)}), frozenset({of_text(text)})]
    found = classes(tests, Words.TEXTS)
    assert (frozenset({0, 1}) in found) == compile_like(like)(text)


@given(st.text("ab", max_size=3), st.text("ab", max_size=5))
def test_a_part_is_found_anywhere(part: str, text: str) -> None:
    found = classes([frozenset({containing(part)}), frozenset({of_text(text)})], Words.TEXTS)
    assert (frozenset({0, 1}) in found) == (part in text)


def test_too_many_states_are_an_error_that_names_what_to_simplify() -> None:
    globs = [f"*{a}{b}*" for a in "abcdefgh" for b in "ijkl"]
    with pytest.raises(Explodes) as caught:
        classes([frozenset({of_glob(glob)}) for glob in globs], Words.TOPICS, 2_000)
    message = r"globs explode: 2000 states after \d+ characters; simplify those with several '\*': '\*\w\w\*', .*"
    assert re.fullmatch(message, str(caught.value))
