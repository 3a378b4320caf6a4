from __future__ import annotations

from mcp_gate.evidence.record import members
from support.held import a_call


def test_the_members_name_the_call_and_never_hold_its_arguments() -> None:
    call = a_call(arguments={"secret": "4711-secret"})
    found = members(call, "v1:0")
    assert set(found) == {
        "call_id", "agent", "upstream", "tool", "topic", "risk_tags", "job_hash", "policy_snapshot",
    }  # fmt: skip
    assert "4711-secret" not in str(found)


def test_the_request_is_named_where_there_is_one() -> None:
    assert members(a_call(), "v1:0", "R-1")["request_id"] == "R-1"
