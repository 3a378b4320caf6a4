"""A document in `policies/`: any of the sections, or a workflow."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.documents import DEFAULTS
from mcp_gate.policy.read_autonomy import LEVEL, TRIGGERS
from mcp_gate.policy.read_detection import ENTITIES
from mcp_gate.policy.read_detection import NAME as NAME_OF_ENTITY
from mcp_gate.policy.read_output import DECISIONS, UNSCANNABLE
from mcp_gate.policy.read_queue import COUNTS, EVIDENCE, TARGETS
from mcp_gate.policy.read_sampling import HEAVIEST, STRATEGIES
from mcp_gate.policy.read_terms import CLASS_SUFFIX, TIERS
from mcp_gate.policy.read_workflow import NAME, STEP
from mcp_gate.policy.schema.parts import (
    SHARED,
    TAGS,
    VERSION,
    block,
    described,
    document,
    each,
    free,
    number,
    one_of,
    ref,
    text,
    truth,
    whole,
)
from mcp_gate.policy.schema.rules import DEFINITIONS, REQUEST, floors

_ENTITY: Final[JsonObject] = {"anyOf": [one_of(ENTITIES), text("One of your own.", NAME_OF_ENTITY)]}
_ROUTING: Final = free(
    ref("group"), "<tag>_actions takes calls with that tag, default the rest.", f"default|.+{CLASS_SUFFIX}"
)


def policy_schema() -> JsonObject:
    """For every document, whatever sections it holds."""
    body: JsonObject = {"if": {"required": ["steps"]}, "then": ref("workflow"), "else": ref("policy")}
    own = {"workflow": _workflow(), "policy": block({"version": VERSION, **_sections()})}
    return document("a document in policies/", body, {**SHARED, **DEFINITIONS, **own})


def _sections() -> JsonObject:
    return {
        "rules": each(ref("rule"), "The first that matches decides for this document; the strictest document wins."),
        "invariants": floors("at_least", "Floors that no order and no level can lower."),
        "never": floors("weaker_than", "Claims that 'policy prove' proves or disproves."),
        "default_decision": one_of(DEFAULTS, "Where no rule of any document matches."),
        "default_constraints": ref("constraints"),
        "risk_tiers": block({name: _tier(name) for name in TIERS}, about="A call is in the highest tier of its tags."),
        "routing": _ROUTING,
        "action_classes": free(block({"risk_tags": TAGS}, ("risk_tags",)), "More tags of a key.", f".+{CLASS_SUFFIX}"),
        **_queue(),
        **_autonomy(),
        "audit": _audit(),
        "output_review": _output(),
    }


def _tier(name: str) -> JsonObject:
    words = {"deny", "escalate"} | ({"approve"} if name == "low" else set())
    members = {
        "risk_tags": TAGS, "timeout_sec": ref("seconds"), "on_timeout": one_of(words), "escalate_to": ref("group"),
    }  # fmt: skip
    return block(members, ("risk_tags", "timeout_sec"))


def _queue() -> JsonObject:
    targets: JsonObject = {key: ref("seconds") for key in sorted(TARGETS) if key.endswith("_sec")}
    counts: JsonObject = {key: ref("seconds") for key in sorted(COUNTS) if key.endswith("_sec")}
    return {
        "approval_queue_policy": block(
            {**targets, "max_open_requests_per_reviewer": whole(least=1), "escalate_to": ref("group")}
        ),
        "fatigue_controls": block(
            {
                **counts,
                "cooldown_after_approvals": whole(least=1),
                "auto_rebalance": truth(),
                "sampled_second_review_rate": number(most=1),
            }
        ),
        "evidence_contract": block(
            {
                "required_fields": {
                    "description": "All of them: they are always required.",
                    "type": "array",
                    "items": one_of(EVIDENCE),
                    "allOf": [{"contains": {"const": word}} for word in EVIDENCE],
                },
                "reject_if_incomplete": {"const": True},
            }
        ),
    }


def _autonomy() -> JsonObject:
    level = block({"name": text(), "rules": each(ref("level_rule"))}, ("rules",))
    rate = block({"error_rate_above": number(most=1)}, ("error_rate_above",))
    return {
        "autonomy_levels": {
            "description": "From level_0 without a gap; each is one more document for the agents at that level.",
            "type": "object",
            "additionalProperties": False,
            "patternProperties": {f"^{LEVEL.pattern}$": level},
        },
        "promotion_criteria": block(
            {
                "min_successful_actions": whole(),
                "max_error_rate": number(most=1),
                "review_period_days": whole(),
                "requires_human_sign_off": truth(),
            }
        ),
        "demotion_triggers": each({"oneOf": [one_of(TRIGGERS), rate]}),
    }


def _audit() -> JsonObject:
    sampling = block(
        {
            "rate": number("Share of the executed calls, before weights.", most=1),
            "strategy": one_of(STRATEGIES),
            "weights": block({"risk_tags": free(number(most=HEAVIEST))}),
            "mandatory": each(block({"match": ref("match")}, ("match",))),
        },
        ("rate",),
    )
    return block({"sampling": sampling, "routing": _ROUTING}, ("sampling",))


def _output() -> JsonObject:
    rule = block(
        {
            "id": ref("rule_id"),
            "match": ref("match"),
            "fields": each(text("Keys joined by dots; * one key, ** any depth, [*] the items of a list.")),
            "action": one_of(["remove", "tokenize"]),
            "entities": each(_ENTITY),
            "min_score": number(most=1),
            "count_above": whole(),
            "decision": one_of(DECISIONS),
            "reason": text(),
            "unscannable": one_of(UNSCANNABLE),
        },
        ("id",),
    )
    own = block(
        {
            "pattern": text("RE2 syntax."),
            "score": number(most=1),
            "context": each(text("One of these words has to stand near it.")),
        },
        ("pattern",),
    )
    allowed = block(
        {"values": each(text()), "patterns": each(text("RE2 syntax.")), "entities": each(_ENTITY), "reason": text()}
    )
    return block(
        {
            "enabled": truth("false turns it off."),
            "unscannable": one_of(UNSCANNABLE),
            "rules": each(rule),
            "entities": free(own, "Entities of your own.", NAME_OF_ENTITY.pattern),
            "allow": each({"oneOf": [text(), allowed]}, "What is not to be found, nor anything in it."),
            "ner": truth(
                "Names in prose: true: not without them; false: not at all. Left out: where the extra is there."
            ),
            "vendor_shapes": truth("false: the gate may run without the shapes of vendors' keys."),
        }
    )


def _workflow() -> JsonObject:
    branches = free(block({"when": text(), "next": text()}, ("when", "next")))
    bounds = {"constraints": ref("constraints"), "timeout_sec": ref("seconds")}
    steps = {
        "oneOf": [
            _step("action", {"topic": text(), "tool": text("upstream.name"), "with": {"type": "object"}, **bounds}),
            _step("condition", {"branches": branches}, "branches", "depends_on"),
            _step("approval", {"reason": text(), **REQUEST}),
        ]
    }
    members = {
        "version": VERSION,
        "name": text("", NAME),
        "trigger": text(),
        "description": text(),
        "steps": described("Steps by their ids.", free(steps, names=STEP.pattern)),
    }
    return block(members, ("name", "steps"), "A workflow, listed to clients as a tool.")


def _step(kind: str, members: JsonObject, *required: str) -> JsonObject:
    common = {"type": {"const": kind}, "depends_on": each(text()), "next": text()}
    return block({**common, **members}, ("type", *required))
