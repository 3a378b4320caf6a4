"""Whether what the policy holds takes a proof that only a person can give. Pure; says nothing of who can go around."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from mcp_gate.model.decision import Assurance, Decision
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.rules import Match, Rule

UNLIKELY: Final = "no such thing"
"""What is mapped, if this is, is mapped whatever its name."""
METHODS: Final = ("tools/call", "resources/read", "prompts/get")


def shortfalls(loaded: Loaded) -> tuple[str, ...]:
    """Why an approval may be something else than a touch on somebody's own device; () where it never is."""
    return tuple(_shortfalls(loaded))


def _shortfalls(loaded: Loaded) -> Iterator[str]:
    holding = [rule for rule in loaded.policy.rules() if rule.decision is Decision.REQUIRE_APPROVAL]
    weak = [rule.id for rule in holding if not _signed(rule) and not rule.invariant]
    if weak:
        yield f"{len(weak)} of the rules that hold calls take less than a signature ({_some(weak)})"
    if not any(_signed(rule) and _of_every_call(rule.match) for rule in holding):
        yield "calls that no rule is about are held for less than a signature"
    elif any(not loaded.is_mapped(up, UNLIKELY, method) for up in loaded.upstreams for method in METHODS):
        yield "what upstreams.yaml does not map is held for less than a signature"
    reviewers = (loaded.settings.reviewers or {}).values()
    keys = [key for one in reviewers for key in one.keys]
    if not keys:
        yield "no reviewer has a key"
    elif any(not key.in_device for key in keys):
        yield f"{sum(not key.in_device for key in keys)} of {len(keys)} enrolled keys are in no FIDO2 device"


def _signed(rule: Rule) -> bool:
    return rule.min_assurance is Assurance.SIGNED


def _of_every_call(match: Match) -> bool:
    given = [value for field in fields(match) if (value := getattr(match, field.name)) is not None]
    return all(isinstance(value, tuple) and "*" in value for value in given)


def _some(ids: list[str]) -> str:
    return ", ".join(ids[:3]) + (", …" if len(ids) > 3 else "")
