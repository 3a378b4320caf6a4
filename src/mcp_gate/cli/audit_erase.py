"""`mcp-gate audit erase`: one person's data, taken out from the middle."""

from __future__ import annotations

import click

from mcp_gate.cli.options import Exit, as_option, gate_options, leave, me, why_option
from mcp_gate.cli.talk import gate_of, print_json


@click.command()
@click.argument("call_id")
@why_option("Why; kept in the record.")
@as_option
@gate_options
def erase(
    call_id: str, reason: str, approver: str | None, config: str | None, state: str | None, as_json: bool
) -> None:
    """Erase what call CALL_ID carried: its arguments, what its agent said, texts among its attributes. The record
    stays whole, and `audit verify` goes on to succeed. Backups and checkpoints kept elsewhere are not reached."""
    from urllib.parse import quote

    with gate_of(config, state, as_json=as_json) as gate:
        body = {"approver_id": me(approver), "reason": reason}
        told = gate.post(f"/v1/calls/{quote(call_id, safe='')}/erase", body)
    if as_json:
        print_json(told)
    elif told["scrubbed"]:
        print("Erased.")
    else:
        leave(Exit.NOT_SO, "Erased, but somebody reads the database: its log still holds what was. Run it again.")
