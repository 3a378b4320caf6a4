"""Rules, invariants, claims, and their match blocks."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.read_match import HOST, NUMBERS
from mcp_gate.policy.read_rules import ASSURANCES, DECISIONS, FLOORS, ON_TIMEOUT, RULE_ID
from mcp_gate.policy.schema.parts import TAGS, block, described, each, number, one_of, ref, text, truth, whole

_GLOBS: Final = each(text(), least=1)
_ABOUT: Final = {
    "confidence_below": "What the agent claims of its confidence; a rule that lets pass cannot look at it.",
    "retry_count_above": "Earlier failed identical calls of this agent.",
    "amount_usd_above": "Strictly above. An unknown amount matches a rule that holds or denies.",
}
MATCH: Final = block(
    {
        "topics": described("Any of these globs; * is any run, dots included, ? is one character.", _GLOBS),
        "tools": described("Any of these globs of the upstream's own names of tools.", _GLOBS),
        "upstreams": _GLOBS,
        "agents": _GLOBS,
        "risk_tags": described("Any of these tags.", TAGS),
        "risk_tags_all": described("All of these tags.", TAGS),
        "risk_tags_none": described("None of these tags.", TAGS),
        **{key: number(_ABOUT.get(key, ""), most=most) for key, most in NUMBERS.items()},
        "first_time_action": truth("No earlier executed call of this tool by this agent."),
        "tainted": truth("Its session was given something that nobody vouches for."),
        "when": text("A condition, such as: args.amount >= 100 AND call.agent = 'bot'"),
    },
    about="Fields are ANDed; an absent one matches.",
    minProperties=1,
)
CONSTRAINTS: Final = block(
    {
        "max_runtime_sec": ref("seconds"),
        "max_amount_usd": number("More is refused before it is sent."),
        "max_output_bytes": whole("More is quarantined.", least=1, most=1 << 40),
        "network_allowlist": each(text("An exact host name, without scheme, port or path.", HOST)),
    },
    about="Bounds that bind also after an approval.",
)
REQUEST: Final[JsonObject] = {
    "approvals": whole("Distinct reviewers needed.", least=1, most=20),
    "route": ref("group"),
    "timeout_sec": ref("seconds"),
    "on_timeout": one_of(ON_TIMEOUT, "approve applies to calls of tier low alone."),
    "escalate_to": ref("group"),
    "min_assurance": one_of(ASSURANCES, "The weakest proof of identity that is accepted."),
}
"""What a rule says of the request that it makes."""
_RULE: Final[JsonObject] = {
    "id": ref("rule_id"),
    "match": ref("match"),
    "decision": one_of(DECISIONS),
    "reason": text("The agent is told this."),
    "constraints": ref("constraints"),
    **REQUEST,
}
DEFINITIONS: Final[JsonObject] = {
    "rule_id": text("Unique over all documents.", RULE_ID),
    "match": MATCH,
    "constraints": CONSTRAINTS,
    "rule": block(_RULE, ("id", "match", "decision"), "The first rule of a document that matches decides for it."),
    "level_rule": block(_RULE, ("match", "decision"), "Without an id the second rule of level_1 is level_1.2."),
}


def floors(key: str, about: str) -> JsonObject:
    """Invariants (`at_least`) or claims (`weaker_than`)."""
    members = {"id": ref("rule_id"), "match": ref("match"), key: one_of(FLOORS), "reason": text()}
    return each(block(members, ("id", "match", key)), about)
