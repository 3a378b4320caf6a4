"""One person's word on one request: every refusal of the contract, and what an accepted word does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.evidence.sshsig import verify
from mcp_gate.evidence.statement import NAMESPACE, statement
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.config import AgentSpec
from mcp_gate.model.decision import Assurance
from mcp_gate.model.edit import Edit
from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.model.request import Request, RequestStatus, ReviewerDecision
from mcp_gate.review.judge import EVIDENCE, judge
from mcp_gate.review.people import People, Person
from mcp_gate.review.proof import statement_of
from mcp_gate.review.standing import Standing
from support.held import NOW, PEOPLE, SNAPSHOT, a_call, a_request, a_standing, a_word, an_approval
from support.keys import ed25519_key

KEY = ed25519_key()


def with_key() -> Standing:
    """Dana, who has enrolled her key."""
    people = People({**PEOPLE.persons, "dana": Person("dana", PEOPLE.persons["dana"].groups, (KEY.public,))})
    return a_standing(people=people, gate_id="g-1")


def refused(judged: Judged) -> tuple[str, int, tuple[str, ...]]:
    assert isinstance(judged, Refused)
    return judged.code, judged.http, judged.fields


def test_an_approval_of_the_right_person_approves() -> None:
    request = a_request()
    judged = judge(request, a_word(request, reason="checked with the customer"), a_standing())
    assert isinstance(judged, Accepted)
    assert judged.status is RequestStatus.APPROVED
    assert judged.decision.final
    (event,) = judged.events
    assert event.event == "request.decided"
    assert event.fields["request_id"] == "R-1"
    assert event.fields["approver_id"] == "dana"
    assert event.fields["decision_ts"] == rfc3339(NOW)
    assert event.fields["assurance"] == "session"
    assert event.data == {
        "decision": "approve", "reason": "checked with the customer", "nonce": "n-1", "final": True,
    }  # fmt: skip


def test_a_deny_rejects_and_keeps_its_reason() -> None:
    request = a_request(needed=3)
    judged = judge(request, a_word(request, "deny", reason="wrong order"), a_standing())
    assert isinstance(judged, Accepted)
    assert judged.status is RequestStatus.REJECTED
    assert judged.decision.reason == "wrong order"


def test_every_refusal_is_recorded_with_its_code_and_fields() -> None:
    request = a_request()
    judged = judge(request, a_word(request, job_hash="sha256:other"), a_standing())
    assert isinstance(judged, Refused)
    (event,) = judged.events
    assert event.event == "request.refused"
    assert event.data == {"code": "evidence_incomplete", "fields": ["job_hash"], "decision": "approve"}
    assert event.fields["request_id"] == "R-1"


@pytest.mark.parametrize("field", EVIDENCE)
def test_S223_a_decision_without_a_field_of_the_evidence_contract_is_refused(field: str) -> None:
    request = a_request()
    word = a_word(request, **{field: None})
    by = "" if field == "approver_id" else "dana"
    assert refused(judge(request, word, a_standing(by))) == ("evidence_incomplete", 422, (field,))


def test_all_missing_fields_are_named_at_once() -> None:
    request = a_request()
    code, http, fields = refused(judge(request, ReviewerDecision(decision="deny"), a_standing("")))
    assert (code, http, set(fields)) == ("evidence_incomplete", 422, set(EVIDENCE))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"job_hash": "sha256:" + "1" * 64}, ("job_hash",)),
        ({"policy_snapshot": "v1:ffffffffffff"}, ("policy_snapshot",)),
        ({"job_hash": "x", "policy_snapshot": "y"}, ("policy_snapshot", "job_hash")),
        ({"decision_ts": rfc3339(NOW - 301)}, ("decision_ts",)),
        ({"decision_ts": rfc3339(NOW + 301)}, ("decision_ts",)),
        ({"decision_ts": "yesterday"}, ("decision_ts",)),
        ({"approver_id": "ana"}, ("approver_id",)),
    ],
)
def test_evidence_that_names_something_else_is_refused(changes: dict[str, Any], fields: tuple[str, ...]) -> None:
    request = a_request()
    assert refused(judge(request, a_word(request, **changes), a_standing())) == ("evidence_incomplete", 422, fields)


@pytest.mark.parametrize("apart", [-299, 0, 299])
def test_clocks_may_differ_by_five_minutes(apart: int) -> None:
    request = a_request()
    word = a_word(request, decision_ts=rfc3339(NOW + apart))
    assert isinstance(judge(request, word, a_standing()), Accepted)


def test_somebody_the_gate_does_not_know_is_refused() -> None:
    request = a_request()
    word = a_word(request, by="mallory")
    assert refused(judge(request, word, a_standing("mallory"))) == ("unknown_reviewer", 403, ())


def test_S102_a_reviewer_outside_the_group_is_refused_and_recorded() -> None:
    request = a_request()
    judged = judge(request, a_word(request, by="sam"), a_standing("sam"))
    assert refused(judged) == ("not_in_group", 403, ())
    assert isinstance(judged, Refused)
    assert [event.event for event in judged.events] == ["request.refused"]


def test_S143_a_reviewer_of_another_group_learns_nothing_of_the_request_by_deciding() -> None:
    request = a_request(status=RequestStatus.APPROVED)
    judged = judge(request, a_word(request, by="sam"), a_standing("sam"))
    assert refused(judged)[0] == "not_in_group"


def test_in_a_gate_without_reviewers_its_user_is_in_every_group() -> None:
    request = a_request()
    assert isinstance(judge(request, a_word(request, by="root"), a_standing("root")), Accepted)


def test_everybody_is_in_the_group_named_default() -> None:
    request = a_request(group="default")
    assert isinstance(judge(request, a_word(request, by="sam"), a_standing("sam")), Accepted)


@pytest.mark.parametrize("word", ["approve", "deny"])
def test_an_agent_does_not_decide_on_its_own_call(word: str) -> None:
    request = a_request(a_call(agent="dana"))
    assert refused(judge(request, a_word(request, word), a_standing()))[:2] == ("self_approval", 403)


def test_the_owner_of_an_agent_decides_on_its_calls_only_where_allowed() -> None:
    request = a_request()
    owned = AgentSpec("claude-code", owner="dana")
    assert refused(judge(request, a_word(request), a_standing(agent=owned)))[:2] == ("self_approval", 403)
    allowed = replace(owned, allow_owner=True)
    assert isinstance(judge(request, a_word(request), a_standing(agent=allowed)), Accepted)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (RequestStatus.APPROVED, "already_decided"),
        (RequestStatus.REJECTED, "already_decided"),
        (RequestStatus.EXPIRED, "already_decided"),
        (RequestStatus.CANCELLED, "already_decided"),
        (RequestStatus.SUPERSEDED, "tool_changed"),
    ],
)
def test_a_closed_request_takes_no_word(status: RequestStatus, code: str) -> None:
    request = a_request(status=status)
    assert refused(judge(request, a_word(request), a_standing()))[:2] == (code, 409)


def test_a_request_superseded_by_a_new_policy_says_so() -> None:
    request = a_request(status=RequestStatus.SUPERSEDED)
    standing = a_standing(snapshot="v1:ffffffffffff")
    assert refused(judge(request, a_word(request), standing))[:2] == ("policy_changed", 409)


@pytest.mark.parametrize("late", [0.001, 1.0, 3600.0])
def test_S087_a_word_after_the_due_time_is_refused(late: float) -> None:
    request = a_request(due_ts=rfc3339(NOW - late))
    assert refused(judge(request, a_word(request), a_standing()))[:2] == ("already_decided", 409)


def test_what_moved_since_the_call_was_held_is_named() -> None:
    request = a_request()
    for changes, code in (
        ({"snapshot": "v1:ffffffffffff"}, "policy_changed"),
        ({"tool_hash": "sha256:" + "1" * 64}, "tool_changed"),
        ({"tool_hash": ""}, "tool_changed"),
    ):
        assert refused(judge(request, a_word(request), a_standing(**changes)))[:2] == (code, 409)


def test_a_tool_whose_upstream_is_away_can_be_decided_on() -> None:
    request = a_request()
    assert isinstance(judge(request, a_word(request), a_standing(tool_hash=None)), Accepted)


def test_stored_arguments_that_are_not_those_of_the_hash_are_refused() -> None:
    request = a_request()
    tampered = replace(request, call=replace(request.call, arguments={"order": "O-1", "amount": 99999}))
    assert refused(judge(tampered, a_word(request), a_standing()))[:2] == ("arguments_changed", 409)


def test_a_weak_proof_of_identity_is_refused_where_the_policy_asks_for_more() -> None:
    request = a_request(min_assurance=Assurance.TOKEN)
    assert refused(judge(request, a_word(request), a_standing()))[:2] == ("assurance_too_low", 403)
    assert isinstance(judge(request, a_word(request), a_standing(assurance=Assurance.TOKEN)), Accepted)


def signed(request: Request, **changes: Any) -> ReviewerDecision:
    word = a_word(request, **changes)
    return replace(word, signature=KEY.sign(statement_of(word, request.id, "g-1")))


def test_a_signature_lifts_its_giver_to_signed_and_the_record_can_be_checked_alone() -> None:
    request = a_request(min_assurance=Assurance.SIGNED)
    word = signed(request, reason="")
    judged = judge(request, word, with_key())
    assert isinstance(judged, Accepted)
    assert (judged.decision.assurance, judged.decision.signature) == (Assurance.SIGNED, word.signature)
    (event,) = judged.events
    fields, data = event.fields, event.data
    assert fields["assurance"] == "signed"
    assert data["key"] == KEY.public.fingerprint
    told = {name: data[name] for name in ("decision", "reason", "nonce")}
    told |= {name: fields[name] for name in ("approver_id", "decision_ts")}
    told |= {"job_hash": request.call.job_hash, "policy_snapshot": request.policy_snapshot}
    message = statement(told, fields["request_id"], "g-1")
    assert verify(data["signature"], message, NAMESPACE, [KEY.public]) == KEY.public
    assert judged.decision.statement.encode() == message


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "another"}, {"nonce": None}, {"nonce": "n-2"}, {"decision": "deny"},
        {"decision_ts": rfc3339(NOW + 1)},
    ],
)  # fmt: skip
def test_S138_a_field_that_is_changed_after_it_was_signed_makes_the_signature_bad(changes: dict[str, Any]) -> None:
    request = a_request()
    word = replace(signed(request, reason="as asked"), **changes)
    assert refused(judge(request, word, with_key())) == ("bad_signature", 403, ("signature",))


def test_half_a_character_cannot_be_signed() -> None:
    request = a_request()
    word = a_word(request, reason="\ud800", signature="x")
    assert refused(judge(request, word, with_key()))[:2] == ("bad_signature", 403)


def test_a_signature_that_cannot_be_verified_is_not_taken_for_one() -> None:
    request = a_request()
    word = a_word(request, signature="-----BEGIN SSH SIGNATURE-----")
    assert refused(judge(request, word, a_standing()))[:2] == ("bad_signature", 403)


def an_edit(request: Request, **changes: Any) -> Edit:
    call = a_call(arguments={"order": "O-1", "amount": 1})
    base = Edit(
        request.call.job_hash, call, request.verdict, request.tier, request.needed, request.min_assurance,
        request.on_timeout, request.group, ("/amount",),
    )  # fmt: skip
    return replace(base, **changes)


def test_S103_nothing_is_edited_silently_both_digests_are_in_the_record() -> None:
    request = a_request()
    smuggled = a_word(request, "approve", arguments={"order": "O-1", "amount": 1})
    assert refused(judge(request, smuggled, a_standing())) == ("bad_decision", 422, ("arguments",))
    without = a_word(request, "edit")
    assert refused(judge(request, without, a_standing())) == ("bad_decision", 422, ("arguments",))
    edit = an_edit(request)
    judged = judge(request, a_word(request, "edit", arguments=edit.call.arguments), a_standing(edit=edit))
    assert isinstance(judged, Accepted)
    assert (judged.status, judged.edit) == (RequestStatus.APPROVED, edit)
    data = judged.events[0].data
    assert (data["edited_job_hash"], data["changed"]) == (edit.call.job_hash, ["/amount"])
    assert judged.decision.job_hash == request.call.job_hash


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        ({"of": "sha256:other"}, "arguments_changed"),
        ({"group": "ops-approvers"}, "not_in_group"),
        ({"min_assurance": Assurance.TOKEN}, "assurance_too_low"),
    ],
)
def test_an_edit_takes_who_could_decide_on_the_changed_call_and_has_seen_this_one(
    edit: dict[str, Any], code: str
) -> None:
    request = a_request()
    word = a_word(request, "edit", arguments={"order": "O-1", "amount": 1})
    assert refused(judge(request, word, a_standing(edit=an_edit(request, **edit))))[0] == code
    assert refused(judge(request, word, a_standing()))[0] == "arguments_changed"
    denied = Refused("edit_denied", 409, "no", ("arguments",))
    assert refused(judge(request, word, a_standing(edit=denied))) == ("edit_denied", 409, ("arguments",))


def test_an_edit_that_needs_more_people_waits_for_them() -> None:
    request = a_request()
    word = a_word(request, "edit", arguments={"order": "O-1", "amount": 1})
    judged = judge(request, word, a_standing(edit=an_edit(request, needed=2)))
    assert isinstance(judged, Accepted)
    assert (judged.status, judged.decision.final) == (RequestStatus.PENDING, False)


def test_an_edit_that_other_people_would_have_to_approve_too_is_none() -> None:
    both = People({"dana": Person("dana", frozenset({"finance-approvers", "ops-approvers"}))})
    request = a_request()
    word = a_word(request, "edit", arguments={"order": "O-1", "amount": 1})
    alone = a_standing(people=both, edit=an_edit(request, group="ops-approvers"))
    assert isinstance(judge(request, word, alone), Accepted)
    more = a_standing(people=both, edit=an_edit(request, group="ops-approvers", needed=2))
    assert refused(judge(request, word, more)) == ("edit_denied", 409, ("arguments",))
    moved = replace(request, group="ops-approvers", escalated_from="finance-approvers", escalated_ts=request.opened_ts)
    word = a_word(moved, "edit", arguments={"order": "O-1", "amount": 1})
    same = a_standing(people=both, edit=an_edit(moved, group="finance-approvers", needed=2))
    assert isinstance(judge(moved, word, same), Accepted)


@pytest.mark.parametrize("word", ["release", "drop", "APPROVE", "yes", "", None])
def test_other_words_are_refused(word: str | None) -> None:
    request = a_request()
    posted = replace(a_word(request), decision=word)
    assert refused(judge(request, posted, a_standing())) == ("bad_decision", 422, ("decision",))


def test_a_request_claimed_by_another_waits_for_him_until_his_claim_lapses() -> None:
    claimed = a_request(claimed_by="ana", claimed_until=rfc3339(NOW + 1))
    assert refused(judge(claimed, a_word(claimed), a_standing()))[:2] == ("claimed", 409)
    assert isinstance(judge(claimed, a_word(claimed, by="ana"), a_standing("ana")), Accepted)
    lapsed = a_request(claimed_by="ana", claimed_until=rfc3339(NOW))
    assert isinstance(judge(lapsed, a_word(lapsed), a_standing()), Accepted)


def test_a_claim_ends_with_its_holders_word() -> None:
    request = a_request(needed=2, claimed_by="ana", claimed_until=rfc3339(NOW + 500), decisions=(an_approval("ana"),))
    assert isinstance(judge(request, a_word(request), a_standing()), Accepted)


def test_two_approvals_are_those_of_two_people() -> None:
    request = a_request(needed=2)
    first = judge(request, a_word(request), a_standing())
    assert isinstance(first, Accepted)
    assert first.status is RequestStatus.PENDING
    assert not first.decision.final
    assert "final" not in first.events[0].data
    request = replace(request, decisions=(first.decision,))
    again = a_word(request, nonce="n-2")
    assert refused(judge(request, again, a_standing()))[:2] == ("second_person_needed", 403)
    changed = judge(request, a_word(request, "deny", nonce="n-3"), a_standing())
    assert isinstance(changed, Accepted), "who approved may think better of it"
    assert changed.status is RequestStatus.REJECTED
    second = judge(request, a_word(request, by="ana"), a_standing("ana"))
    assert isinstance(second, Accepted)
    assert second.status is RequestStatus.APPROVED


def test_S099_the_approval_of_a_reviewer_removed_since_does_not_count() -> None:
    request = a_request(needed=2, decisions=(an_approval("ana"),))
    without = People({name: person for name, person in PEOPLE.persons.items() if name != "ana"})
    judged = judge(request, a_word(request), a_standing(people=without))
    assert isinstance(judged, Accepted)
    assert judged.status is RequestStatus.PENDING


@pytest.mark.parametrize("by", ["dana", "ana"])
def test_S101_approve_then_deny_is_denied(by: str) -> None:
    request = a_request(needed=2, decisions=(an_approval("ana"),))
    judged = judge(request, a_word(request, "deny", by=by), a_standing(by))
    assert isinstance(judged, Accepted)
    assert judged.status is RequestStatus.REJECTED


names = st.sampled_from(["dana", "ana", "sam", "root", "mallory", "claude-code", ""])
texts = st.one_of(st.none(), st.text(max_size=8), st.sampled_from([SNAPSHOT, a_call().job_hash, rfc3339(NOW)]))


@given(
    word=st.builds(
        ReviewerDecision,
        decision=st.sampled_from(["approve", "deny", "edit", "release", None]),
        approver_id=st.one_of(st.none(), names), job_hash=texts, policy_snapshot=texts, decision_ts=texts,
        nonce=texts, signature=st.one_of(st.none(), st.just("s")),
    ),
    by=names,
    needed=st.integers(1, 3),
    status=st.sampled_from(list(RequestStatus)),
    given_before=st.lists(st.sampled_from(["dana", "ana", "gone"]), unique=True, max_size=3),
    due=st.integers(-2, 2),
    assurance=st.sampled_from([Assurance.SESSION, Assurance.TOKEN]),
    least=st.sampled_from(list(Assurance)),
)  # fmt: skip
def test_nothing_is_approved_without_everything_that_an_approval_needs(
    word: ReviewerDecision, by: str, needed: int, status: RequestStatus, given_before: list[str], due: int,
    assurance: Assurance, least: Assurance,
) -> None:  # fmt: skip
    request = a_request(
        status=status, needed=needed, min_assurance=least, due_ts=rfc3339(NOW + due),
        decisions=tuple(an_approval(name) for name in given_before),
    )  # fmt: skip
    judged = judge(request, word, a_standing(by, assurance=assurance))
    assert all(event.event in ("request.decided", "request.refused") for event in judged.events)
    assert len(judged.events) == 1
    if isinstance(judged, Accepted):
        assert status is RequestStatus.PENDING
        assert due > 0
        assert word.approver_id == by
        assert by in ("dana", "ana", "root")
        assert word.job_hash == request.call.job_hash
        assert word.policy_snapshot == SNAPSHOT
        assert word.decision_ts == rfc3339(NOW)
        assert assurance >= least
        assert word.signature is None, "nobody here has a key"
        people = {by, *given_before} - {"gone"}
        if judged.status is RequestStatus.APPROVED:
            assert len(people) >= needed
            assert word.decision == "approve"
