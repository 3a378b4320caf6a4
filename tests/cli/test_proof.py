"""Who decided, over the whole product: enrolled, signed, revoked; one served gate for all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcp_gate.cli.main import cli
from mcp_gate.evidence.sshsig import verify
from mcp_gate.evidence.statement import NAMESPACE, statement
from support.keys import ed25519_key, needs_openssh, openssh_accepts, ssh_agent
from support.lines import an_agent, verdict
from support.running import Place, place, serving, wait_for
from support.upstreams import Probe

DANA, ANA = ed25519_key(1), ed25519_key(2)
RULES = """\
version: v1
rules:
  - { id: deploys, match: { tools: [deploy] }, decision: require_approval, min_assurance: signed }
  - { id: reads, match: { tools: ["*"] }, decision: allow }
"""
SETTINGS = """\
# who decides here
hold: { wait_sec: 0.3 }
reviewers:
  boss: { token_sha256: "0000000000000000000000000000000000000000000000000000000000000000" }  # on leave
"""


@dataclass
class Served:
    where: Place
    probe: Probe
    folder: Path

    def run(self, *command: str, code: int = 0) -> str:
        """A command, in this process: a process for each would take too long."""
        done = CliRunner().invoke(cli, [*command, *self.where.arguments])
        assert isinstance(done.exception, SystemExit | None), done.exc_info
        assert done.exit_code == code, done.output
        return done.output

    def call(self, n: int) -> dict[str, Any]:
        with an_agent(self.where.state) as agent:
            return verdict(agent.call("probe_deploy", n=n))

    def held(self, n: int) -> dict[str, Any]:
        """A deploy that waits, as reviewers see it."""
        assert self.call(n)["status"] == "pending"
        return next(one for one in self.where.review().requests() if one["call"]["arguments"] == {"n": n})

    def sent(self, n: int) -> int:
        return [entry["arguments"] for entry in self.probe.calls()].count({"n": n})

    def approve(self, request: dict[str, Any], *more: str, code: int = 0) -> str:
        digest = request["call"]["job_hash"].removeprefix("sha256:")[:8]
        return self.run("requests", "approve", request["id"], "--digest", digest, *more, code=code)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("proof")
    probe = Probe(folder)
    program, *args = probe.command
    mapped = {"*": {"topic": "job.{tool}", "risk_tags": ["write"]}}
    DANA.write(folder / "dana")
    ANA.write(folder / "ana")
    upstreams = {"probe": {"command": program, "args": args, "tools": mapped}}
    with place(upstreams, RULES, SETTINGS) as where, serving(where):
        yield Served(where, probe, folder)


def test_S153_S157_from_enrolment_to_a_call_that_only_a_signature_lets_pass(served: Served, tmp_path: Path) -> None:
    told = json.loads(served.run("reviewers", "add", "dana", "--key", f"{served.folder}/dana.pub", "--json"))
    assert (told["id"], told["in_force"]) == ("dana", True)
    assert told["keys"][0]["fingerprint"] == DANA.public.fingerprint
    assert "# who decides here" in (served.where.config / "gate.yaml").read_text()
    assert "# on leave" in (served.where.config / "gate.yaml").read_text()

    request = served.held(1)
    assert "assurance_too_low" in served.approve(request, "--as", "dana", code=4)
    assert "bad_signature" in served.approve(request, "--as", "dana", "--key", f"{served.folder}/ana", code=4)
    assert "unknown_reviewer" in served.approve(request, "--as", "eve", "--key", f"{served.folder}/ana", code=4)
    (tmp_path / "open").write_bytes((served.folder / "dana").read_bytes())
    (tmp_path / "open").chmod(0o644)
    assert "others can read" in served.approve(request, "--as", "dana", "--key", f"{tmp_path}/open", code=2)
    served.approve(request, "--key", f"{served.folder}/dana")  # whose key it is, he is
    wait_for(lambda: served.call(1) == {})
    assert served.sent(1) == 1

    records = [r for r in served.where.records() if r.get("request_id") == request["id"]]
    refused = [r["data"]["code"] for r in records if r["event"] == "request.refused"]
    assert refused == ["assurance_too_low", "bad_signature", "unknown_reviewer"]
    (decided,) = [r for r in records if r["event"] == "request.decided"]
    assert decided["assurance"] == "signed"
    gate_id = served.where.review().get("/v1/status")["gate_id"]
    sent = {"decision": "approve", "nonce": decided["data"]["nonce"]}
    sent |= {name: decided[name] for name in ("approver_id", "job_hash", "policy_snapshot", "decision_ts")}
    message = statement(sent, decided["request_id"], gate_id)
    assert verify(decided["data"]["signature"], message, NAMESPACE, [DANA.public]) == DANA.public


@needs_openssh
def test_a_record_of_a_decision_is_checked_by_stock_ssh_keygen(served: Served, tmp_path: Path) -> None:
    served.run("reviewers", "add", "ana", "--key", str(ANA.public))
    with ssh_agent(tmp_path, served.folder / "ana"):
        request = served.held(2)
        served.run(
            "requests", "deny", request["id"], "--reason", "not \u00fc today", "--as", "ana",
            "--key", f"{served.folder}/ana.pub",
        )  # fmt: skip
    decided = [r for r in served.where.records() if r["event"] == "request.decided"][-1]
    sent = {name: decided["data"][name] for name in ("decision", "reason", "nonce")}
    sent |= {name: decided[name] for name in ("approver_id", "job_hash", "policy_snapshot", "decision_ts")}
    gate_id = served.where.review().get("/v1/status")["gate_id"]
    message = json.dumps({**sent, "request_id": request["id"], "gate_id": gate_id}, sort_keys=True,
                         separators=(",", ":"), ensure_ascii=False).encode()  # fmt: skip
    assert openssh_accepts(tmp_path, ANA.public, message, decided["data"]["signature"])


def test_an_approval_by_a_key_that_is_revoked_before_it_is_used_is_asked_for_anew(served: Served) -> None:
    served.run("reviewers", "add", "lee", "--key", str(ed25519_key(3).public), "--group", "ops")
    ed25519_key(3).write(served.folder / "lee")
    request = served.held(3)
    served.approve(request, "--as", "lee", "--key", f"{served.folder}/lee")
    told = served.run("reviewers", "revoke", "lee", "--key", ed25519_key(3).public.fingerprint)
    assert "The running gate goes by it." in told
    wait_for(lambda: served.where.review().request(request["id"])["status"] == "superseded")
    assert served.call(3)["status"] == "pending"
    assert served.sent(3) == 0
    (fresh,) = [one for one in served.where.review().requests() if one["call"]["arguments"] == {"n": 3}]
    assert "bad_signature" in served.approve(fresh, "--as", "lee", "--key", f"{served.folder}/lee", code=4)
    assert "signed decisions: " in served.run("audit", "verify"), "what he approved then is still his word"
    (revoked,) = [r for r in served.where.records() if r["event"] == "key.revoked" and r["approver_id"] == "lee"]
    assert revoked["data"]["key"] == ed25519_key(3).public.fingerprint


def test_reviewers_are_listed_and_a_token_is_shown_once(served: Served) -> None:
    token = json.loads(served.run("reviewers", "add", "kim", "--token", "--json"))["token"]
    listed = [json.loads(line) for line in served.run("reviewers", "list", "--json").splitlines()]
    kim = next(one for one in listed if one["id"] == "kim")
    assert kim == {"id": "kim", "groups": [], "keys": [], "token": True}
    assert token not in (served.where.config / "gate.yaml").read_text()
    table = served.run("reviewers", "list")
    assert "kim" in table
    assert token not in table
    assert "no key" in served.run("reviewers", "revoke", "kim", "--key", "SHA256:none", code=1)
    assert "no reviewer" in served.run("reviewers", "revoke", "nobody", code=1)
    assert "gate.yaml" in served.run("reviewers", "add", "not an id", code=2)
    assert "private key" in served.run("reviewers", "add", "x", "--key", f"{served.folder}/dana", code=2)
    served.run("reviewers", "add", "ana", "--key", f"{served.folder}/ana.pub")
    assert "same key" in served.run("reviewers", "add", "x", "--key", f"{served.folder}/ana.pub", code=2)
    assert json.loads(served.run("reviewers", "revoke", "kim", "--json")) == {"id": "kim", "in_force": True}


def test_two_people_break_the_glass_from_their_terminals(served: Served) -> None:
    dana, ana = (("--as", name, "--key", f"{served.folder}/{name}") for name in ("dana", "ana"))
    for name in ("dana", "ana"):
        served.run("reviewers", "add", name, "--key", f"{served.folder}/{name}.pub")
    assert "No break-glass is in force" in served.run("break-glass")
    what = ("--agent", "default", "--topic", "job.deploy")
    wanted = ("break-glass", *what, "--reason", "the pager is on fire", "--minutes", "5")
    assert "add --key" in served.run(*wanted, "--as", "dana", code=2)
    assert "unknown_reviewer" in served.run(*wanted, "--as", "eve", *dana[2:], code=4)
    id = json.loads(served.run(*wanted, *dana, "--json"))["id"]
    assert "asked for by dana" in served.run("break-glass")
    assert "second_person_needed" in served.run("break-glass", "--confirm", id, *what, *dana, code=4)
    assert "not what was asked for" in served.run("break-glass", "--confirm", id, *what[:3], "job.x", *ana, code=4)
    assert "nobody can be asked here" in served.run("break-glass", "--confirm", id, *ana, code=2)
    assert "passes until" in served.run("break-glass", "--confirm", id, *what, *ana)
    assert served.call(9) == {}
    assert f"GLASS      {id}: job.deploy of default passes until" in served.run("status")
    assert "is over" in served.run("break-glass", "--end", id, "--as", "dana")
    assert served.call(10)["status"] == "pending"
    assert "no break-glass with this id" in served.run("break-glass", "--end", id, "--as", "dana", code=1)
    assert "give --agent" in served.run("break-glass", "--agent", "default", code=2)
