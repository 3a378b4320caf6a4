"""`mcp-gate policy check`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.loading import load_or_leave
from mcp_gate.cli.options import gate_options

if TYPE_CHECKING:
    from mcp_gate.model.foreign import JsonObject


@click.command()
@gate_options
def check(config: str | None, state: str | None, as_json: bool) -> None:
    """Load everything and tell every error; exits 0 only if it could be served."""
    from mcp_gate.cli.columns import counted
    from mcp_gate.cli.suspicions import suspicions
    from mcp_gate.lang.reveal import reveal

    directory, loaded = load_or_leave(config, as_json=as_json, to_serve=True)
    warnings = (*loaded.warnings, *suspicions(loaded))
    rules = sum(len(layer) for _, layer in loaded.policy.layers)
    if as_json:
        summary: JsonObject = {
            "policy_snapshot": loaded.snapshot.id,
            "files": sorted(loaded.snapshot.files),
            "upstreams": list(loaded.upstreams),
            "rules": rules,
            "invariants": len(loaded.policy.invariants),
            "warnings": [warning.as_json() for warning in warnings],
        }
        print(json.dumps(summary))
        return
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    files = counted(len(loaded.snapshot.files), "file")
    print(f"{reveal(str(directory))}: {files}, snapshot {loaded.snapshot.id}")
    layers = counted(len(loaded.policy.layers), "document")
    print(
        f"{counted(len(loaded.upstreams), 'upstream')}, {counted(rules, 'rule')} in {layers}, "
        f"{counted(len(loaded.policy.invariants), 'invariant')}, {counted(len(warnings), 'warning')}. It can be served."
    )
