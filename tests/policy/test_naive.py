"""From the files to the verdict: the product against an evaluator that shares no code with it; and the same answers in
every process."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.lang.canonical import digest
from mcp_gate.model.call import UNKNOWN, Signals
from mcp_gate.policy.load import Loaded, load
from mcp_gate.trial.calls import facts_of
from support import drawn, naive

TESTS = Path(__file__).parents[1]


def decided(gate: Loaded, call: dict[str, Any]) -> tuple[Any, Any]:
    confidence = call["confidence"]
    signals = Signals(
        confidence=UNKNOWN if confidence is None else Decimal(str(confidence)),
        retry_count=call["retry_count"],
        anomaly_score=Decimal(str(call["anomaly_score"])),
        first_time_action=call["first_time_action"],
        level=call["level"],
    )
    facts = facts_of(gate, call["tool"], call["args"], call["agent"], signals)
    return facts, gate.policy.decide(facts)


def agree(gate: Loaded, documents: list[dict[str, Any]], call: dict[str, Any]) -> None:
    facts, verdict = decided(gate, call)
    seen = {**call, "confidence": naive.UNKNOWN if call["confidence"] is None else call["confidence"]}
    expected = naive.decide(drawn.UPSTREAMS, documents, seen)
    assert (facts.description.topic, facts.description.risk_tags) == (expected["topic"], expected["tags"])
    told = verdict.as_json()
    words = {rule["id"]: rule["decision"] for rule in expected["deciding"]}
    assert sorted(told["rule_ids"]) == sorted(words)
    order = [naive.STRICTNESS.index(words[id_]) for id_ in told["rule_ids"]]
    assert order == sorted(order, reverse=True)
    joined = ("decision", "tier", "timeout_sec", "on_timeout", "approvals", "min_assurance", "constraints")
    assert {key: told[key] for key in joined} == {key: expected[key] for key in joined}


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32))
def test_the_product_says_of_every_call_what_the_contract_says(seed: int) -> None:
    r = Random(seed)
    documents = drawn.documents(r)
    gate = load(drawn.files(documents))
    for _ in range(10):
        agree(gate, documents, drawn.call(r))


def thousand() -> str:
    """A digest over decisions, rules, hashes and whole verdicts of a thousand calls."""
    r, out = Random(7), []
    for _ in range(50):
        gate = load(drawn.files(drawn.documents(r)))
        for _ in range(20):
            facts, verdict = decided(gate, drawn.call(r))
            arguments = {"args": facts.arguments, "tags": sorted(facts.description.risk_tags)}
            out.append([verdict.as_json(), digest(arguments), gate.snapshot.id])
    return digest(out)


@pytest.mark.parametrize(
    ("hash_seed", "locale", "zone"),
    [("1", "C", "UTC"), ("4242", "tr_TR.UTF-8", "Pacific/Apia"), ("0", "", "Asia/Tokyo")],
)
def test_another_process_says_the_same_whatever_its_hash_seed_locale_and_time_zone(
    hash_seed: str, locale: str, zone: str
) -> None:
    code = "from policy.test_naive import thousand; print(thousand())"
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "LC_ALL": locale, "LANG": locale, "TZ": zone}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env | {"PYTHONPATH": str(TESTS)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == thousand()
