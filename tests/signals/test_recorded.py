"""What a policy looked at survives being stored: the same facts, so the same decision."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.call import UNKNOWN, Call, Signals, Unknown
from mcp_gate.signals.recorded import (
    NotRecorded,
    attributes_json,
    description_of,
    facts_of,
    signals_json,
    signals_of,
    unsure_json,
)
from support.directories import facts, loaded
from support.held import a_call

NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(lambda x: Decimal(repr(x)))
SHARES = st.one_of(st.just(UNKNOWN), st.floats(0, 1).map(lambda x: Decimal(repr(x))))
SIGNALS = st.builds(
    Signals, confidence=SHARES, retry_count=st.integers(0, 10**6), anomaly_score=SHARES,
    first_time_action=st.booleans(), level=st.integers(0, 99), tainted=st.booleans(),
    windows=st.dictionaries(st.text(), st.just(UNKNOWN) | st.decimals(0, 10**20, places=30)),
)  # fmt: skip
VALUES = st.one_of(st.just(UNKNOWN), st.integers(), NUMBERS, st.text(), st.booleans())


def stored(value: Any) -> Any:
    return json.loads(json.dumps(value))


@given(SIGNALS)
def test_signals_come_back_as_they_were(signals: Signals) -> None:
    assert signals_of(stored(signals_json(signals))) == signals


@given(st.dictionaries(st.text(), VALUES))
def test_attributes_come_back_as_they_were(attributes: dict[str, Any]) -> None:
    call = a_call(attributes=stored(attributes_json(attributes)))
    found = description_of(call).attributes
    assert found == attributes
    assert {name: type(value) is bool for name, value in found.items()} == {
        name: type(value) is bool for name, value in attributes.items()
    }


def test_every_signal_is_stored() -> None:
    assert set(signals_json(Signals())) == {field.name for field in dataclasses.fields(Signals)}


@pytest.mark.parametrize("missing", [f.name for f in dataclasses.fields(Signals) if f.name != "tainted"])
def test_a_call_without_one_of_its_signals_is_not_replayed_on_a_guess(missing: str) -> None:
    some = signals_json(Signals())
    del some[missing]
    with pytest.raises(NotRecorded, match=f"no {missing}"):
        signals_of(some)


def test_the_facts_of_a_stored_call_are_those_it_was_decided_by() -> None:
    gate = loaded()
    was = facts(gate, "refund_order", {"amount": 12.5, "to": "a, b"}, confidence=Unknown.UNKNOWN, retries=3, first=True)
    told = was.description
    call: Call = a_call(
        agent=was.agent, tool=was.tool, topic=told.topic, risk_tags=tuple(sorted(told.risk_tags)),
        arguments=was.arguments, attributes=stored(attributes_json(told.attributes)),
        signals=stored(signals_json(was.signals) | unsure_json(told)),
    )  # fmt: skip
    assert facts_of(call, description_of(call)) == was


def test_a_call_of_an_unmapped_tool_is_described_as_one_again() -> None:
    gate = loaded()
    told = facts(gate, "something.else").description
    assert told.unmapped
    assert description_of(a_call(topic=told.topic, risk_tags=("unmapped",), attributes={})) == told
