"""`mcp-gate policy schema`."""

from __future__ import annotations

import json

import click

from mcp_gate.cli.options import gate_options


@click.command()
@click.argument("kind", default="policy", type=click.Choice(["policy", "upstreams", "gate", "cases"]))
@gate_options
def schema(config: str | None, state: str | None, as_json: bool, kind: str) -> None:
    """JSON Schema for editors: of a policy document, upstreams.yaml, gate.yaml, or a file of cases.

    Name it in the first line of a file:  # yaml-language-server: $schema=policy.schema.json
    """
    from mcp_gate.policy.schema.documents import policy_schema
    from mcp_gate.policy.schema.settings import settings_schema
    from mcp_gate.policy.schema.upstreams import upstreams_schema
    from mcp_gate.trial.schema import cases_schema

    makers = {"policy": policy_schema, "upstreams": upstreams_schema, "gate": settings_schema, "cases": cases_schema}
    print(json.dumps(makers[kind](), indent=1, ensure_ascii=False))
