"""`/v1/agents` over both doors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.reviewed import GROUPS, TOKENS, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio

RULES = b"""version: v1
autonomy_levels:
  level_0: { rules: [ { match: { topics: ["*"] }, decision: require_approval } ] }
  level_1: { rules: [ { match: { topics: ["*"] }, decision: allow } ] }
"""
WORD = {"approver_id": "dana", "reason": "Earned"}


async def post(gate: Reviewed, path: str, body: object) -> tuple[int, dict[str, object]]:
    return await gate.send("POST", f"/v1/agents/{path}", body)  # type: ignore[arg-type]


async def test_a_reviewer_lifts_and_lowers_an_agent_over_the_local_socket(tmp_path: Path) -> None:
    async with a_gate(tmp_path / "s", settings=GROUPS, rules=RULES) as gate:
        status, told = await post(gate, "claude-code/promote", WORD)
        assert (status, told["id"], told["level"]) == (200, "claude-code", 1)
        _, listed = await gate.send("GET", "/v1/agents")
        assert [(one["id"], one["level"]) for one in listed["agents"]] == [("claude-code", 1)]
        assert listed["next"] is None
        assert (await post(gate, "claude-code/promote", WORD))[1]["code"] == "at_max"
        assert (await post(gate, "claude-code/demote", WORD))[1]["level"] == 0
        assert (await post(gate, "claude-code/demote", WORD))[1]["code"] == "at_min"
        assert (await post(gate, "claude-code/incident", WORD))[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("ghost/promote", WORD, 404, "not_found"),
        ("claude-code/incident", {"approver_id": "dana"}, 400, "bad_request"),
        ("claude-code/incident", {"approver_id": "dana", "reason": "  "}, 400, "bad_request"),
        ("claude-code/incident", {**WORD, "level": 3}, 400, "bad_request"),
        ("claude-code/promote", {**WORD, "approver_id": "lee"}, 403, "self_approval"),
        ("claude-code/promote", {**WORD, "approver_id": "claude-code"}, 403, "unknown_reviewer"),
        ("claude-code/lift", WORD, 404, "not_found"),
    ],
)
async def test_what_is_not_so_is_refused_and_changes_nothing(
    tmp_path: Path, path: str, body: object, status: int, code: str
) -> None:
    async with a_gate(tmp_path / "s", settings=GROUPS, rules=RULES) as gate:
        told = await post(gate, path, body)
        assert (told[0], told[1]["code"]) == (status, code)
        assert await gate.records("agent.level_changed") == []


@pytest.mark.parametrize(
    ("token", "approver", "status", "code"),
    [
        ("dana-token", "dana", 200, None),
        ("dana-token", "ana", 403, "unknown_reviewer"),
        (TOKENS["claude-code"], "dana", 403, "agent_credential"),
        ("guess", "dana", 401, "unauthorized"),
    ],
)
async def test_over_tcp_it_takes_the_reviewers_own_token(
    tmp_path: Path, token: str, approver: str, status: int, code: str | None
) -> None:
    async with a_gate(tmp_path / "s", settings=GROUPS, rules=RULES) as gate:
        headers = {
            "Authorization": f"Bearer {token}", "Content-Type": "application/json",
            "Host": gate.gate.faces.listening["review"],
        }  # fmt: skip
        body = json.dumps({**WORD, "approver_id": approver}).encode()
        found, _, answer = await raw(gate.address, "POST", "/v1/agents/claude-code/promote", body, headers)
        assert (found, json.loads(answer).get("code")) == (status, code), answer
        assert gate.gate.store.agents.level("claude-code") == (1 if status == 200 else 0)
        assert (await raw(gate.address, "GET", "/v1/agents/claude-code/promote", headers=headers))[0] in (401, 403, 405)
