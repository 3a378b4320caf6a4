"""The same answer again is not looked at again, and whatever may change what comes of it makes it another one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.options import Options
from mcp_gate.gate.egress import egress
from mcp_gate.gate.inspections import FOR_SEC, MOST, MOST_BYTES, Inspected, Inspections
from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
from mcp_gate.lang import strictjson
from mcp_gate.policy.load import load
from support.directories import files
from support.held import a_call
from support.scanning import Personal

pytestmark = pytest.mark.anyio
PRIVATE: dict[str, Any] = {"content": [{"type": "text", "text": "SSN 536-22-1234"}], "n": 1}
CLEAN: dict[str, Any] = {"content": [{"type": "text", "text": "All is well."}]}


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counting(Personal):
    def __init__(self, partial: tuple[str, ...] = ()) -> None:
        self.scans = 0
        self._partial = partial

    async def scan(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        self.scans += bool(leaves)
        return Scan((await super().scan(leaves, options)).findings, self._partial)


async def out(scanner: Counting, earlier: Inspections, payload: Any, rules: str = "", **more: Any) -> Any:
    document = {"policies/output.yaml": f"version: v1\noutput_review: {rules}\n".encode()} if rules else {}
    more.setdefault("call", a_call())
    again = json.loads(json.dumps(payload))  # another object that says the same
    return await egress(load(files() | document), scanner, "tools/call", again, earlier=earlier, **more)


@pytest.mark.parametrize("payload", [PRIVATE, CLEAN], ids=["private", "clean"])
async def test_the_same_again_has_the_same_outcome_and_is_not_scanned(payload: Any) -> None:
    scanner, earlier = Counting(), Inspections(Time())
    once: Counter[tuple[str, str]] = Counter()
    twice: Counter[tuple[str, str]] = Counter()
    first = await out(scanner, earlier, payload, counts=once)
    scans = scanner.scans
    second = await out(scanner, earlier, payload, counts=twice)
    assert scans
    assert scanner.scans == scans
    assert (type(second), second.payload) == (type(first), first.payload)
    assert once == twice
    if payload is PRIVATE:
        assert isinstance(first, Changed)
        assert "536-22-1234" not in repr(second)
        assert second.review == first.review
    else:
        assert isinstance(first, Passed)


async def test_another_policy_another_payload_other_rules_or_a_while_later_it_is_looked_at_again() -> None:
    time, scanner = Time(), Counting()
    earlier = Inspections(time)
    await out(scanner, earlier, CLEAN)
    other = "{rules: [{id: a, entities: [PII], decision: quarantine}]}"
    for more in ({"rules": other}, {"payload": CLEAN | {"n": 1.0}}):
        before = scanner.scans
        await out(scanner, earlier, **{"payload": CLEAN, **more})
        assert scanner.scans > before, more
    before = scanner.scans
    time.now += FOR_SEC
    await out(scanner, earlier, CLEAN)
    assert scanner.scans > before


async def test_what_is_withheld_and_what_was_looked_at_in_part_is_looked_at_again() -> None:
    earlier = Inspections(Time())
    scanner = Counting()
    for _ in range(2):
        before = scanner.scans
        seen = await out(scanner, earlier, PRIVATE, "{rules: [{id: a, entities: [PII], decision: quarantine}]}")
        assert isinstance(seen, Withheld)
        assert scanner.scans > before
    partial = Counting(("ner",))
    for _ in range(2):
        before = partial.scans
        assert isinstance(await out(partial, earlier, CLEAN), Changed)
        assert partial.scans > before


async def test_a_limit_of_the_call_at_hand_holds_for_what_is_known_too() -> None:
    from mcp_gate.model.constraints import Constraints

    scanner, earlier = Counting(), Inspections(Time())
    assert isinstance(await out(scanner, earlier, CLEAN), Passed)
    assert isinstance(await out(scanner, earlier, CLEAN, constraints=Constraints(max_output_bytes=8)), Withheld)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSONS = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3) | FINITE)


@given(st.text(max_size=3), st.lists(st.sampled_from(["a", "b", "ab"]), max_size=3), JSONS, JSONS)
def test_only_the_same_is_known_again(method: str, rules: list[str], one: Any, other: Any) -> None:
    kept = Inspections(Time())
    this, that = strictjson.dumps(one), strictjson.dumps(other)
    kept.keep(kept.key("s", method, rules, this), Inspected(None))
    assert kept.get(kept.key("s", method, rules, this)) is not None
    assert (kept.get(kept.key("s", method, rules, that)) is not None) == (json.dumps(one) == json.dumps(other))
    assert kept.get(kept.key("s", method, [*rules, "c"], this)) is None
    assert kept.get(kept.key("t", method, rules, this)) is None


def test_no_more_is_kept_than_fits_and_the_oldest_goes_first() -> None:
    kept = Inspections(Time())
    keys = [kept.key("s", "m", (), strictjson.dumps({"n": n})) for n in range(MOST + 1)]
    for key in keys:
        kept.keep(key, Inspected(None))
    kept.let_go()
    assert [kept.get(key) is None for key in keys[:2]] == [True, False]
    large = kept.key("s", "m", (), strictjson.dumps({"text": "x" * MOST_BYTES}))
    kept.keep(large, Inspected({"text": ""}))
    kept.let_go()
    assert kept.get(large) is None
    assert all(kept.get(key) is None for key in keys)


async def test_what_is_too_old_or_too_much_is_forgotten_once_the_answer_is_out() -> None:
    time = Time()
    scanner, earlier = Counting(), Inspections(time)
    await out(scanner, earlier, CLEAN)
    await asyncio.sleep(0)
    assert len(earlier._kept) == 1
    time.now += FOR_SEC
    await out(scanner, earlier, PRIVATE)
    await asyncio.sleep(0)
    assert len(earlier._kept) == 1
