"""Windows against a recount over everything that happened, and what has a part in them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.lang.conditions import Window, compile_condition
from mcp_gate.model.call import UNKNOWN, Unknown
from mcp_gate.signals.windows import Deed, Windows, alone
from support.held import a_call

UNTOLD = {"unknown": True}


def window(text: str) -> Window:
    (found,) = compile_condition(f"{text} > 0", frozenset({"args"}), with_windows=True).windows
    return found


def deed(agent: str = "bot", tool: str = "pay", topic: str = "job.pay", **attributes: Any) -> Deed:
    return Deed(agent, "shop", tool, topic, attributes)


def value(text: str, now: Deed, *before: Deed, at: float = 0.0) -> Decimal | Unknown | None:
    """What a window comes to with one call, after others at time 0."""
    one = window(text)
    windows = Windows([one])
    for n, call in enumerate(before):
        windows.add(f"c-{n}", call, 0.0)
    return windows.values([one], now, at).get(one.text)


# ---- against a recount


@dataclass
class Happened:
    """One call, as a naive reader of the record would remember it."""

    call_id: str
    deed: Deed
    sent_at: float | None
    gone: bool = False


AMOUNTS = st.sampled_from([0, 1, 99, 0.1, 1e-300, 5e-324, 1e17, 10**18, 10**19, -1, True, "99", UNTOLD])
DEEDS = st.builds(
    Deed,
    st.sampled_from(["a", "b"]), st.just("shop"), st.sampled_from(["pay", "send"]), st.just("job.pay"),
    st.fixed_dictionaries({}, optional={"n": AMOUNTS, "to": st.sampled_from(["x", "y", 1, UNTOLD])}),
)  # fmt: skip
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), DEEDS, st.booleans()),
        st.tuples(st.just("send"), st.integers(0, 9)),
        st.tuples(st.just("drop"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.integers(0, 40)),
        st.tuples(st.just("back"), st.integers(0, 40)),
        st.tuples(st.just("ask"), DEEDS),
    ),
    max_size=40,
)
TEXTS = [
    "count(30s)", "count(1m, tool)", "count(1m, attributes.to)", "sum(attributes.n, 30s)",
    "sum(attributes.n, 1m, tool, agent)", "sum(attributes.n, 45s, attributes.to)", "sum(attributes.n, 1m, topic)",
]  # fmt: skip

KEPT = [window(text) for text in TEXTS]


def amount(of: str | None, call: Deed) -> Fraction | None:
    if of is None:
        return Fraction(1)
    found = call.attributes[of]
    known = type(found) in (int, float) and 0 <= found <= 10**18
    return Fraction(str(found)) if known else None


def part(word: str, call: Deed) -> Any:
    name = word.removeprefix("attributes.")
    found = call.attributes[name] if word != name else getattr(call, word)
    return None if found == UNTOLD else str(found)


def recounted(one: Window, now: float, asked: Deed, happened: list[Happened]) -> Fraction | Unknown | None:
    """The number, UNKNOWN, or None where the call has no part in the window."""
    if not set(one.attributes) <= set(asked.attributes):
        return None
    own = [part(word, asked) for word in one.same]
    total, unknown = amount(one.of, asked), None in own
    for old in happened:
        passed = old.sent_at is not None and now >= old.sent_at + one.seconds
        if old.gone or passed or not set(one.attributes) <= set(old.deed.attributes):
            continue
        parts = [part(word, old.deed) for word in one.same]
        if all(a == b or b is None for a, b in zip(own, parts, strict=True)):
            more = amount(one.of, old.deed)
            unknown |= None in parts or more is None
            total = None if total is None else total + (more or 0)
    return UNKNOWN if unknown or total is None else total


@settings(deadline=None)
@given(STEPS)
def test_S048_windows_say_what_a_recount_over_all_calls_says(steps: list[tuple[Any, ...]]) -> None:
    windows, happened, now = Windows(KEPT), list[Happened](), 1000.0
    passed = now
    for step in steps:
        match step:
            case ("add", call, held):
                fresh = Happened(f"c-{len(happened)}", call, None if held else now)
                happened.append(fresh)
                windows.add(fresh.call_id, call, fresh.sent_at)
            case ("send", n) if n < len(happened) and happened[n].sent_at is None and not happened[n].gone:
                happened[n].sent_at = now
                windows.sent(f"c-{n}", now)
            case ("drop", n) if n < len(happened):
                happened[n].gone = True
                windows.remove(f"c-{n}")
            case ("wait", seconds):
                now += seconds
            case ("back", seconds):  # what was sent before a restart may lie ahead of a clock that was set back
                now = max(passed, now - seconds)
            case ("ask", call):
                passed = now
                expected = {one.text: recounted(one, now, call, happened) for one in KEPT}
                found = windows.values(KEPT, call, now)
                assert {t: v if v is UNKNOWN else Fraction(v) for t, v in found.items()} == {
                    text: value for text, value in expected.items() if value is not None
                }


# ---- what has a part


def test_the_call_that_is_decided_is_included() -> None:
    ninety_nine = deed(amount_usd=99)
    assert value("sum(attributes.amount_usd, 24h)", ninety_nine, ninety_nine, ninety_nine) == 297
    assert value("count(24h)", ninety_nine, ninety_nine, ninety_nine) == 3


def test_an_agents_other_tools_are_added_up_too_unless_the_tool_is_named() -> None:
    before = [deed(n=5), deed(tool="transfer", n=7), deed(agent="other", n=11)]
    assert value("sum(attributes.n, 1h)", deed(n=1), *before) == 13
    assert value("sum(attributes.n, 1h, tool)", deed(n=1), *before) == 17
    assert value("sum(attributes.n, 1h, agent, tool)", deed(n=1), *before) == 6
    assert value("sum(attributes.n, 1h, topic)", deed(n=1), *before) == 24


def test_a_target_that_is_spelled_otherwise_is_no_other_target() -> None:
    before = [deed(target="DE12 3456"), deed(target="de123456"), deed(target=" ＤＥ12\u200b3456"), deed(target="DE99")]
    assert value("count(1h, target)", deed(target="DE123456"), *before) == 4
    assert value("count(1h, target)", deed(target=5), deed(target="5")) == 2


def test_a_call_that_declares_no_such_attribute_has_no_part() -> None:
    assert value("sum(attributes.n, 1h)", deed(), deed(n=5)) is None
    assert value("sum(attributes.n, 1h)", deed(n=5), deed()) == 5
    assert value("count(1h, target)", deed(), deed(target="x")) is None


@pytest.mark.parametrize("odd", [UNTOLD, "5", True, -0.01, 10**18 + 1, 1e19])
def test_one_amount_that_cannot_be_told_makes_the_sum_unknown_until_it_has_passed(odd: Any) -> None:
    text = "sum(attributes.n, 1h)"
    assert value(text, deed(n=odd)) is UNKNOWN
    assert value(text, deed(n=1), deed(n=odd), at=3599.0) is UNKNOWN
    assert value(text, deed(n=1), deed(n=odd), at=3600.0) == 1
    assert value(text, deed(agent="other", n=1), deed(n=odd)) == 1


def test_a_target_that_cannot_be_told_may_be_any() -> None:
    text = "count(1h, agent, target)"
    assert value(text, deed(target="x"), deed(target=UNTOLD)) is UNKNOWN
    assert value(text, deed(target=UNTOLD), deed(target="x")) is UNKNOWN
    assert value(text, deed(agent="other", target="x"), deed(target=UNTOLD)) == 1


def test_sums_are_exact() -> None:
    before = [deed(n=0.1)] * 9
    assert value("sum(attributes.n, 1h)", deed(n=0.1), *before) == Decimal(1)
    tiny = value("sum(attributes.n, 1h)", deed(n=5e-324), deed(n=10**18))
    assert isinstance(tiny, Decimal)
    assert tiny > 10**18


def test_the_same_held_call_made_again_is_not_counted_twice() -> None:
    one = window("sum(attributes.n, 1h)")
    windows = Windows([one])
    windows.add("c-1", deed(n=60), None)
    windows.add("c-2", deed(n=30), 0.0)
    assert windows.values([one], deed(n=60), 5.0, again="c-1") == {one.text: 90}
    assert windows.values([one], deed(n=60), 5.0) == {one.text: 150}


def test_what_has_passed_is_forgotten() -> None:
    one = window("count(1h, agent)")
    windows = Windows([one])
    (tally,) = windows.open([window("count(1h)")])
    for n in range(1000):
        windows.add(f"c-{n}", deed(agent=f"a{n}"), float(n))
    assert len(tally) == 1000
    windows.values([tally.window], deed(), 3600.0 + 899)
    assert len(tally) == 100


def test_windows_are_opened_and_dropped_one_by_one() -> None:
    first, second = window("count(1h)"), window("count(2h)")
    windows = Windows([first])
    windows.add("c-1", deed(), 0.0)
    assert [tally.window for tally in windows.open([first, second])] == [second]
    assert windows.values([first, second], deed(), 1.0) == {first.text: 2, second.text: 1}
    windows.keep([second])
    with pytest.raises(KeyError):
        windows.values([first], deed(), 1.0)
    windows.drop([second])
    assert not windows


def test_alone_a_window_holds_the_call_itself() -> None:
    found = alone([window("count(1h)"), window("sum(attributes.n, 1h)")], Deed.of(a_call(attributes={"n": 2.5})))
    assert found == {"count(1h)": 1, "sum(attributes.n, 1h)": Decimal("2.5")}
