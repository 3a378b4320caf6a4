"""`mcp-gate output allow-list`."""

from __future__ import annotations

import json

import click

from mcp_gate.cli.options import gate_options
from mcp_gate.cli.talk import gate_of, to_show


@click.command("allow-list")
@gate_options
def allow_list(config: str | None, state: str | None, as_json: bool) -> None:
    """What reviewers found harmless, as an allow-list to paste into a policy document. Nothing is changed by it."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = gate.get("/v1/false-positives")["false_positives"]
    if not to_show(found, "No finding was marked as harmless; 'requests false-positive' does that.", as_json=as_json):
        return
    print("output_review:\n  allow:")
    for one in {(one["value"], *one["entities"]): one for one in found}.values():
        value, reason = json.dumps(one["value"]), json.dumps(one["reason"])
        print(f"    - {{ values: [{value}], entities: [{', '.join(one['entities'])}], reason: {reason} }}")
