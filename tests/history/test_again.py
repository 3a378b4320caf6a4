"""Same facts, same policy, same verdict: whatever a gate decided is decided so again from what it wrote down."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.history.again import Candidate, WhyNot, difference
from mcp_gate.history.past import Past
from mcp_gate.model.call import UNKNOWN, Signals
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import CallState
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded, load
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, facts_of, signals_json, unsure_json
from mcp_gate.store import rows
from support.directories import files, rule, rules
from support.held import a_call

CLAUSES = st.sampled_from(
    [
        'topics: ["job.*"]', "topics: [job.support.process-refund]", "risk_tags: [prod]", "risk_tags_none: [prod]",
        "confidence_below: 0.7", "anomaly_score_above: 0.8", "retry_count_above: 2", "amount_usd_above: 99.5",
        "affected_users_above: 1", "first_time_action: true", "when: 'args.amount >= 100 OR attributes.amount_usd = 7'",
        "when: \"args.env LIKE 'p%'\"", "when: 'attributes.confidence > 0.5'", "agents: [bot]",
    ]
)  # fmt: skip
DECISIONS = st.sampled_from(["require_approval", "deny", "allow", "allow_with_constraints"])
DOCUMENTS = st.lists(st.lists(st.tuples(CLAUSES, DECISIONS), min_size=1, max_size=5), max_size=3)
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "amount": st.one_of(NUMBERS, st.sampled_from([7, 99.5, 100, "100", True])),
        "env": st.sampled_from(["prod", "dev"]),
        "to": st.one_of(st.text(max_size=5), st.lists(st.text(max_size=5), max_size=3)),
        "more": st.recursive(st.one_of(NUMBERS, st.text()), st.lists, max_leaves=5),
    },
)
SHARES = st.one_of(st.just(UNKNOWN), st.floats(0, 1).map(lambda x: Decimal(repr(x))))
SIGNALS = st.builds(
    Signals, confidence=SHARES, retry_count=st.integers(0, 4), anomaly_score=SHARES, first_time_action=st.booleans()
)
TOOLS = st.sampled_from(["get_order", "refund_order", "delete_order", "admin_users", "unknown.tool"])


def gate(documents: list[list[tuple[str, str]]]) -> Loaded | None:
    """A gate directory of these rules; None where the gate would refuse to serve them."""
    texts = []
    for number, lines in enumerate(documents):
        if any("confidence" in clause and decision.startswith("allow") for clause, decision in lines):
            return None
        texts.append(rules(*(rule(f"r{number}-{n}", clause, said) for n, (clause, said) in enumerate(lines))))
    return load(files(*texts))


def recorded(loaded: Loaded, tool: str, arguments: dict[str, Any], signals: Signals) -> Past:
    """The call as a gate decides it, writes it into its database, and reads it from there."""
    told = describe(loaded, "shop", tool, "tools/call", arguments)
    call = a_call(
        agent="bot", tool=tool, topic=told.topic, risk_tags=tuple(sorted(told.risk_tags)), arguments=arguments,
        attributes=attributes_json(told.attributes), signals=signals_json(signals) | unsure_json(told),
        job_hash="sha256:0",
    )  # fmt: skip
    verdict = loaded.policy.decide(facts_of(call, told))
    stored = rows.to_call(rows.from_call(call))
    return Past(stored, 0, CallState.DENIED, rows.value(rows.text(verdict.as_json())), loaded.snapshot.id, None)


def again(candidate: Candidate, past: Past) -> Verdict:
    facts = candidate.facts(past)
    assert not isinstance(facts, WhyNot)
    return candidate.verdict(past, facts)


@settings(deadline=None)
@given(DOCUMENTS, TOOLS, ARGUMENTS, SIGNALS)
def test_what_is_stored_is_enough_to_decide_it_again(
    documents: list[list[tuple[str, str]]], tool: str, arguments: dict[str, Any], signals: Signals
) -> None:
    loaded = gate(documents)
    if loaded is None:
        return
    past = recorded(loaded, tool, arguments, signals)
    assert difference(past, {loaded.snapshot.id: loaded}.get) == ""
    for describes in (True, False):
        assert again(Candidate(loaded, describes), past).as_json() == past.verdict


@pytest.mark.parametrize(
    ("milder", "differs"),
    [
        ({}, ""), ({"approvals": 1}, "approvals"), ({"rule_ids": ["other"]}, "rule_ids"),
        ({"decision": "allow"}, "decision"),
        ({"constraints": {"max_amount_usd": 200}}, "constraints"), ({"min_assurance": "link"}, "min_assurance"),
        ({"on_timeout": "approve", "tier": "low"}, "tier, on_timeout"),
    ],
)  # fmt: skip
def test_what_was_joined_with_a_request_may_be_stricter_than_the_policy_and_not_milder(
    milder: dict[str, Any], differs: str
) -> None:
    held = "require_approval, approvals: 2, min_assurance: token, constraints: { max_amount_usd: 100 }"
    loaded = load(files(rules(rule("all", 'topics: ["*"]', held))))
    past = recorded(loaded, "get_order", {}, Signals())
    joined = {
        "terms_of": "R-1", "approvals": 3, "min_assurance": "signed", "rule_id": "other", "rule_ids": ["other", "all"],
        "constraints": {"max_amount_usd": 50, "max_runtime_sec": 5}, "route": "fin", "timeout_sec": 60, "reason": "x",
    }  # fmt: skip
    there = {loaded.snapshot.id: loaded}.get
    assert difference(replace(past, verdict=past.verdict | joined | milder), there) == differs
    assert difference(replace(past, verdict=past.verdict | {"approvals": 3}), there) == "approvals"


def test_a_policy_that_fails_on_a_call_denies_it() -> None:
    loaded = load(files(rules(rule("all", 'topics: ["*"]', "allow"))))
    past = recorded(loaded, "get_order", {}, Signals())

    class Broken:
        def decide(self, facts: object) -> None:
            raise ZeroDivisionError

    object.__setattr__(loaded, "policy", Broken())
    said = again(Candidate(loaded, describes=True), past)
    assert (said.decision, said.rule_ids) == (Decision.DENY, ("error",))
