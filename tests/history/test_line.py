"""The waiting line against one that is simulated event by event, naively."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.history.line import PURGE, Line, Served


@dataclass
class Waiting:
    """A request in the naive simulation."""

    key: int
    at: int
    work: list[int]
    due: int
    begun: list[int] = field(default_factory=list)
    """Reviewers who took it, in order."""
    said: int = 0
    settled: int | None = None


def naive(reviewers: int, requests: list[Waiting]) -> list[Served | None]:
    """Second by second: words are said, time runs out, requests come, and whoever is free takes the first that needs
    one more person who is not at it already."""
    busy: dict[int, tuple[int, Waiting, bool]] = {}
    here: list[Waiting] = []
    out: dict[int, Served | None] = {}
    now = 0
    while len(out) < len(requests) or busy:
        for person, (until, one, in_time) in list(busy.items()):
            if until == now:
                del busy[person]
                one.said += in_time
        for one in here:
            if one.settled is None and (one.said == len(one.work) or one.due <= now):
                one.settled = now
                out[id(one)] = Served(float(now), one.said == len(one.work))
        here = [one for one in here if one.settled is None]
        for one in requests:
            if one.at == now:
                if any(other.key == one.key for other in here):
                    out[id(one)] = None
                else:
                    here.append(one)
        for person in range(reviewers):
            wanted = (one for one in here if len(one.begun) < len(one.work) and person not in one.begun)
            if person not in busy and (one := next(wanted, None)):
                until = now + one.work[len(one.begun)]
                busy[person] = (min(until, one.due), one, until <= one.due)
                one.begun.append(person)
        now += 1
    return [out[id(one)] for one in requests]


REQUESTS = st.lists(
    st.tuples(
        st.integers(0, 5), st.integers(0, 4), st.lists(st.integers(1, 9), min_size=1, max_size=2), st.integers(1, 15)
    ),
    min_size=1, max_size=25,
)  # fmt: skip


@settings(deadline=None)
@given(st.integers(2, 4), REQUESTS)
def test_every_request_is_settled_when_the_naive_simulation_says_so(
    reviewers: int, found: list[tuple[int, int, list[int], int]]
) -> None:
    now, requests = 0, []
    for key, gap, work, time in found:
        now += gap
        requests.append(Waiting(key, now, work, now + time))
    line = Line(reviewers)
    said = [line.come(str(one.key), float(one.at), one.work, float(one.due)) for one in requests]
    assert said == naive(reviewers, requests)


def test_first_come_first_served() -> None:
    line = Line(1)
    assert line.come("a", 0, [10], 100) == Served(10, True)
    assert line.come("b", 1, [10], 100) == Served(20, True)
    assert line.come("c", 50, [10], 100) == Served(60, True)


def test_what_is_over_when_somebody_has_time_takes_nobody_s_time() -> None:
    line = Line(1)
    assert line.come("a", 0, [10], 100) == Served(10, True)
    assert line.come("b", 1, [10], 9) == Served(9, False)
    assert line.come("c", 2, [10], 100) == Served(20, True)


def test_what_is_over_while_somebody_looks_takes_his_time_until_then() -> None:
    line = Line(1)
    assert line.come("a", 0, [10], 5) == Served(5, False)
    assert line.come("b", 1, [10], 100) == Served(15, True)


def test_a_call_that_repeats_an_open_one_joins_it() -> None:
    line = Line(2)
    assert line.come("a", 0, [10], 100) == Served(10, True)
    assert line.come("a", 9, [10], 100) is None
    assert line.come("a", 10, [10], 100) == Served(20, True)


def test_a_request_that_needs_more_people_than_were_there_finds_them() -> None:
    assert Line(1).come("a", 0, [10, 20, 30], 100) == Served(30, True)


def test_settled_requests_are_forgotten() -> None:
    line = Line(1)
    for number in range(10 * PURGE):
        line.come(str(number), float(number), [0.5], number + 10.0)
    assert len(line._open) <= PURGE + 1
