from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.evidence.chain import GENESIS, START, Broken, Head, Intact, form, link, seal
from mcp_gate.evidence.export import line, record, verify_lines
from mcp_gate.lang.canonical import canonical
from mcp_gate.model.event import Event
from support.chains import verify

TS = "2026-11-22T12:00:00.000Z"


def chained(events: list[Event]) -> list[dict[str, Any]]:
    head, out = START, []
    for event in events:
        sealed = seal(head, TS, event)
        out.append(record(sealed.body, sealed.prev_hash, sealed.hash))
        head = Head(sealed.seq, sealed.hash)
    return out


def events(count: int) -> list[Event]:
    return [Event("call.received", {"call_id": f"c-{n}", "agent": "a"}, {"n": n}) for n in range(count)]


def test_the_example_of_the_contract_has_its_hash() -> None:
    event = Event("policy.loaded", {"agent": None, "policy_snapshot": "v1:b4e2c1d07a55"}, {"files": 3})
    sealed = seal(START, TS, event)
    assert sealed.prev_hash == GENESIS
    assert sealed.hash == "578bdb9fc68c8da60eb2a0238bfc4efee6b2bcb1f0869097bc44de713f4d2e12"


def test_absent_members_are_left_out_and_only_the_agent_may_be_null() -> None:
    body = form(1, TS, Event("security.malformed", {"agent": None, "tool": None, "reason": ""}, {}))
    assert body == {"seq": 1, "ts": TS, "event": "security.malformed", "agent": None, "reason": "", "data": {}}


def test_the_order_of_members_does_not_change_the_hash() -> None:
    whole = chained(events(1))[0]
    assert verify([dict(reversed(whole.items()))]) == verify([whole])


def test_an_untouched_chain_is_intact_and_names_its_head() -> None:
    records = chained(events(5))
    assert verify(records) == Intact(5, 1, Head(5, records[-1]["hash"]))


def test_an_empty_chain_is_intact() -> None:
    assert verify([]) == Intact(0, 0, START)


def test_a_part_of_a_chain_says_where_it_begins() -> None:
    found = verify(chained(events(5))[2:])
    assert isinstance(found, Intact)
    assert found.first == 3


def test_a_record_that_claims_to_be_the_first_must_follow_the_zeros() -> None:
    first = chained(events(1))[0]
    prev = "1" * 64
    body = {k: v for k, v in first.items() if k not in ("prev_hash", "hash")}
    forged = {**body, "prev_hash": prev, "hash": link(prev, canonical(body))}
    assert isinstance(verify([forged]), Broken)


EDITS: list[tuple[str, int]] = [("flip", 3), ("delete", 4), ("swap", 3), ("field", 2), ("add", 2), ("drop", 2)]


@pytest.mark.parametrize(("edit", "seq"), EDITS)
def test_S210_every_edit_is_found_and_the_first_bad_record_is_named(edit: str, seq: int) -> None:
    records = chained(events(6))
    match edit:
        case "flip":
            text = records[2]["hash"]
            records[2]["hash"] = ("0" if text[0] != "0" else "1") + text[1:]
        case "delete":
            del records[3]
        case "swap":
            records[2], records[3] = records[3], records[2]
        case "field":
            records[1]["data"]["n"] = 99
        case "add":
            records[1]["reason"] = "allowed after all"
        case "drop":
            del records[1]["agent"]
    found = verify(records)
    assert isinstance(found, Broken)
    assert found.seq == seq
    assert found.checked == seq - 1


@given(st.data())
def test_no_byte_of_an_export_can_be_changed_unnoticed(data: st.DataObject) -> None:
    text = b"".join(line(r).encode() + b"\n" for r in chained(events(4)))
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != text[at]))
    changed = text[:at] + bytes([byte]) + text[at + 1 :]
    before, after = verify_lines(text.splitlines()), verify_lines(changed.splitlines())
    white = {text[at], byte} <= set(b" \t\r\n")  # one kind of line end for another says nothing else
    assert isinstance(before, Intact)
    assert isinstance(after, Broken) or white


@given(
    st.dictionaries(
        st.sampled_from(["tool", "reason", "call_id", "approver_id", "topic"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    )
)
def test_S221_one_event_is_one_line_that_parses_back_to_the_same(fields: dict[str, str]) -> None:
    hostile = '\n{"seq":7}\r\u2028\u2029\x85\x1b[2J\u202e'
    (whole,) = chained([Event("call.decided", {**fields, "reason": hostile}, {"text": hostile})])
    text = line(whole)
    assert text.isascii()
    assert text.isprintable()
    assert verify_lines([text.encode()]) == verify([whole])


@pytest.mark.parametrize("junk", [b"[]", b"7", b"{}", b'{"seq":"1"}', b'{"seq":1,"seq":1}', b"{", b"\xff"])
def test_a_line_that_is_no_record_breaks_the_chain_there(junk: bytes) -> None:
    lines = [line(r).encode() for r in chained(events(2))]
    found = verify_lines([*lines, junk])
    assert isinstance(found, Broken)
    assert (found.seq, found.checked) == (3, 2)


def test_verification_does_not_change_what_it_looks_at() -> None:
    records = chained(events(3))
    same = copy.deepcopy(records)
    verify(records)
    assert records == same
