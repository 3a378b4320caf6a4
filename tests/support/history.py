"""Recorded history: a real gate's calls and people's words on them, and gate directories on disk to decide it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mcp_gate.cli.policy import policy
from support.gates import RULES, UPSTREAMS

SINCE = "2027-01-01T00:00:00Z"
"""Before the time at which the test clocks start."""


def directory(folder: Path, rules: str = RULES, upstreams: str | None = UPSTREAMS, settings: str = "") -> Path:
    """A gate directory on disk; without upstreams a policies folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if upstreams is None:
        (folder / "rules.yaml").write_text(rules)
        return folder
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "rules.yaml").write_text(rules)
    (folder / "upstreams.yaml").write_text(upstreams)
    if settings:
        (folder / "gate.yaml").write_text(f"version: v1\n{settings}")
    return folder


def run(command: str, config: Path, state: Path, *more: str) -> Result:
    """`policy replay` or `policy suggest` on what a gate wrote in `state`."""
    line = [command, "--config", str(config), "--state", str(state), "--since", SINCE, *more]
    return CliRunner().invoke(policy, line, catch_exceptions=False)


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found
