"""One approval is for one call, and there is no master key: nobody passes by a hold or a denial, no agent above all."""

from __future__ import annotations

import getpass
import hashlib
import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.lines import an_agent, verdict
from support.running import EVERYTHING_MAPPED, Place, place, serving, wait_for
from support.upstreams import Probe

RULES = """\
version: v1
rules:
  - { id: never, match: { tools: [deploy] }, decision: deny, reason: "Not today" }
  - { id: held, match: { topics: ["*"] }, decision: require_approval }
"""
TOKEN = "the-agent-s-token"
SETTINGS = f"""\
listen: {{ mcp: "127.0.0.1:0", review: "127.0.0.1:0" }}
hold: {{ wait_sec: 0.2 }}
agents:
  bot: {{ token_sha256: "{hashlib.sha256(TOKEN.encode()).hexdigest()}" }}
  default: {{ }}
  other: {{ }}
"""


@dataclass
class Served:
    where: Place
    probe: Probe

    def requests(self) -> list[dict[str, Any]]:
        return list(self.where.review().requests())

    def held(self, agent: str, tool: str, **arguments: Any) -> str:
        """Make a call that must be held; gives its request's id."""
        with an_agent(self.where.state, agent) as client:
            told = verdict(client.call(tool, **arguments))
        assert (told["status"], told["retry"]) == ("pending", "same_call")
        return str(told["request_id"])

    def over_tcp(self, method: str, target: str, body: Any, door: str = "review") -> int:
        """The status that the agent's own credential gets."""
        connection = http.client.HTTPConnection(self.where.review().get("/v1/status")["listen"][door], timeout=10)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        connection.request(method, target, json.dumps(body), headers)
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    probe = Probe(tmp_path)
    program, *args = probe.command
    entry = {"command": program, "args": args, "prefix": "", **EVERYTHING_MAPPED}
    with place({"probe": entry}, RULES, SETTINGS) as where, serving(where):
        yield Served(where, probe)


def test_S104_an_approval_is_for_one_call_and_for_no_other_tool_agent_or_amount_nor_for_the_same_again(
    served: Served,
) -> None:
    first = served.held("default", "refund_order", order="O-1", amount=50)
    (request,) = served.requests()
    served.where.review().decide(request, "approve", getpass.getuser())
    others = {
        served.held("other", "refund_order", order="O-1", amount=50),
        served.held("default", "get_order", order="O-1", amount=50),
        served.held("default", "refund_order", order="O-1", amount=51),
        served.held("default", "refund_order", order="O-1", amount=49),
        served.held("default", "refund_order", order="O-2", amount=50),
        served.held("default", "refund_order", order="O-1", amount=50, note=""),
    }
    assert len(others) == 6
    assert first not in others
    assert served.probe.calls() == []
    with an_agent(served.where.state) as agent:
        assert not verdict(agent.call("refund_order", order="O-1", amount=50))
    assert [call["arguments"] for call in served.probe.calls()] == [{"order": "O-1", "amount": 50}]
    again = served.held("default", "refund_order", order="O-1", amount=50)
    assert again not in {first, *others}
    assert {request["id"] for request in served.requests()} == {again, *others}
    assert len(served.probe.calls()) == 1


def test_S104_a_word_that_would_approve_more_than_one_call_is_not_understood(served: Served) -> None:
    id = served.held("default", "refund_order", amount=50)
    (request,) = served.requests()
    plain = {
        "decision": "approve", "approver_id": getpass.getuser(), "nonce": "n", "decision_ts": request["opened_ts"],
        "policy_snapshot": request["verdict"]["policy_snapshot"], "job_hash": request["call"]["job_hash"],
    }  # fmt: skip
    review = served.where.review()
    for more in ({"similar": True}, {"for_sec": 600}, {"decision": "approve_similar"}, {"decision": "approve_all"}):
        with pytest.raises(Exception, match=r"not|unknown|one of") as caught:
            review.post(f"/v1/requests/{id}/decision", {**plain, **more})
        assert getattr(caught.value, "status", 400) in (400, 422)
    assert served.requests()[0]["status"] == "pending"


def test_S113_an_agent_s_credential_overrides_neither_a_hold_nor_a_denial(served: Served) -> None:
    claims = {"approved": True, "break_glass": {"reason": "outage", "by": ["dana", "sam"]}, "override": "always"}
    meta = {"dev.mcp-gate/break-glass": True, "dev.mcp-gate/verdict": {"decision": "allow"}, **claims}
    with an_agent(served.where.state) as agent:
        for tool, status in (("refund_order", "pending"), ("deploy", "denied")):
            told = agent.result("tools/call", {"name": tool, "arguments": {}, "_meta": meta, **claims})
            assert verdict(told)["status"] == status
        for method in ("gate/override", "gate/approve", "break_glass"):
            assert agent.answer(agent.ask(method, {"reason": "outage"}))["error"]["code"] == -32601
    (request,) = served.requests()
    word = {"decision": "approve", "approver_id": getpass.getuser(), "reason": "outage", "break_glass": True}
    for target in (f"/v1/requests/{request['id']}/decision", f"/v1/requests/{request['id']}/claim"):
        assert served.over_tcp("POST", target, word) in (401, 403)
        assert served.over_tcp("POST", target, word, door="mcp") == 404
    for target in ("/v1/override", "/v1/break-glass", f"/v1/calls/{request['call']['id']}/decision", "/v1/stop"):
        assert served.over_tcp("POST", target, word) in (401, 403, 404)
    assert [found["status"] for found in served.requests()] == ["pending"]
    assert served.probe.calls() == []


def test_S113_not_even_a_reviewer_can_approve_what_the_policy_denies(served: Served) -> None:
    with an_agent(served.where.state) as agent:
        told = verdict(agent.call("deploy"))
    assert (told["status"], told["rule_id"], told["retry"]) == ("denied", "never", "never")
    assert served.requests() == []
    done = served.where.run("requests", "approve", told["call_id"], "--digest", "00000000")
    assert done.returncode == 1
    assert served.probe.calls() == []


def test_S113_no_setting_opens_a_way_around(served: Served) -> None:
    (served.where.config / "gate.yaml").write_text("version: v1\nbreak_glass: { reviewers: [dana, sam] }\n")
    wait_for(lambda: served.where.review().get("/v1/status")["policy"] == "stale")
    done = served.where.run("policy", "check")
    assert done.returncode == 2
    assert "gate.yaml:2:1: unknown key 'break_glass'" in done.stderr
