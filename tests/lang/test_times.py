"""Times: one written form, read back to the millisecond."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.times import parse_rfc3339, rfc3339


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1795348800.9999) == "2026-11-22T12:00:00.999Z"


@given(st.integers(min_value=0, max_value=250_000_000_000_000))
def test_a_written_time_reads_back_and_is_written_the_same(millis: int) -> None:
    text = rfc3339(millis / 1000)
    assert round(parse_rfc3339(text) * 1000) == millis
    assert rfc3339(parse_rfc3339(text)) == text


@given(st.floats(min_value=0, max_value=4e9), st.floats(min_value=0, max_value=4e9))
def test_written_times_sort_as_the_times_do(a: float, b: float) -> None:
    early, late = sorted([a, b])
    assert rfc3339(early) <= rfc3339(late)


@pytest.mark.parametrize(
    "text",
    ["2026-11-22T12:00:00Z", "2026-11-22t12:00:00z", "2026-11-22T13:00:00.000+01:00", "2026-11-22T11:30:00-00:30"],
)
def test_every_form_of_the_standard_is_read(text: str) -> None:
    assert parse_rfc3339(text) == 1795348800.0


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-22", "2026-11-22T12:00:00", "2026-11-22 12:00:00Z", "20261122T120000Z", "2026-11-22T12:00Z",
     "2026-W47-7T12:00:00Z", "2026-13-01T00:00:00Z", "2026-11-22T25:00:00Z", "٢٠٢٦-11-22T12:00:00Z",
     "2026-11-22T12:00:00Z\n"],
)  # fmt: skip
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 3339"):
        parse_rfc3339(text)
