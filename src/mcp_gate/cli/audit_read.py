"""`mcp-gate audit tail`, `show` and `export`."""

from __future__ import annotations

import sys
import time

import click

from mcp_gate.cli.archive import moment, open_archive
from mcp_gate.cli.options import Exit, gate_options, leave

POLL_SEC = 0.2
"""How often `tail -f` asks whether anybody has written."""


@click.command()
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(min=0), help="Newest records shown.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new records as they are written.")
@gate_options
def tail(count: int, follow: bool, config: str | None, state: str | None, as_json: bool) -> None:
    """The newest records, one a line."""
    from mcp_gate.cli.records import one_line
    from mcp_gate.evidence.export import line

    with open_archive(config, state) as archive:
        seq = archive.before("9999")
        for record in archive.last(count):
            seq = record["seq"]
            print(line(record) if as_json else one_line(record), flush=follow)
        seen = archive.changed() if follow else 0
        while follow:
            for record in archive.after(seq):
                seq = record["seq"]
                print(line(record) if as_json else one_line(record), flush=True)
            while (now := archive.changed()) == seen:
                time.sleep(POLL_SEC)
            seen = now


@click.command()
@click.argument("id")
@gate_options
def show(id: str, config: str | None, state: str | None, as_json: bool) -> None:
    """Everything about one call or one request, by its id; or the files of a policy snapshot, by its name v1:…"""
    from mcp_gate.cli.records import call_text, paragraph, policy_text
    from mcp_gate.evidence.export import line
    from mcp_gate.lang.reveal import reveal

    with open_archive(config, state) as archive:
        records = archive.about(id)
        call = archive.call(id)
        files = archive.snapshot(id)
    if files is not None:
        texts = {path: body.decode() for path, body in files.items()}
        print(line({"policy_snapshot": id, "files": texts}) if as_json else policy_text(texts))
        return
    if not records and call is None:
        leave(Exit.NOT_SO, f"there is no call, request or policy snapshot {reveal(id)}")
    if as_json:
        for record in records:
            print(line(record))
        return
    if call is not None:
        print(call_text(call))
    for record in records:
        print()
        print(paragraph(record))


@click.command()
@click.option("--since", metavar="TIME", help="RFC 3339, or how long ago: 90s, 30m, 24h, 7d.")
@gate_options
def export(since: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """All records as JSON lines, oldest first."""
    from mcp_gate.evidence.export import line

    start = None if since is None else moment(since)
    with open_archive(config, state) as archive:
        for record in archive.after(0 if start is None else archive.before(start)):
            sys.stdout.write(line(record) + "\n")
