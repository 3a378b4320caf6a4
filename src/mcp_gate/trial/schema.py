"""JSON Schema of a file of cases, as `mcp_gate.policy.schema` has it of the other files."""

from __future__ import annotations

from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.read_rules import DECISIONS, RULE_ID
from mcp_gate.policy.read_settings import PERSON
from mcp_gate.policy.read_terms import TIERS
from mcp_gate.policy.schema.parts import SHARED, VERSION, block, document, each, number, one_of, ref, text, truth, whole


def cases_schema() -> JsonObject:
    """For the whole file."""
    call = {
        "tool": text("The listed name."), "args": {"type": "object"}, "agent": text("", PERSON),
        "confidence": number("What the agent claims.", most=1), "level": whole(most=99), "anomaly": number(most=1),
        "retries": whole("Earlier failed identical calls."), "first_time": truth(),
        "tainted": truth(),
        "tags": each(ref("tag"), "Besides those of the mapping."),
    }  # fmt: skip
    expect = {
        "decision": one_of(DECISIONS), "rule": text("The first of the deciding rules.", RULE_ID),
        "tier": one_of(TIERS), "route": ref("group"),
    }  # fmt: skip
    members = {"name": text(), "call": block(call, ("tool",)), "expect": block(expect, minProperties=1)}
    cases = each(block(members, ("name", "call", "expect")), least=1)
    body = block({"version": VERSION, "cases": cases}, ("version", "cases"))
    return document("cases in policy-tests/", body, {"tag": SHARED["tag"], "group": SHARED["group"]})
