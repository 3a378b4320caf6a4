"""`mcp-gate policy`: what the files say, why a call is decided as it is, and what may never happen."""

from __future__ import annotations

import click

from mcp_gate.cli.lazy import LazyGroup
from mcp_gate.cli.options import group_options

COMMANDS: dict[str, tuple[str, str]] = {
    "check": ("policy_check:check", "Load everything and tell every error; exits 0 only if it could be served."),
    "explain": ("policy_explain:explain", "Why a call is decided as it is."),
    "test": ("policy_test:test", "Expected decisions, in YAML, against the policy."),
    "schema": ("policy_schema:schema", "JSON Schema for editors."),
    "prove": ("policy_prove:prove", "What holds for every call, or a call that shows the contrary."),
    "diff": ("policy_diff:diff", "For which calls one policy is weaker than another."),
    "replay": ("policy_replay:replay", "History decided again, with the load it would put on reviewers."),
    "suggest": ("policy_suggest:suggest", "Rules that people's decisions support; nothing is applied."),
}
"""As `cli.main.COMMANDS`."""


@click.group(cls=LazyGroup, commands=COMMANDS)
@group_options
def policy() -> None:
    """What the policy says: check, explain, test, prove, compare, replay."""
