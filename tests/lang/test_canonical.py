"""Canonical JSON: one form for equal values, different forms for different ones."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.canonical import CanonicalError, canonical, digest
from mcp_gate.model.foreign import Json

SAFE = 2**53 - 1
KEYS = st.text(max_size=6) | st.sampled_from(["\U0001f600", "\ufb33", "\u20ac", "z", "ö", "$int", "\x7f", "\r"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_rfc8785_wherever_that_applies(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: Json, luck: random.Random) -> None:
    def shuffled(item: Json) -> Json:
        if isinstance(item, dict):
            keys = list(item)
            luck.shuffle(keys)
            return {key: shuffled(item[key]) for key in keys}
        return [shuffled(child) for child in item] if isinstance(item, list) else item

    assert canonical(shuffled(value)) == canonical(value)


@given(
    st.floats(1e-5, 1e-3)
    | st.floats(-1e17, 1e17)
    | st.floats(0, 1)
    | st.integers(-(10**18), 10**18).map(lambda n: n / 1000)
)
def test_numbers_with_a_point_are_written_as_the_standard_says(number: float) -> None:
    assert canonical({"n": number}) == rfc8785.dumps({"n": number})


def test_equal_numbers_have_one_form_and_other_kinds_have_others() -> None:
    assert canonical(1) == canonical(1.0) == b"1"
    assert canonical(-0.0) == canonical(0) == b"0"
    assert len({canonical(value) for value in (1, "1", True, None, [1], {"1": 1})}) == 6


def test_S006_large_integers_are_tagged_digit_by_digit() -> None:
    assert canonical(SAFE) == b"9007199254740991"
    assert canonical({"n": SAFE + 1}) == b'{"n":{"$int":"9007199254740992"}}'
    assert canonical([-(2**70)]) == b'[{"$int":"-1180591620717411303424"}]'
    assert canonical(2.0**53) == b"9007199254740992"


def test_keys_sort_by_utf16_units() -> None:
    assert canonical({"\U0001f600": 1, "\ufb33": 2}) == '{"\U0001f600":1,"\ufb33":2}'.encode()


@pytest.mark.parametrize("digits", [str(2**53), str(-(2**53)), "1" * 40])
def test_an_object_in_the_form_of_a_large_integer_is_refused(digits: str) -> None:
    with pytest.raises(CanonicalError):
        canonical({"a": [{"$int": digits}]})


@pytest.mark.parametrize("value", [{"$int": "5"}, {"$int": 2**53}, {"$int": "9" * 20, "a": 1}, {"$int": "0" * 20}])
def test_an_object_that_no_integer_is_written_as_is_not(value: Json) -> None:
    assert canonical(value)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), ["\ud800"], {"\ud800": 1}, {1: 1}, {"a": {1, 2}}, b"x", {"a": object()}]
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(CanonicalError):
        canonical(value)


def test_endless_depth_is_refused_and_not_a_crash() -> None:
    deep: Json = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CanonicalError):
        canonical(deep)
    with pytest.raises(CanonicalError):
        canonical([deep, 0.5])


def test_the_digest_of_the_contracts_example_is_the_one_it_gives() -> None:
    record = {
        "agent": None, "data": {"files": 3}, "event": "policy.loaded", "policy_snapshot": "v1:b4e2c1d07a55", "seq": 1,
        "ts": "2026-11-22T12:00:00.000Z",
    }  # fmt: skip
    form = b"0" * 64 + b"\n" + canonical(record)
    assert hashlib.sha256(form).hexdigest() == "578bdb9fc68c8da60eb2a0238bfc4efee6b2bcb1f0869097bc44de713f4d2e12"
    assert digest({}) == "sha256:" + hashlib.sha256(b"{}").hexdigest()
