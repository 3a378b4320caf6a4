"""`mcp-gate audit verify` and `checkpoint`: whether the record is what it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.archive import open_archive
from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from mcp_gate.evidence.chain import Broken, Intact, Verification
    from mcp_gate.evidence.checkpoint import Comparison, Signer
    from mcp_gate.store.archive import Archive

NOT_CHECKED = (
    "whether records were cut off at the end, or an older copy was put in its place",
    "whether somebody wrote the whole record anew, hashes included",
)
"""What a chain alone cannot show; it takes a checkpoint that is kept elsewhere."""

PART = "A part of the record, as 'export --since' writes it, is checked with --part."
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", required=False, type=FILE)
@click.option("--checkpoint", "note", type=FILE, help="A checkpoint that was kept elsewhere; the record must begin so.")
@click.option("--key", metavar="KEY", help="Whose checkpoint it is, as 'audit checkpoint' showed it (else the gate's).")
@click.option("--part", is_flag=True, help="FILE is a part of the record, as 'export --since' writes it.")
@gate_options
def verify(
    file: Path | None, note: Path | None, key: str | None, part: bool,
    config: str | None, state: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Check the hash chain of the gate's own record, or of an exported FILE (a path, not -).

    Of its own record every decision is checked, too: its signature by the keys that were enrolled then, and that the
    record tells of it. Exits 0 when all is well, 1 when not, naming the first bad record.
    """
    from mcp_gate.evidence.chain import Broken, Intact
    from mcp_gate.evidence.export import verify_lines

    if key is not None and note is None:
        leave(Exit.USAGE, "--key goes with --checkpoint")
    if part and file is None:
        leave(Exit.USAGE, "--part goes with FILE")
    comparison = None if note is None else _comparison(note, key, config, state)
    see = None if comparison is None else comparison.see
    if file is None:
        with open_archive(config, state) as archive:
            found = archive.verify(see)
            signed = _attested(archive, as_json) if isinstance(found, Intact) else 0
    else:
        with file.open("rb") as lines:
            found = verify_lines(lines, see, part=part)
        signed = None
    if isinstance(found, Intact) and not found.count and not part:
        found = Broken(1, "is missing: there are no records", 0)  # a gate's first act is one
    if isinstance(found, Broken) and file is not None and found.seq == 1 and found.what.startswith("is missing"):
        print(PART, file=sys.stderr)
    _tell(found, comparison, as_json, signed)


def _attested(archive: Archive, as_json: bool) -> int:
    """How many signatures were checked; ends with 1 if a decision is not its giver's."""
    from mcp_gate.evidence.export import line
    from mcp_gate.lang.reveal import reveal

    look = archive.attested()
    doubt = next(look.doubts(), None)
    if doubt is None:
        return look.signed
    where = {} if doubt.seq is None else {"seq": doubt.seq}
    if as_json:
        print(line({"intact": False, **where, "what": doubt.what, "request_id": doubt.request_id}))
    else:
        what = f"the database {doubt.what}" if doubt.seq is None else f"record {doubt.seq} {doubt.what}"
        print(reveal(f"forged: {what} (request {doubt.request_id})"))
    raise SystemExit(int(Exit.NOT_SO))


@click.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file instead.")
@gate_options
def checkpoint(out: Path | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Sign what the record is now. Keep it where nobody who can write the record can write.

    Exits 1 when the record is broken, which is not signed, and 3 when the file cannot be written.
    """
    from mcp_gate.evidence.chain import Broken
    from mcp_gate.evidence.export import line
    from mcp_gate.evidence.merkle import Tree

    tree = Tree()
    with open_archive(config, state) as archive:
        signer = _signer(archive)
        found = archive.verify(lambda hash: tree.add(bytes.fromhex(hash)))
    if isinstance(found, Broken):
        _tell(found, None, as_json)
    note = signer.note(tree.size, tree.root())
    if out is not None:
        _write(out, note)
    if as_json:
        print(line({"size": tree.size, "root": tree.root().hex(), "note": note, "key": str(signer.verifier)}))
        return
    print(note.rstrip("\n") if out is None else f"{out}: a checkpoint over {tree.size} records")
    print(f"Check with: mcp-gate audit verify --checkpoint FILE --key {signer.verifier}", file=sys.stderr)


def _write(out: Path, note: str) -> None:
    from mcp_gate.store.elsewhere import put

    try:
        put(out, note)
    except OSError as error:
        leave(Exit.UNREACHABLE, f"the checkpoint cannot be written to {out}: {error.strerror}; nothing was kept there")


def _comparison(note: Path, key: str | None, config: str | None, state: str | None) -> Comparison:
    from mcp_gate.evidence.checkpoint import BadCheckpoint, Comparison, Forged, Verifier, read

    try:
        if key is None:
            with open_archive(config, state) as archive:
                verifier = _signer(archive).verifier
        else:
            verifier = Verifier.parse(key)
        return Comparison(read(note.read_text(encoding="utf-8", errors="replace"), verifier))
    except BadCheckpoint as error:
        leave(Exit.USAGE, str(error))
    except Forged as error:
        leave(Exit.NOT_SO, str(error))


def _signer(archive: Archive) -> Signer:
    from mcp_gate.evidence.checkpoint import Signer
    from mcp_gate.store.store import CHECKPOINT_KEY

    gate, seed = archive.meta("gate_id"), archive.meta(CHECKPOINT_KEY)
    if gate is None or seed is None:
        leave(Exit.NOT_SO, "this record has no key to sign with yet: start the gate once")
    return Signer.of(gate, seed)


def _tell(found: Verification, comparison: Comparison | None, as_json: bool, signed: int | None = None) -> None:
    """Print what was found and, when the chain is intact, what that does not prove; exit 1 when it is broken."""
    from typing import assert_never

    from mcp_gate.evidence.chain import Broken, Intact

    if isinstance(found, Intact) and comparison is not None:
        if found.first > 1:
            leave(Exit.USAGE, f"the file begins at record {found.first}, and a checkpoint is compared from record 1 on")
        found = comparison.fault() or found
    match found:
        case Broken():
            _tell_broken(found, as_json)
            raise SystemExit(int(Exit.NOT_SO))
        case Intact():
            _tell_intact(found, comparison, as_json, signed)
        case _:
            assert_never(found)


def _tell_broken(found: Broken, as_json: bool) -> None:
    from mcp_gate.evidence.export import line

    if as_json:
        print(line({"intact": False, "seq": found.seq, "what": found.what, "checked": found.checked}))
    else:
        print(f"broken: record {found.seq} {found.what} ({found.checked} before it are intact)")


def _tell_intact(found: Intact, comparison: Comparison | None, as_json: bool, signed: int | None) -> None:
    from mcp_gate.cli.columns import counted
    from mcp_gate.evidence.export import line

    unseen = [f"the records before {found.first}"] if found.first > 1 else []
    later = [] if comparison is None else [f"whether records after {comparison.size} were cut off or written anew"]
    unseen += later or NOT_CHECKED
    if signed is None:
        unseen.append("the signatures of decisions, whose keys are in the gate's own record")
    if as_json:
        about = {"count": found.count, "first": found.first, "seq": found.head.seq, "hash": found.head.hash}
        if signed is not None:
            about["signatures"] = signed
        print(line({"intact": True, **about, "not_checked": unseen}))
        return
    print(f"intact: {counted(found.count, 'record')}, the last is {found.head.seq} with hash {found.head.hash}")
    if signed:
        print(f"signed decisions: {signed}, each by a key that was enrolled when it was given")
    if comparison is not None:
        print(f"the first {comparison.size} are those that the checkpoint saw")
    print("not checked:")
    for what in unseen:
        print(f"  - {what}")
    print("A checkpoint that is kept elsewhere rules that out: 'audit checkpoint', and later 'verify --checkpoint'.")
