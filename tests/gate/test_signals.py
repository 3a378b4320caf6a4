"""What the gate counts and what agents claim: retries, first times, confidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.gate.gate import Gate
from mcp_gate.model.call import UNKNOWN
from mcp_gate.model.outcome import Delivered, Outcome, Refused, Status
from mcp_gate.policy.load import Loaded
from mcp_gate.wire.errors import RpcError
from support.agents import bench, entry
from support.directories import decide as decided
from support.directories import loaded as made
from support.directories import rule, rules
from support.gates import Hands, Upstream, job, open_gate, perform
from support.lines import an_agent, verdict
from support.running import place, serving
from support.upstreams import Probe

pytestmark = pytest.mark.anyio

AGAIN = """\
version: v1
rules:
  - { id: again, match: { retry_count_above: 2 }, decision: require_approval }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""
FIRST = """\
version: v1
rules:
  - { id: first, match: { first_time_action: true, risk_tags: [write] }, decision: deny }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""
SURE = """\
version: v1
rules:
  - { id: unsure, match: { confidence_below: 0.7 }, decision: deny }
  - { id: rest, match: { topics: ["*"] }, decision: allow }
"""
SETTINGS = "hold: { wait_sec: 1 }\n"
META = "dev.mcp-gate/confidence"
NOT_SAID: Any = object()


def held(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.status is Status.PENDING


async def fail(arguments: dict[str, Any]) -> dict[str, Any]:
    raise RpcError(-32050, "no")


# ---- retries


@pytest.mark.parametrize("answer", [fail, {"content": [], "isError": True}])
async def test_S053_the_fourth_attempt_after_three_failures_is_held_however_fast_it_comes(
    tmp_path: Path, answer: Any
) -> None:
    async with open_gate(tmp_path, AGAIN, SETTINGS) as gate:
        wanted = job("refund", {"amount": 5})
        for attempt in range(3):
            assert not held(await perform(gate, wanted, Upstream(answer))), attempt
        assert held(await perform(gate, wanted, Upstream(answer)))
        assert not held(await perform(gate, job("refund", {"amount": 6}), Upstream(answer))), "another call"
        assert not held(await perform(gate, wanted, Upstream(answer), agent="other"))


async def test_S053_a_success_starts_the_count_anew(tmp_path: Path) -> None:
    async with open_gate(tmp_path, AGAIN, SETTINGS) as gate:
        wanted = job("refund", {"amount": 5})
        for answer in (fail, fail, {"content": []}, fail, fail):
            assert not held(await perform(gate, wanted, Upstream(answer)))
        assert gate.store.failures("default", await job_hash(gate)) == 2


async def job_hash(gate: Gate) -> str:
    await gate.settle(5)
    return str((await gate.store.records())[-1]["job_hash"])


async def test_S055_the_count_survives_reconnects_and_restarts_and_no_claim_changes_it(tmp_path: Path) -> None:
    hands = Hands()
    for start in range(3):
        async with open_gate(tmp_path, AGAIN, SETTINGS, hands) as gate:
            claims = {"dev.mcp-gate/retry_count": 0, "dev.mcp-gate/attempt": 1, "retry_count": 0}
            outcome = await perform(gate, job("refund", {"amount": 5}, **claims), Upstream(fail), session=f"s-{start}")
            assert not held(outcome)
    async with open_gate(tmp_path, AGAIN, SETTINGS, hands) as gate:
        upstream = Upstream(fail)
        assert held(await perform(gate, job("refund", {"amount": 5}), upstream, session="s-9"))
        assert upstream.sent == []


def test_S055_over_the_socket_of_a_gate_that_was_killed(tmp_path: Path) -> None:
    probe = Probe(tmp_path, result={"content": [], "isError": True})
    with place({"shop": entry(probe)}, AGAIN, SETTINGS) as where:
        for start in range(3):
            with serving(where) as process, an_agent(where.state) as agent:
                agent.call("shop_echo", n=1)
                if start == 1:
                    agent.call("shop_echo", n=2)  # rides along: what came before is on the record
                    process.kill()
                    process.wait()
        with serving(where), an_agent(where.state) as agent:
            assert verdict(agent.call("shop_echo", n=1))["status"] == "pending"


# ---- first times


async def test_S058_that_an_agent_had_a_tool_executed_is_remembered(tmp_path: Path) -> None:
    hands = Hands()
    learning = FIRST.replace("first_time_action: true, risk_tags: [write]", "first_time_action: true, agents: [x]")
    async with open_gate(tmp_path, FIRST, SETTINGS, hands) as gate:
        assert not isinstance(await perform(gate, job("refund"), Upstream()), Delivered)
        assert not isinstance(await perform(gate, job("refund"), Upstream()), Delivered), "a denied call is no time"
    async with open_gate(tmp_path, learning, SETTINGS, hands) as gate:
        assert isinstance(await perform(gate, job("refund"), Upstream()), Delivered)
    async with open_gate(tmp_path, FIRST, SETTINGS, hands) as gate:
        assert isinstance(await perform(gate, job("refund"), Upstream()), Delivered)
        assert not isinstance(await perform(gate, job("refund"), Upstream(), agent="other"), Delivered)


def test_S058_a_second_process_of_the_agent_is_the_same_agent(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    once = FIRST.replace("decision: deny", "decision: require_approval").replace(", risk_tags: [write]", "")
    with (
        place({"shop": entry(probe)}, once, SETTINGS) as where,
        serving(where),
        an_agent(where.state) as first,
        an_agent(where.state) as second,
    ):
        assert verdict(first.call("shop_echo"))["status"] == "pending"
        (request,) = where.review().requests(status="pending")
        digest = request["call"]["job_hash"].removeprefix("sha256:")[:8]
        assert where.run("requests", "approve", request["id"], "--digest", digest).returncode == 0
        assert not verdict(first.call("shop_echo"))
        assert not verdict(second.call("shop_echo", n=2))


# ---- confidence


@pytest.mark.parametrize(
    ("argument", "meta", "passes"),
    [
        (1.0, NOT_SAID, True),
        (1, NOT_SAID, True),
        (0.7, NOT_SAID, True),
        (0.69, NOT_SAID, False),
        (0, NOT_SAID, False),
        ("0.99", NOT_SAID, False),
        (2, NOT_SAID, False),
        (-1, NOT_SAID, False),
        (1.0000001, NOT_SAID, False),
        (True, NOT_SAID, False),
        (None, NOT_SAID, False),
        ([1], NOT_SAID, False),
        (10**400, NOT_SAID, False),
        (NOT_SAID, NOT_SAID, False),
        (NOT_SAID, 0.9, True),
        (NOT_SAID, 0.6, False),
        (NOT_SAID, "1", False),
        (NOT_SAID, None, False),
        (0.9, 0.8, True),
        (0.9, 0.6, False),
        (0.6, 0.9, False),
        (0.9, "high", False),
        ("high", 0.9, False),
        (0.9, 7, False),
    ],
)
async def test_S056_what_is_no_number_from_0_to_1_is_below_and_of_two_the_lower_counts(
    tmp_path: Path, argument: Any, meta: Any, passes: bool
) -> None:
    async with open_gate(tmp_path, SURE) as gate:
        arguments = {"amount": 5} if argument is NOT_SAID else {"amount": 5, "gate_confidence": argument}
        upstream = Upstream()
        outcome = await perform(gate, job("refund", arguments, **({} if meta is NOT_SAID else {META: meta})), upstream)
        assert isinstance(outcome, Delivered) is passes
        assert upstream.sent == ([{"amount": 5}] if passes else [])


async def test_S056_numbers_that_are_not_finite_are_no_message_at_all(tmp_path: Path) -> None:
    probe = Probe(tmp_path)
    async with bench({"shop": entry(probe)}, SURE) as b, b.legacy() as client:
        for odd, code in ((b"NaN", -32700), (b"Infinity", -32700), (b"1e999", -32602)):
            await client.send_line(
                b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"shop_echo","arguments":{},'
                b'"_meta":{"dev.mcp-gate/confidence":' + odd + b"}}}"
            )
            assert (await client.message())["error"]["code"] == code
        assert probe.calls() == []


async def test_a_tool_that_does_not_ask_keeps_its_own_argument_of_that_name(tmp_path: Path) -> None:
    async with open_gate(tmp_path, SURE) as gate:
        upstream = Upstream()
        await perform(gate, job("get", {"gate_confidence": 0.1}, **{META: 0.9}), upstream)
        assert upstream.sent == [{"gate_confidence": 0.1}]


async def test_the_claim_is_no_part_of_what_is_hashed(tmp_path: Path) -> None:
    async with open_gate(tmp_path, SURE) as gate:
        for said in (0.8, 0.9, 1):
            await perform(gate, job("refund", {"amount": 5, "gate_confidence": said}), Upstream())
        await gate.settle(5)
        assert len({r["job_hash"] for r in await gate.store.records() if r["event"] == "call.decided"}) == 1


# ---- what may be claimed only makes stricter

NUMBERS = ["0", "1", "2", "5"]
TRIGGERS = ["amount_usd_above", "affected_users_above", "retry_count_above"]
SHARES = ["anomaly_score_above"]
CLAUSES = st.one_of(
    st.builds("{}: {}".format, st.sampled_from(TRIGGERS), st.sampled_from(NUMBERS)),
    st.builds("{}: {}".format, st.sampled_from(SHARES), st.sampled_from(["0", "0.5", "0.8"])),
    st.builds("confidence_below: {}".format, st.sampled_from(["0.3", "0.7", "1"])),
    st.builds(
        'when: "{} {} {}"'.format,
        st.sampled_from(["attributes.amount_usd", "attributes.retry_count"]),
        st.sampled_from([">", ">="]), st.sampled_from(NUMBERS),
    ),
)  # fmt: skip
RESTRICTIVE = ["require_approval", "deny"]


@st.composite
def policies(draw: st.DrawFn) -> Loaded:
    """Documents as admins write them: triggers restrict, the strictest of them first, and a last rule says the rest."""
    documents = []
    for document in range(draw(st.integers(1, 3))):
        words = sorted(draw(st.lists(st.sampled_from(RESTRICTIVE), max_size=4)))
        lines = [rule(f"r{document}-{n}", draw(CLAUSES), word) for n, word in enumerate(words)]
        rest = draw(st.sampled_from(["allow", "allow_with_constraints", "require_approval"]))
        documents.append(rules(*lines, rule(f"rest{document}", 'topics: ["*"]', rest)))
    return made(*documents)


AMOUNTS = st.one_of(st.integers(0, 6), st.floats(0, 6), st.just("5"), st.just(None))
CLAIMS = st.fixed_dictionaries(
    {
        "amount": AMOUNTS, "users": st.integers(0, 6), "retries": st.integers(0, 6),
        "anomaly": st.sampled_from(["0", "0.5", "0.8", "1", UNKNOWN]),
        "confidence": st.sampled_from(["1", "0.7", "0.5", "0", UNKNOWN]),
    }
)  # fmt: skip


def scrutiny(name: str, value: Any) -> float:
    """How much scrutiny a value asks for: what cannot be told more than any number."""
    if type(value) not in (int, float) and (name == "amount" or value is UNKNOWN):
        return float("inf")
    return -float(value) if name == "confidence" else float(value)


def word(gate: Loaded, claims: dict[str, Any]) -> Any:
    arguments = {"amount": claims["amount"], "to": ["u"] * claims["users"]}
    signals = {name: claims[name] for name in ("confidence", "anomaly", "retries")}
    return decided(gate, "refund_order", arguments, **signals).decision


@settings(max_examples=300, deadline=None)
@given(policies(), CLAIMS, CLAIMS)
def test_raising_what_asks_for_scrutiny_never_makes_a_decision_milder(
    gate: Loaded, one: dict[str, Any], other: dict[str, Any]
) -> None:
    raised = {name: max(one[name], other[name], key=lambda value: scrutiny(name, value)) for name in one}
    assert word(gate, raised) >= max(word(gate, one), word(gate, other))
