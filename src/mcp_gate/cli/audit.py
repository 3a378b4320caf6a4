"""`mcp-gate audit`: the record, read from the database itself, so that it works whether a gate runs or not."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from mcp_gate.evidence.chain import Verification
    from mcp_gate.store.archive import Archive

POLL_SEC = 0.2
"""How often `tail -f` asks whether anybody has written."""

NOT_CHECKED = (
    "whether records were cut off at the end, or an older copy was put in its place",
    "whether somebody wrote the whole record anew, hashes included",
)
"""What a chain alone cannot show; it takes a checkpoint that is kept elsewhere."""


@click.group()
def audit() -> None:
    """The record of every call and decision."""


@audit.command()
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(min=0), help="Newest records shown.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new records as they are written.")
@gate_options
def tail(count: int, follow: bool, config: str | None, state: str | None, as_json: bool) -> None:
    """The newest records, one a line."""
    from mcp_gate.cli.records import one_line
    from mcp_gate.evidence.export import line

    with _archive(config, state) as archive:
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


@audit.command()
@click.argument("id")
@gate_options
def show(id: str, config: str | None, state: str | None, as_json: bool) -> None:
    """Everything about one call or one request, by its id; or the files of a policy snapshot, by its name v1:…"""
    from mcp_gate.cli.records import call_text, paragraph, policy_text
    from mcp_gate.evidence.export import line
    from mcp_gate.lang.reveal import reveal

    with _archive(config, state) as archive:
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


@audit.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@gate_options
def verify(file: Path | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Check the hash chain of the gate's own record, or of an exported FILE (- is not read; give a path).

    Exits 0 when it is intact, 1 when it is broken, naming the first bad record.
    """
    if file is None:
        with _archive(config, state) as archive:
            _tell(_checked(archive), as_json)
        return
    from mcp_gate.evidence.export import verify_lines

    with file.open("rb") as lines:
        found = verify_lines(lines)
    _tell(found, as_json)


@audit.command()
@click.option("--since", metavar="TIME", help="RFC 3339, or how long ago: 90s, 30m, 24h, 7d.")
@gate_options
def export(since: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """All records as JSON lines, oldest first."""
    from mcp_gate.evidence.export import line

    start = None if since is None else _moment(since)
    with _archive(config, state) as archive:
        for record in archive.after(0 if start is None else archive.before(start)):
            sys.stdout.write(line(record) + "\n")


def _archive(config: str | None, state: str | None) -> Archive:
    from mcp_gate.cli.state import state_directory
    from mcp_gate.store.archive import Archive
    from mcp_gate.store.database import Unavailable
    from mcp_gate.store.store import FILE_NAME

    try:
        return Archive(state_directory(config, state) / FILE_NAME)
    except FileNotFoundError:
        leave(Exit.USAGE, "there is no record yet: no gate has run with this state directory")
    except Unavailable as error:
        leave(Exit.NOT_SO, str(error))


def _checked(archive: Archive) -> Verification:
    from mcp_gate.store.database import Unavailable

    try:
        return archive.verify()
    except Unavailable as error:
        leave(Exit.NOT_SO, str(error))


def _tell(found: Verification, as_json: bool) -> None:
    """Print what was found and, when the chain is intact, what that does not prove; exit 1 when it is broken."""
    from typing import assert_never

    from mcp_gate.evidence.chain import Broken, Intact
    from mcp_gate.evidence.export import line

    match found:
        case Broken(seq, what, checked):
            if as_json:
                print(line({"intact": False, "seq": seq, "what": what, "checked": checked}))
            else:
                print(f"broken: record {seq} {what} ({checked} before it are intact)")
            raise SystemExit(int(Exit.NOT_SO))
        case Intact(count, first, head):
            unseen = [*([f"the records before {first}"] if first > 1 else []), *NOT_CHECKED]
            if as_json:
                print(
                    line(
                        {"intact": True, "count": count, "first": first, "seq": head.seq, "hash": head.hash,
                         "not_checked": unseen}
                    )
                )  # fmt: skip
                return
            print(f"intact: {count} records, the last is {head.seq} with hash {head.hash}")
            print("not checked:")
            for what in unseen:
                print(f"  - {what}")
            print("Compare number and hash of the last record with ones noted elsewhere earlier to rule that out.")
        case _:
            assert_never(found)


def _moment(text: str) -> str:
    from mcp_gate.lang.times import parse_rfc3339, rfc3339

    ago = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if ago:
        return rfc3339(time.time() - int(ago[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[ago[2]])
    try:
        return rfc3339(parse_rfc3339(text))
    except ValueError:
        leave(Exit.USAGE, "--since takes a time as 2026-11-22T12:00:00Z, or how long ago as 90s, 30m, 24h, 7d")
