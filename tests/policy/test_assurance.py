"""When approvals are a touch on somebody's own device, whatever is called."""

from __future__ import annotations

from mcp_gate.policy.assurance import shortfalls
from support.gates import loaded
from support.keys import devices, ed25519_key

DEVICE, FILE = devices()[0].public, ed25519_key().public
ALL_MAPPED = """\
version: v1
upstreams:
  shop:
    command: "true"
    tools: { "*": { topic: job.any } }
    resources: { topic: job.any }
    prompts: { topic: job.any }
"""
SIGNED = """\
version: v1
rules:
  - { id: reads, match: { risk_tags: [read] }, decision: allow }
  - { id: rest, match: { topics: ["*"] }, decision: require_approval, min_assurance: signed }
"""


def why(rules: str = SIGNED, key: object = DEVICE, upstreams: str = ALL_MAPPED) -> str:
    settings = "" if key is None else f'reviewers: {{ dana: {{ keys: ["{key}"] }} }}'
    return "; ".join(shortfalls(loaded(rules, settings, upstreams)))


def test_only_touches_on_devices_for_whatever_is_held_are_enough() -> None:
    assert why() == ""


def test_whatever_else_approves_is_named() -> None:
    assert "no reviewer has a key" in why(key=None)
    assert "1 of 1 enrolled keys are in no FIDO2 device" in why(key=FILE)
    assert "(rest)" in why(SIGNED.replace("signed", "token"))
    assert "calls that no rule is about" in why(SIGNED.replace('topics: ["*"]', "risk_tags: [write]"))
    assert "does not map" in why(upstreams=ALL_MAPPED.replace('"*"', '"get"'))
