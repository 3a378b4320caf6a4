"""A withheld result from a client to a reviewer and back: a real gate, a real server, the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.lines import META, an_agent
from support.running import EVERYTHING_MAPPED, place, serving, wait_for
from support.upstreams import Probe

SSN = "536-22-1234"
RULES = """version: v1
rules:
  - { id: all, match: { topics: ["*"] }, decision: allow }
output_review:
  rules:
    - { id: ssn, entities: [US_SSN], decision: quarantine, reason: "Numbers of people" }
    - { id: internal, fields: ["**.internal_notes"], action: remove, reason: "Internal-only data" }
"""
RESULT = {
    "content": [{"type": "text", "text": f"SSN {SSN}"}],
    "structuredContent": {"internal_notes": "pays late", "city": "London"},
}


def test_S206_a_reviewer_reads_it_masked_reveals_it_and_releases_it_once(tmp_path: Path) -> None:
    probe = Probe(tmp_path, tools=[{"name": "read", "inputSchema": {"type": "object"}}], result=RESULT)
    program, *args = probe.command
    upstreams = {"probe": {"command": program, "args": args, **EVERYTHING_MAPPED}}
    with place(upstreams, RULES) as where, serving(where), an_agent(where.state) as agent:
        first, again = agent.call("probe_read", n=1), agent.call("probe_read", n=1)
        told = first["_meta"][META]
        assert (told["status"], told["retry"], told["reason"]) == ("quarantined", "same_call", "Numbers of people")
        assert again["_meta"][META]["request_id"] == told["request_id"]
        assert len(probe.calls()) == 1
        id = told["request_id"]

        listed = where.run("requests", "list").stdout
        assert id in listed
        assert "RESULT withheld: Numbers of people" in listed
        shown = where.run("requests", "show", id).stdout
        assert "found 1: US_SSN in content[0].text (us_ssn): quarantine" in shown
        assert "SSN [REDACTED:US_SSN#1]" in shown
        assert "pays late" not in shown
        assert SSN not in listed + shown
        request: Any = json.loads(where.run("requests", "show", id, "--json").stdout)
        assert (request["kind"], request["status"]) == ("quarantine", "pending")
        assert not [r for r in where.records() if r["event"] == "security.result_revealed"]
        assert SSN in where.run("requests", "show", id, "--reveal").stdout
        (seen,) = [r for r in where.records() if r["event"] == "security.result_revealed"]
        assert seen["request_id"] == id

        assert where.run("output", "allow-list").stdout.startswith("No finding was marked")
        assert where.run("requests", "false-positive", id, "2").returncode == 4
        assert where.run("requests", "false-positive", id, "1").stdout.startswith("1 marked")
        proposed = where.run("output", "allow-list").stdout
        assert f'    - {{ values: ["{SSN}"], entities: [US_SSN], reason: "' in proposed
        before = where.review().get("/v1/status")["policy_snapshot"]
        (where.config / "policies" / "allow.yaml").write_text("version: v1\n" + proposed)
        assert where.run("policy", "check").returncode == 0
        (where.config / "policies" / "allow.yaml").unlink()
        wait_for(lambda: where.review().get("/v1/status")["policy_snapshot"] == before)  # it may have been heeded

        digest = request["call"]["job_hash"].removeprefix("sha256:")[:8]
        assert where.run("requests", "approve", id, "--digest", digest).returncode == 4
        assert where.run("requests", "release", id, "--digest", "00000000").returncode == 4
        assert where.run("requests", "release", id).returncode == 2
        released = where.run("requests", "release", id, "--digest", digest)
        assert (released.returncode, released.stdout) == (0, f"{id}: the result is released.\n")
        assert where.run("requests", "drop", id, "--digest", digest).returncode == 4

        assert agent.call("probe_read", n=1) == RESULT
        assert len(probe.calls()) == 1
        dropped = agent.call("probe_read", n=2)["_meta"][META]["request_id"]
        digest = where.review().request(dropped)["call"]["job_hash"].removeprefix("sha256:")[:8]
        out = where.run("requests", "drop", dropped, "--digest", digest, "--reason", "Not for agents")
        assert out.stdout == f"{dropped}: the result is dropped.\n"
        gone = agent.call("probe_read", n=2)["_meta"][META]
        assert (gone["status"], gone["reason"], gone["retry"]) == ("rejected", "Not for agents", "never")
        assert len(probe.calls()) == 2

        redacted = agent.call("probe_read", n=3)["_meta"][META]["request_id"]
        digest = where.review().request(redacted)["call"]["job_hash"].removeprefix("sha256:")[:8]
        assert where.run("requests", "redact", redacted, "--digest", digest, "--field", "city").returncode == 0
        left = agent.call("probe_read", n=3)
        assert left["structuredContent"] == {}
        assert left["content"][0]["text"] == "SSN [REDACTED:US_SSN#1]"
        assert left["_meta"][META]["status"] == "redacted"
        records = where.records()
    assert SSN not in json.dumps(records)
    assert [r["data"]["decision"] for r in records if r["event"] == "request.decided"] == ["release", "drop", "redact"]
