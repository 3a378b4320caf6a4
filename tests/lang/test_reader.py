"""Reading values: explicit grammars, every problem of a run, and a cure for each."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Mapping_, Node, read


def document(text: str) -> Mapping_:
    return read("f.yaml", text.encode())[0]


def value(text: str) -> Node:
    return document(f"v: {text}\n").entries["v"]


def said(reader: Reader) -> list[str]:
    return [str(problem) for problem in reader.problems]


@pytest.mark.parametrize("text", ["0", "-0", "7", "-7", "0.7", "100.000001", "999999999999999", "-0.5"])
def test_a_plain_decimal_is_read_exactly(text: str) -> None:
    reader = Reader()
    assert reader.decimal(value(text), least=-100) == Decimal(text)
    assert not reader.problems


@pytest.mark.parametrize(
    "text",
    ["1e3", "1_000", "010", "1:30", ".nan", ".inf", "0x10", "+5", "1.", ".5", "1.1234567", "1000000000000000", "true",
     "null", "~", "''", "5 000", "１００", "{}", "[1]"],
)  # fmt: skip
def test_any_other_spelling_of_a_number_is_an_error_with_a_cure(text: str) -> None:
    for read_number in (Reader.decimal, Reader.integer):
        reader = Reader()
        assert read_number(reader, value(text)) is None
        assert len(reader.problems) == 1
        assert reader.problems[0].hint


def test_a_quoted_number_is_a_text_and_the_cure_says_so() -> None:
    reader = Reader()
    assert reader.decimal(value("'100'")) is None
    assert said(reader) == ["f.yaml:1:4: '100' is a text, not a number; take the quotes away"]


def test_a_number_out_of_range_names_the_range() -> None:
    reader = Reader()
    assert reader.integer(value("0"), least=1, most=5) is None
    assert reader.integer(value("6"), least=1, most=5) is None
    assert reader.decimal(value("-0.1")) is None
    assert said(reader)[0] == "f.yaml:1:4: 0 is out of range; use a number from 1 to 5"
    assert len(reader.problems) == 3


def test_a_whole_number_has_no_fraction() -> None:
    reader = Reader()
    assert reader.integer(value("5")) == 5
    assert reader.integer(value("5.0")) is None
    assert reader.integer(value("5.5")) is None
    assert len(reader.problems) == 2


@pytest.mark.parametrize("text", ["yes", "no", "on", "True", "TRUE", "'true'", "1", "", "[true]"])
def test_only_true_and_false_are_booleans(text: str) -> None:
    reader = Reader()
    assert reader.boolean(value(text)) is None
    assert reader.problems[0].hint == "write true or false"
    assert reader.boolean(value("true")) is True
    assert reader.boolean(value("false")) is False


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "''", '""', "{a: b}", "[a]"])
def test_a_text_needs_a_value(text: str) -> None:
    reader = Reader()
    assert reader.text(value(text)) is None
    assert len(reader.problems) == 1


@pytest.mark.parametrize(
    ("text", "expected"), [("no", "no"), ("'null'", "null"), ("'1'", "1"), ("a b", "a b"), ("'~'", "~")]
)
def test_a_text_is_what_is_written(text: str, expected: str) -> None:
    assert Reader().text(value(text)) == expected


@pytest.mark.parametrize("text", ["1", "-7", "0.5", "true", "false"])
def test_a_value_of_another_kind_is_no_text_and_the_cure_are_quotes(text: str) -> None:
    reader = Reader()
    assert reader.text(value(text), "a reason") is None
    (problem,) = reader.problems
    assert "this needs a reason" in problem.message
    assert problem.hint == "put it in quotes"
    assert Reader().word(value(text)) == text


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    reader = Reader()
    reader.mapping(document("risktags: [a]\ndesicion: deny\nzzz: 1\n"), {"risk_tags", "decision"})
    assert said(reader) == [
        "f.yaml:1:1: unknown key 'risktags'; did you mean 'risk_tags'?",
        "f.yaml:2:1: unknown key 'desicion'; did you mean 'decision'?",
        "f.yaml:3:1: unknown key 'zzz'; use one of: decision, risk_tags",
    ]


def test_a_key_cut_short_is_the_one_that_goes_on_from_it() -> None:
    reader = Reader()
    reader.mapping(document("timeout: 5\n"), {"on_timeout", "timeout_sec"})
    assert said(reader) == ["f.yaml:1:1: unknown key 'timeout'; did you mean 'timeout_sec'?"]


def test_S070_an_unknown_key_of_other_letters_shows_their_code_points() -> None:
    reader = Reader()
    reader.mapping(document("асе: 1\n"), {"ace"})
    assert "unknown key 'асе' with U+0430, U+0441, U+0435" in said(reader)[0]


def test_a_misspelt_key_hides_the_missing_one_it_caused() -> None:
    reader = Reader()
    block = reader.mapping(document("desicion: deny\n"), {"decision", "id"})
    assert block is not None
    assert reader.need(block, "decision", "write it") is None
    assert reader.need(block, "id", "write 'id: name'") is None
    assert [problem.message for problem in reader.problems] == ["unknown key 'desicion'", "'id' is missing"]


def test_one_of_a_closed_set_is_spelt_exactly() -> None:
    words = {"allow": 1, "deny": 2}
    reader = Reader()
    assert reader.one_of(value("deny"), words, "a decision") == 2
    assert reader.one_of(value("Deny"), words, "a decision") is None
    assert reader.one_of(value("alow"), words, "a decision") is None
    assert said(reader) == [
        "f.yaml:1:4: 'Deny' is not a decision; did you mean 'deny'?",
        "f.yaml:1:4: 'alow' is not a decision; did you mean 'allow'?",
    ]


def test_items_with_errors_are_left_out_and_all_are_reported() -> None:
    reader = Reader()
    assert reader.each(value("[1, x, 2, '3']"), reader.integer) == (1, 2)
    assert len(reader.problems) == 2


def test_a_value_of_the_wrong_shape_is_an_error() -> None:
    reader = Reader()
    assert reader.sequence(value("a")) == ()
    assert reader.mapping(value("a"), {"a"}) is None
    assert list(reader.entries(value("[a]"))) == []
    assert [problem.message for problem in reader.problems] == ["this needs a list"] + ["this needs a mapping"] * 2


def test_what_is_not_there_is_no_error() -> None:
    reader = Reader()
    found = (reader.text(None), reader.decimal(None), reader.boolean(None), reader.mapping(None, ()))
    assert found == (None, None, None, None)
    assert reader.sequence(None) == ()
    assert not reader.problems


def test_a_name_has_a_form_and_a_glob_is_not_empty() -> None:
    reader = Reader()
    form = re.compile("[a-z]+")
    assert reader.name(value("shop"), form, "an id") == "shop"
    assert reader.name(value("Shop\u00e9"), form, "an id") is None
    assert reader.glob(value("job.*")) == "job.*"
    assert len(reader.problems) == 1


def test_what_the_file_says_is_quoted_revealed() -> None:
    reader = Reader()
    reader.one_of(value('"al\\u202elow"'), {"allow": 1}, "a decision")
    assert "'al⟨U+202E⟩low'" in said(reader)[0]


def test_warnings_are_kept_apart() -> None:
    reader = Reader()
    reader.warn(value("x").place, "not yet in force")
    assert not reader.problems
    assert str(reader.warnings[0]) == "f.yaml:1:4: not yet in force"
