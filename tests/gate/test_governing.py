"""People's words on agents: who may lift one, who may lower one, and what is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.autonomy.level import Counts
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.governing import NoSuchAgent, Said
from mcp_gate.gate.reviewers import Bearer, Session, operator
from mcp_gate.model.judged import Refused
from support.gates import Hands, Upstream, job, open_gate, perform

pytestmark = pytest.mark.anyio

LEVELS = """\
version: v1
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
  level_2: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
promotion_criteria: { min_successful_actions: 5, max_error_rate: 0.2, review_period_days: 7 }
"""
PEOPLE = """\
agents: { bot: { owner: lee, autonomy: { max: 1 } }, ours: { owner: lee, allow_owner: true } }
reviewers: { dana: { groups: [] }, lee: { groups: [] } }
"""
WEEK = 7 * 86_400


async def work(gate: Gate, agent: str = "bot", calls: int = 5) -> None:
    for n in range(calls):
        await perform(gate, job("get", {"n": n}), Upstream(), agent=agent)
    await gate.settle(5)


async def promote(gate: Gate, agent: str = "bot", by: str = "dana", identity: Any = None) -> Any:
    return await gate.governing.promote(Said(agent, by, "It earned it"), identity or Session())


async def changes(gate: Gate) -> list[dict[str, Any]]:
    return [record for record in await gate.store.records() if record["event"] == "agent.level_changed"]


async def test_S059_an_agent_that_meets_the_criteria_stays_where_it_is_until_a_reviewer_signs_off(
    tmp_path: Path,
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        hands.pass_(WEEK)
        await work(gate, calls=50)
        assert gate.store.agents.level("bot") == 0
        assert await changes(gate) == []
        shown = await promote(gate)
        assert (shown["level"], shown["counts"]) == (1, Counts().as_json())
        (record,) = await changes(gate)
    assert record["data"] == {"from": 0, "to": 1, "cause": "promoted"}
    signed = {name: record[name] for name in ("agent", "approver_id", "assurance", "reason", "decision_ts")}
    assert signed == {
        "agent": "bot", "approver_id": "dana", "assurance": "session", "reason": "It earned it",
        "decision_ts": shown["since"],
    }  # fmt: skip


async def test_S059_until_the_last_criterion_is_met_nobody_can_lift_an_agent(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate, calls=4)
        hands.pass_(WEEK - 1)
        refused = await promote(gate)
        assert isinstance(refused, Refused)
        assert (refused.code, refused.http) == ("criteria_unmet", 409)
        assert "4 of 5 successful actions; 6 of 7 days at this level" in refused.text
        hands.pass_(1)
        await work(gate, calls=1)
        assert (await promote(gate))["level"] == 1


async def test_no_word_lifts_an_agent_above_its_max(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        for refused in (False, True):
            await work(gate)
            hands.pass_(WEEK)
            told = await promote(gate)
            assert isinstance(told, Refused) == refused
        assert told.code == "at_max"
        assert gate.store.agents.level("bot") == 1


@pytest.mark.parametrize(
    ("agent", "by", "identity", "code"),
    [
        ("bot", "lee", Session(), "self_approval"),
        ("bot", "lee", Bearer("lee"), "self_approval"),
        ("bot", "nobody", Session(), "unknown_reviewer"),
        ("bot", operator(), Session(), "unknown_reviewer"),
        ("bot", "bot", Session(), "unknown_reviewer"),
    ],
)
async def test_neither_the_agent_nor_its_owner_nor_a_stranger_lifts_it(
    tmp_path: Path, agent: str, by: str, identity: Any, code: str
) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate)
        hands.pass_(WEEK)
        refused = await promote(gate, agent, by, identity)
        assert isinstance(refused, Refused)
        assert refused.code == code
        assert gate.store.agents.level("bot") == 0


async def test_an_owner_who_may_decide_may_lift_too(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, LEVELS, PEOPLE, hands) as gate:
        await work(gate, "ours")
        hands.pass_(WEEK)
        assert (await promote(gate, "ours", "lee"))["level"] == 1


async def test_owner_and_operator_may_lower_an_agent_at_once_and_are_named(tmp_path: Path) -> None:
    settings = PEOPLE.replace("max: 1", "initial: 2")
    async with open_gate(tmp_path, LEVELS, settings) as gate:
        assert (await gate.governing.demote(Said("bot", "lee", "Too bold"), Session()))["level"] == 1  # type: ignore[index]
        told = await gate.governing.incident(Said("bot", operator(), "It mailed everybody"), Session())
        assert isinstance(told, dict)
        assert told["level"] == 0
        assert [(r["data"]["cause"], r.get("approver_id")) for r in await changes(gate)] == [
            ("initial", None), ("demoted", "lee"), ("safety_incident", operator()),
        ]  # fmt: skip
        refused = await gate.governing.demote(Said("bot", "dana", "Once more"), Session())
        assert isinstance(refused, Refused)
        assert refused.code == "at_min"


async def test_a_token_speaks_for_its_reviewer_alone(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LEVELS, PEOPLE.replace("max: 1", "initial: 2")) as gate:
        refused = await gate.governing.demote(Said("bot", operator(), "x"), Bearer("gone"))
        assert isinstance(refused, Refused)
        assert refused.code == "unknown_reviewer"
        told = await gate.governing.demote(Said("bot", "dana", "x"), Bearer("dana"))
        assert isinstance(told, dict)
        assert (await changes(gate))[-1]["assurance"] == "token"


async def test_an_agent_nobody_knows_and_a_policy_without_levels_are_said(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LEVELS, PEOPLE) as gate:
        assert await promote(gate, "ghost") == NoSuchAgent()
    plain = 'version: v1\nrules: [ { id: a, match: { topics: ["*"] }, decision: allow } ]\n'
    async with open_gate(tmp_path, plain, PEOPLE) as gate:
        refused = await promote(gate)
        assert isinstance(refused, Refused)
        assert refused.code == "no_levels"


async def test_an_agent_that_is_listed_is_no_unknown_one_where_the_policy_has_no_levels(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        await work(gate, "passer-by", calls=1)
        assert [one["id"] for one in await gate.governing.listed()] == ["passer-by"]
        refused = await promote(gate, "passer-by", by=operator())
        assert isinstance(refused, Refused)
        assert refused.code == "no_levels"
        assert await promote(gate, "ghost", by=operator()) == NoSuchAgent()


async def test_the_list_tells_levels_counts_and_what_is_lacking(tmp_path: Path) -> None:
    async with open_gate(tmp_path, LEVELS, PEOPLE) as gate:
        await work(gate, calls=2)
        bot, ours = await gate.governing.listed()
        since = bot.pop("since")
        assert since == gate.store.agents.known()["bot"].since
        assert bot == {
            "id": "bot", "level": 0, "stopped": False, "counts": {"successes": 2, "errors": 0, "violations": 0},
            "owner": "lee", "max": 1,
            "lacking": ["2 of 5 successful actions", "0 of 7 days at this level"],
        }  # fmt: skip
        assert ours["max"] == 2
        assert "since" not in ours
