from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.upstream.sse import EventTooLong, SseEvent, SseReader
from mcp_gate.wire.opener import LARGE


def read(data: bytes, cuts: list[int] | None = None, limit: int = 1 << 20) -> list[SseEvent]:
    reader = SseReader(limit)
    out: list[SseEvent] = []
    places = [0, *sorted(c for c in cuts or [] if c < len(data)), len(data)]
    for begin, end in itertools.pairwise(places):
        out.extend(reader.feed(data[begin:end]))
    return out


def test_data_id_and_retry_belong_to_the_event_they_stand_in() -> None:
    data = b"id: 7\nretry: 250\ndata: \n\nevent: message\ndata: {}\n\n"
    assert read(data) == [SseEvent(b"", "7", 250), SseEvent(b"{}")]


def test_several_data_lines_are_one_text() -> None:
    assert read(b"data: a\ndata: b\n\n") == [SseEvent(b"a\nb")]


def test_comments_unknown_fields_and_other_events_carry_no_data() -> None:
    assert read(b": alive\n\nfoo: bar\n\nevent: other\ndata: x\n\ndata: y\n\n") == [SseEvent(b""), SseEvent(b"y")]


def test_a_byte_order_mark_at_the_start_is_no_data() -> None:
    assert read(b"\xef\xbb\xbfdata: x\n\n") == [SseEvent(b"x")]


def test_an_event_that_does_not_end_is_not_told() -> None:
    assert read(b"data: x\n") == []


@given(
    st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")), min_size=1, max_size=5),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_where_chunks_are_cut_and_how_lines_end_changes_nothing(
    texts: list[bytes], end: bytes, cuts: list[int]
) -> None:
    data = b"".join(b"event: message" + end + b"data: " + text + end + end for text in texts)
    assert [event.data for event in read(data, cuts)] == texts


def test_an_event_over_the_limit_is_an_error_before_it_is_whole() -> None:
    with pytest.raises(EventTooLong):
        read(b"data: " + b"x" * 200, limit=100)


def test_data_lines_add_up_to_the_limit() -> None:
    with pytest.raises(EventTooLong):
        read(b"data: 0123456789\n" * 20, limit=100)


def test_any_number_of_comments_stays_below_the_limit() -> None:
    assert read(b": 0123456789\n" * 100 + b"data: x\n\n", limit=100) == [SseEvent(b"x")]


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_large_event_is_not_put_together_unless_it_goes_on(goes_on: bool) -> None:
    text = b"x" * (LARGE + 10)
    data = b"id: 3\ndata: " + text + (b"\ndata: more" if goes_on else b"") + b"\n\ndata: y\n\n"
    first, second = read(data, list(range(0, len(data), 100_000)), limit=1 << 22)
    assert b"".join(first.said) == text + (b"\nmore" if goes_on else b"")
    assert (len(first.said) > 1, first.data == b"") == (not goes_on, not goes_on)
    assert (first.id, second) == ("3", SseEvent(b"y"))


def test_lines_of_a_large_event_that_come_in_parts_are_all_kept() -> None:
    lines = [b"x" * (LARGE + 10), b"y" * 200_000, b"z" * 200_000]
    data = b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"
    (event,) = read(data, list(range(0, len(data), 100_000)), limit=1 << 22)
    assert b"".join(event.said) == b"\n".join(lines)
