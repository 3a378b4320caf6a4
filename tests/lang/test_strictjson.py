"""Strict JSON: what is refused, what survives digit by digit, and how fast."""

from __future__ import annotations

import contextlib
import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.strictjson import JsonError, depth_of, dumps, dumps_at_once, parse, parse_upstream
from mcp_gate.model.foreign import Json

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


def same(a: Json, b: Json) -> bool:
    """Equality that tells 1, 1.0 and true apart."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_legal_json_reads_as_the_standard_library_reads_it(value: Json, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert same(parse(text.encode()), json.loads(text))
    assert same(parse_upstream(text.encode()), json.loads(text))


@given(VALUES)
def test_what_is_written_reads_back(value: Json) -> None:
    assert same(parse(dumps(value)), value)


@given(st.text(st.characters(), max_size=40))
def test_any_text_is_read_as_the_standard_library_reads_it_or_refused(text: str) -> None:
    try:
        value = parse(text.encode("utf-8", "surrogatepass"))
    except JsonError:
        return
    assert same(value, json.loads(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"amount":5,"amount":5000}',
        b'{"a":{"b":1,"b":1}}',
        rb'{"amount":5,"\u0061mount":5000}',
        b'[{"a":1, "a":2}]',
    ],
)
def test_S001_a_key_twice_is_refused_in_every_spelling(text: bytes) -> None:
    with pytest.raises(JsonError, match="twice"):
        parse(text)


@pytest.mark.parametrize(
    "text", [b"NaN", b"Infinity", b"-Infinity", b"[1e400]", b"-1e400", b"[1E+999]", b'{"a":NaN}', b"9" * 400 + b".0"]
)
def test_S004_numbers_that_are_not_finite_are_refused(text: bytes) -> None:
    with pytest.raises(JsonError):
        parse(text)
    with pytest.raises(JsonError):
        parse_upstream(text)


@pytest.mark.parametrize("digits", ["9007199254740993", "18446744073709551616", "1" * 30, "-" + "7" * 400])
def test_S006_integers_survive_digit_by_digit(digits: str) -> None:
    assert parse(digits.encode()) == int(digits)
    assert dumps(parse(f'{{"n":{digits}}}'.encode())) == f'{{"n":{digits}}}'.encode()


def test_S008_spellings_of_the_same_number_are_equal() -> None:
    assert parse(b"[-0, -0.0, 0, 1E2, 100, 100.0]") == [0, 0, 0, 100, 100, 100]


@pytest.mark.parametrize("depth", [65, 200, 1000, 1025, 100_000])
@pytest.mark.parametrize("piece", [(b"[", b"]"), (b'{"a":', b"}"), (b"[ ", b"]"), (b'["\\ud800",', b"]")])
def test_S009_nesting_is_refused_in_milliseconds(depth: int, piece: tuple[bytes, bytes]) -> None:
    opening, closing = piece
    for text in (opening * depth + b"1" + closing * depth, opening * depth):
        start = time.process_time()
        with pytest.raises(JsonError):
            parse(text)
        assert time.process_time() - start < 1


def test_nesting_up_to_the_depth_asked_for_passes() -> None:
    assert depth_of(parse(b"[" * 32 + b"]" * 32, depth=32)) == 32
    with pytest.raises(JsonError, match="deeper than 32"):
        parse(b"[" * 33 + b"]" * 33, depth=32)


def test_brackets_inside_texts_do_not_nest() -> None:
    assert parse(b'["' + b"[{" * 500 + b'"]') == ["[{" * 500]
    assert parse_upstream(b'["\\ud800\\"' + b"[{" * 500 + b'"]') == ["\ud800" + '"' + "[{" * 500]


@pytest.mark.parametrize("text", [b'"\xff\xfe"', b'{"a":"\xc3"}', b'"\xed\xa0\x80"', b"\xc0\xaf"])
def test_S013_invalid_utf8_is_refused(text: bytes) -> None:
    for read in (parse, parse_upstream):
        with pytest.raises(JsonError, match="UTF-8"):
            read(text)


@pytest.mark.parametrize("text", [rb'"\ud800"', rb'"\udc00x"', rb'{"\uDBFF":1}', rb'["\ud800\ud800\udc00"]'])
def test_S014_a_client_may_not_send_half_a_pair_but_an_upstream_may(text: bytes) -> None:
    with pytest.raises(JsonError, match="surrogate"):
        parse(text)
    assert parse_upstream(dumps(parse_upstream(text))) == json.loads(text)


def test_S014_whole_pairs_and_nul_pass() -> None:
    assert parse(rb'"\ud83d\ude00\u0000"') == "\U0001f600\x00"


@pytest.mark.parametrize(
    "text", [b"\xef\xbb\xbf{}", b"{}{}", b"{} x", b"", b" ", b"'a'", b"{a:1}", b"[1,]", b"01", b'"\n"']
)
def test_S022_what_is_no_json_is_refused(text: bytes) -> None:
    for read in (parse, parse_upstream):
        with pytest.raises(JsonError):
            read(text)


def test_a_refusal_quotes_nothing_of_the_text() -> None:
    for text in (b'{"secret": x}', b'{"secret":1,"secret":2}', b"secret", b'["secret\xff"]'):
        with pytest.raises(JsonError) as refused:
            parse(text)
        assert "secret" not in str(refused.value)


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    assert dumps({"a": "\ud800"}) == rb'{"a":"\ud800"}'


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, [-math.inf, 2**70], [None, math.nan], {"a": None, "b": [math.inf]}]
)
def test_no_number_that_is_not_finite_is_ever_written(value: Json) -> None:
    assert dumps_at_once(value) is None
    with pytest.raises(JsonError):
        dumps(value)


@pytest.mark.parametrize("value", [{}, {"a": [None, 1.5, "null"], "b": {"c": None}}, ["ä", 2**63]])
def test_what_is_written_at_once_is_what_is_written(value: Json) -> None:
    assert dumps_at_once(value) == dumps(value)
    assert dumps_at_once([value, 2**70]) is None


def test_depth_of_counts_objects_and_lists() -> None:
    deep: Json = 1
    for _ in range(100_000):
        deep = [deep]
    assert (depth_of(1), depth_of({}), depth_of([{"a": []}]), depth_of(deep)) == (0, 1, 3, 100_000)


@pytest.mark.parametrize("piece", [b"a", b"{}", b'"', b'["\\', b"1", b'["\\ud800",'])
@pytest.mark.parametrize("head", [b"", b'"'])
def test_four_megabytes_take_less_than_half_a_second(head: bytes, piece: bytes) -> None:
    text = head + piece * ((4 << 20) // len(piece)) + head
    start = time.process_time()
    with contextlib.suppress(JsonError):
        parse(text)
    assert time.process_time() - start < 2
