"""`mcp-gate reviewers`: who may decide, with which keys. What it changes stands in gate.yaml, and nowhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mcp_gate.cli.lazy import PlainGroup
from mcp_gate.cli.options import Exit, gate_options, group_options, leave

if TYPE_CHECKING:
    from mcp_gate.model.config import ReviewerSpec
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.model.key import PublicKey

IN_FORCE_SEC: Final = 5.0
"""A running gate looks at its files every second."""
NEW_SECTION: Final = "Until now the user who runs the gate decided, in every group; from now on only those listed do."


@click.group(cls=PlainGroup)
@group_options
def reviewers() -> None:
    """Reviewers: who may decide, and what proves it."""


@reviewers.command("list")
@gate_options
def list_(config: str | None, state: str | None, as_json: bool) -> None:
    """Every reviewer of gate.yaml: groups, keys, whether there is a token."""
    from mcp_gate.cli.loading import load_or_leave
    from mcp_gate.cli.talk import print_json
    from mcp_gate.faces.people import reviewer_json

    _, loaded = load_or_leave(config, as_json=as_json)
    found = loaded.settings.reviewers
    if as_json:
        for one in (found or {}).values():
            print_json(reviewer_json(one))
        return
    if not found:
        print("Nobody can decide: reviewers is empty." if found is not None else _operator_alone())
        return
    from mcp_gate.cli.columns import table
    from mcp_gate.lang.reveal import reveal

    rows = [row for one in found.values() for row in _rows(one)]
    print(table(("REVIEWER", "GROUPS", "PROOF", ""), [tuple(map(reveal, row)) for row in rows]))


@reviewers.command()
@click.argument("id")
@click.option("--group", "groups", metavar="G", multiple=True, help="A group to be in; may be given again.")
@click.option("--key", "keys", metavar="FILE", multiple=True, help="A .pub file, or its line; may be given again.")
@click.option("--token", is_flag=True, help="Make a bearer token; it is shown once.")
@gate_options
def add(
    id: str, groups: tuple[str, ...], keys: tuple[str, ...], token: bool, config: str | None, state: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Enrol reviewer ID in gate.yaml, or add groups, keys or a token to one who is there."""
    from mcp_gate.setup.enrolment import enrolled

    given = tuple(map(_key, keys))
    secret, digest = _new_token() if token else (None, None)

    def wanted(there: Mapping[str, ReviewerSpec]) -> dict[str, ReviewerSpec]:
        from mcp_gate.model.config import ReviewerSpec

        was = there.get(id, ReviewerSpec(id))
        one = replace(
            was, groups=was.groups | set(groups), keys=tuple(dict.fromkeys((*was.keys, *given))),
            token_sha256=digest or was.token_sha256,
        )  # fmt: skip
        return {**there, id: one}

    def change(text: str, there: Mapping[str, ReviewerSpec]) -> str:
        was = there.get(id)
        fresh_groups = [group for group in dict.fromkeys(groups) if was is None or group not in was.groups]
        fresh_keys = [key for key in dict.fromkeys(given) if was is None or key not in was.keys]
        return enrolled(text, id, groups=fresh_groups, keys=fresh_keys, token_sha256=digest)

    one, in_force = _changed(config, state, change, wanted, as_json=as_json)
    _tell(one[id], f"{id} is enrolled.", in_force, as_json, {} if secret is None else {"token": secret})


@reviewers.command()
@click.argument("id")
@click.option("--key", "fingerprint", metavar="FINGERPRINT", help="Only this key, as 'reviewers list' shows it.")
@gate_options
def revoke(id: str, fingerprint: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Take reviewer ID, or one of his keys, out of gate.yaml. What he approved and is not sent yet is asked anew."""
    from mcp_gate.setup.enrolment import without, without_key

    def wanted(there: Mapping[str, ReviewerSpec]) -> dict[str, ReviewerSpec]:
        if fingerprint is None:
            return {name: one for name, one in there.items() if name != id}
        left = tuple(key for key in there[id].keys if key.fingerprint != fingerprint)
        return {**there, id: replace(there[id], keys=left)}

    def change(text: str, there: Mapping[str, ReviewerSpec]) -> str:
        return without(text, id) if fingerprint is None else without_key(text, id, fingerprint)

    left, in_force = _changed(config, state, change, wanted, as_json=as_json)
    what = f"{id} is no longer a reviewer." if fingerprint is None else f"{fingerprint} proves nothing any more."
    _tell(left.get(id), what, in_force, as_json, {"id": id})
    if not left:
        print("There is no reviewer left: nobody can approve a call.", file=sys.stderr)


def _changed(
    config: str | None, state: str | None, change: Callable[[str, Mapping[str, ReviewerSpec]], str],
    wanted: Callable[[Mapping[str, ReviewerSpec]], dict[str, ReviewerSpec]], *, as_json: bool,
) -> tuple[dict[str, ReviewerSpec], bool | None]:  # fmt: skip
    """Change gate.yaml, whole or not at all. The reviewers it has then, and whether the running gate took it; None: no
    gate runs."""
    from mcp_gate.cli.loading import load_or_leave, report
    from mcp_gate.model.config import SETTINGS, ConfigError
    from mcp_gate.setup.directory import replace as put
    from mcp_gate.setup.enrolment import CannotEnrol, checked

    directory, loaded = load_or_leave(config, as_json=as_json)
    files = dict(loaded.snapshot.files)
    there = loaded.settings.reviewers or {}
    try:
        text = change(files.get(SETTINGS, b"").decode(), there)
        after = checked(files, text, wanted(there))
        put(directory / SETTINGS, text.encode())
    except CannotEnrol as error:
        leave(Exit.NOT_SO, str(error))
    except ConfigError as error:
        report(error, as_json=as_json)
    except OSError as error:
        leave(Exit.USAGE, f"{directory / SETTINGS} cannot be written: {error.strerror}; nothing was changed")
    if loaded.settings.reviewers is None:
        print(NEW_SECTION, file=sys.stderr)
    return dict(after.settings.reviewers or {}), _in_force(config, state, after.snapshot.id)


def _in_force(config: str | None, state: str | None, snapshot: str) -> bool | None:
    """Wait until the running gate goes by the new file."""
    from mcp_gate.cli.state import state_directory
    from mcp_gate.faces.client import Problem, ReviewClient, Unreachable

    client = ReviewClient(state_directory(config, state))
    until = time.monotonic() + IN_FORCE_SEC
    try:
        while client.get("/v1/status")["policy_snapshot"] != snapshot:
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
    except (Unreachable, Problem):
        return None
    return True


def _tell(one: ReviewerSpec | None, sentence: str, in_force: bool | None, as_json: bool, more: JsonObject) -> None:
    if as_json:
        from mcp_gate.cli.talk import print_json
        from mcp_gate.faces.people import reviewer_json

        print_json({**({} if one is None else reviewer_json(one)), **more, "in_force": in_force is True})
    else:
        print(sentence)
        if "token" in more:
            print(f"token, shown this once: {more['token']}")
    match in_force:
        case True if not as_json:
            print("The running gate goes by it.")
        case False:
            print("the running gate does not go by it yet: see 'mcp-gate status'", file=sys.stderr)
            leave(Exit.UNREACHABLE)
        case None if not as_json:
            print("No gate runs: it counts from the next start.")
        case _:
            pass


def _rows(one: ReviewerSpec) -> list[tuple[str, ...]]:
    """A line a proof; the person stands in the first."""
    proofs = [(key.fingerprint, f"{key.kind} {key.comment}".strip()) for key in one.keys]
    proofs += [("token", "")] if one.token_sha256 is not None else []
    first, *rest = proofs or [("none", "his word over the local socket")]
    return [(one.id, ", ".join(sorted(one.groups)) or "-", *first), *(("", "", *proof) for proof in rest)]


def _operator_alone() -> str:
    from mcp_gate.gate.reviewers import operator

    return f"gate.yaml lists no reviewers: the user who runs the gate ({operator()}) decides, in every group."


def _key(given: str) -> PublicKey:
    from mcp_gate.lang.sshkey import BadKey, parse

    file = Path(given)
    try:
        return parse(file.read_text(encoding="utf-8", errors="replace") if _is_file(file) else given)
    except BadKey as error:
        leave(Exit.USAGE, f"--key: {error}; give a .pub file, or the line in it")
    except OSError as error:
        leave(Exit.USAGE, f"--key: {given} cannot be read: {error.strerror}")


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:  # a line is too long for a name
        return False


def _new_token() -> tuple[str, str]:
    """A token, and the digest that is kept of it."""
    import hashlib
    import secrets

    token = "mgr_" + secrets.token_urlsafe(32)
    return token, hashlib.sha256(token.encode()).hexdigest()
