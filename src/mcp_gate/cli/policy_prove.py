"""`mcp-gate policy prove`."""

from __future__ import annotations

import json

import click

from mcp_gate.cli.examples import progress
from mcp_gate.cli.loading import load_or_leave
from mcp_gate.cli.options import Exit, gate_options, leave


@click.command()
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="The longest for each question (else no limit).",
)  # fmt: skip
@gate_options
def prove(config: str | None, state: str | None, as_json: bool, timeout: float | None) -> None:
    """What holds for every call: `never` claims, invariants without which the rules would do, rules that never decide.

    Every topic, tag, attribute, argument, signal and autonomy level is looked at. A claim that does not hold is shown
    by a call, which the gate's own engine has judged. Ends with 1 where a claim is not proved.
    """
    from mcp_gate.cli.proof_text import Said
    from mcp_gate.policy.proof.patterns import Explodes
    from mcp_gate.policy.proof.prove import prove as proved
    from mcp_gate.policy.proof.solver import NoSolver

    _, loaded = load_or_leave(config, as_json=as_json)
    try:
        with progress() as tell:
            report = proved(loaded.policy, loaded.claims, seconds=timeout, progress=tell)
    except (Explodes, NoSolver) as e:
        leave(Exit.USAGE, str(e))
    said = Said(loaded, report)
    print(json.dumps(said.as_json()) if as_json else "\n".join(said.lines()))
    if not report.all_proved:
        leave(Exit.NOT_SO)
