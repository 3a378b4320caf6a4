"""`mcp-gate audit purge`: records whose time is up, taken out by two people."""

from __future__ import annotations

import click

from mcp_gate.cli.options import Exit, as_option, gate_options, leave, me
from mcp_gate.cli.talk import TOKEN, gate_of, print_json


@click.command()
@click.option("--before", metavar="TIME", help="What is older goes: RFC 3339, or how long ago (400d).")
@click.option("--reason", metavar="TEXT", help="Why; kept in the record.")
@click.option("--confirm", "confirmed", metavar="ID", help="Be the second person: do what another one asked for.")
@as_option
@gate_options
def purge(
    before: str | None, reason: str | None, confirmed: str | None, approver: str | None, config: str | None,
    state: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Take out the records of calls that are over, and what is stored of them. The places and hashes of the records
    stay, so that the chain and its checkpoints still verify; that they are gone, who said so and why, is recorded.

    One reviewer asks with --before and --reason, another one confirms. Each shows a token in $MCP_GATE_REVIEWER_TOKEN.
    """
    from urllib.parse import quote

    if (confirmed is None) == (before is None) or (confirmed is None) != (reason is not None):
        leave(Exit.USAGE, "Give --before TIME --reason TEXT, or --confirm ID.")
    with gate_of(config, state, as_json=as_json) as gate:
        if confirmed is not None:
            told = gate.post(f"/v1/purges/{quote(confirmed, safe='')}/confirm", {"approver_id": me(approver)})
        else:
            told = gate.post("/v1/purges", {"approver_id": me(approver), "reason": reason, "before": _time(before)})
    if as_json:
        print_json(told)
    elif confirmed is not None:
        also = "" if told["scrubbed"] else " Somebody reads the database: its log may still hold them for a while."
        print(f"{told['records']} records are taken out.{also}")
    else:
        print(f"{told['records']} records would be taken out, up to {told['through']}. Nothing was, yet.")
        print(f"Another reviewer confirms within an hour: {TOKEN}=… mcp-gate audit purge --confirm {told['purge']}")


def _time(before: str | None) -> str:
    from mcp_gate.cli.archive import moment

    assert before is not None
    return moment(before)
