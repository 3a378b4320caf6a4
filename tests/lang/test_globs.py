"""Globs and LIKE patterns, against a matcher too simple to be wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.globs import GlobError, compile_glob, compile_like, is_literal


def naive(pattern: str, text: str, many: str = "*", one: str = "?") -> bool:
    """Row by row: which beginnings of the text does each beginning of the pattern match?"""
    row = [True] + [False] * len(text)
    for mark in pattern:
        if mark == many:
            row = [any(row[: i + 1]) for i in range(len(text) + 1)]
        else:
            row = [False] + [row[i] and mark in (one, text[i]) for i in range(len(text))]
    return row[-1]


def test_a_star_crosses_dots() -> None:
    assert compile_glob("job.deploy.*")("job.deploy.prod.eu")
    assert compile_glob("job.*.read")("job.a.b.read")
    assert compile_glob("*")("")


def test_a_glob_is_anchored_at_both_ends() -> None:
    matches = compile_glob("job.*.read")
    assert not matches("job.a.reads")
    assert not matches("xjob.a.read")
    assert not matches("job.read")


def test_case_matters() -> None:
    assert not compile_glob("job.*")("Job.deploy")
    assert not compile_glob("job")("JOB")


def test_a_question_mark_is_exactly_one_character() -> None:
    matches = compile_glob("a?c")
    assert [matches(text) for text in ("abc", "a.c", "a\nc", "ac", "abbc")] == [True, True, True, False, False]


@pytest.mark.parametrize("literal", ["job.[a-z]", "a+b", "(x|y)", "a\\b", "{a,b}", "^a$", "!a", "%", "_", "a\n"])
def test_S039_everything_else_stands_for_itself(literal: str) -> None:
    assert compile_glob(literal)(literal)
    assert compile_glob(literal + "*")(literal + "x")
    assert not compile_glob(literal)("job.x")
    assert is_literal(literal)


def test_S039_stars_in_a_value_are_no_wildcards() -> None:
    assert not compile_glob("job.read")("job.*")
    assert compile_glob("job.?")("job.*")


def test_an_empty_glob_is_refused() -> None:
    with pytest.raises(GlobError):
        compile_glob("")


@given(st.text("ab*?.", min_size=1, max_size=8), st.text("ab.*?", max_size=10))
def test_globs_agree_with_the_naive_matcher(pattern: str, text: str) -> None:
    assert compile_glob(pattern)(text) == naive(pattern, text)


@given(st.text("ab%_.*", max_size=8), st.text("ab.%_\n", max_size=10))
def test_like_agrees_with_the_naive_matcher(pattern: str, text: str) -> None:
    assert compile_like(pattern)(text) == naive(pattern, text, "%", "_")


@given(st.text(min_size=1, max_size=6), st.text(max_size=8))
def test_globs_of_any_characters_agree_with_the_naive_matcher(pattern: str, text: str) -> None:
    assert compile_glob(pattern)(text) == naive(pattern, text)


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 100 + "b", "*" * 2000 + "b", "*" + "?" * 2000 + "b*", "*" + "a" * 1000 + "?" + "a" * 1000 + "b*",
     "*" + "a?" * 500 + "b*", "a*" * 500 + "?" * 500 + "b"],
)  # fmt: skip
def test_S080_no_pattern_is_slow_on_any_text(pattern: str) -> None:
    matches = compile_glob(pattern)
    text = "a" * 50_000
    start = time.process_time()
    assert not matches(text)
    assert time.process_time() - start < 2
