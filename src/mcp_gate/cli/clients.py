"""`mcp-gate clients list`, `connect` and `disconnect`."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.columns import table
from mcp_gate.cli.lazy import PlainGroup
from mcp_gate.cli.loading import load_or_leave
from mcp_gate.cli.options import Exit, gate_options, group_options, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.policy.load import Loaded
    from mcp_gate.setup.rewrite import Command
    from mcp_gate.setup.servers import Found


@click.group(cls=PlainGroup)
@group_options
def clients() -> None:
    """LLM clients on this machine, and the gate before their servers."""


@clients.command(name="list")
@gate_options
def list_(config: str | None, state: str | None, as_json: bool) -> None:
    """Every known client's file, its servers, and whether the gate stands before them."""
    from mcp_gate.lang.reveal import reveal

    found = _found()
    if as_json:
        for one in found:
            names = [server.name for server in one.servers]
            place = {"client": one.location.client, "file": str(one.location.path), "servers": names}
            print(json.dumps({**place, "gated": one.gated}))
        return
    if not found:
        print("no client with MCP servers was found here")
        return
    rows = [
        [one.location.client, reveal(str(one.location.path)), str(len(one.servers)), "yes" if one.gated else "no"]
        for one in found
    ]
    print(table(["CLIENT", "FILE", "DIRECT SERVERS", "GATE"], rows))


@clients.command()
@click.argument("name")
@click.option("--agent", metavar="ID", help="The agent id of its calls (else the client's name).")
@gate_options
def connect(config: str | None, state: str | None, as_json: bool, name: str, agent: str | None) -> None:
    """Put the gate in the place of a client's servers. A copy of the file is kept beside it; 'disconnect' undoes it."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.setup import rewrite
    from mcp_gate.setup.clients import BY_ID

    chosen = [one for one in _of(name) if one.servers]
    directory, loaded = load_or_leave(config, as_json=as_json)
    if not chosen:
        leave(Exit.NOT_SO, f"{reveal(name)} has no server of its own; see 'mcp-gate clients list'")
    id_ = _agent(loaded, agent or name)
    behind = {one.location: _behind(loaded, one) for one in chosen}
    for places in _by_file(chosen):
        names = {one.location: behind[one.location][0] for one in places}
        env = {name: value for one in places for name, value in behind[one.location][1].items()}
        with _or_leave():
            rewrite.connect(names, _command(directory, id_), env)
        for one in places:
            told = ", ".join(map(reveal, sorted(names[one.location])))
            _tell(as_json, one, f"the gate stands before {told}")
    if not as_json:
        print(f"A held call looks like a slow tool: {BY_ID[name].timeout}.")
        print(f"Restart {name} to use it; undo with: mcp-gate clients disconnect {name}")


@clients.command()
@click.argument("name")
@gate_options
def disconnect(config: str | None, state: str | None, as_json: bool, name: str) -> None:
    """Put a client's servers back as they were."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.setup import rewrite

    chosen = [one for one in _of(name) if rewrite.backup_of(one.location.path).exists() and one.gated]
    if not chosen:
        leave(Exit.NOT_SO, f"{reveal(name)} is not connected; see 'mcp-gate clients list'")
    for places in _by_file(chosen):
        with _or_leave():
            rewrite.disconnect([one.location for one in places])
        for one in places:
            _tell(as_json, one, "its servers are as they were; the gate is not asked any more")


def _by_file(chosen: list[Found]) -> list[list[Found]]:
    """Several places may be in one file, which is written once."""
    paths = dict.fromkeys(one.location.path for one in chosen)
    return [[one for one in chosen if one.location.path == path] for path in paths]


@contextmanager
def _or_leave() -> Iterator[None]:
    """Ends the command where a file cannot be read or written."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.setup.servers import Unreadable

    try:
        yield
    except Unreadable as error:
        leave(Exit.USAGE, str(error))
    except OSError as error:
        leave(Exit.USAGE, f"{reveal(str(error.filename))}: the file cannot be written: {error.strerror}")


def _found(client: str | None = None) -> list[Found]:
    """What stands at every known place. A file that cannot be read is told and passed over; that of the client that was
    named ends the command."""
    from mcp_gate.setup.clients import Places, locations
    from mcp_gate.setup.servers import Unreadable, read_servers

    out = []
    for location in locations(Places.of(os.environ, sys.platform, Path.cwd())):
        try:
            one = read_servers(location)
        except Unreadable as error:
            if location.client == client:
                leave(Exit.USAGE, f"{error}; nothing was changed")
            print(f"passed over {error}", file=sys.stderr)
            continue
        if one is not None and (one.servers or one.gated):
            out.append(one)
    return out


def _of(name: str) -> list[Found]:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.setup.clients import BY_ID, Form

    if name not in BY_ID:
        leave(Exit.USAGE, f"'{reveal(name)}' is not a client we know; there are {', '.join(BY_ID)}")
    if BY_ID[name].form is not Form.JSON:
        leave(Exit.USAGE, f"the file of {name} is not rewritten; put 'mcp-gate connect' in it by hand")
    return [one for one in _found(name) if one.location.client == name]


def _agent(loaded: Loaded, id_: str) -> str:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.policy.read_settings import PERSON

    agents = loaded.settings.agents
    if not PERSON.fullmatch(id_):
        leave(Exit.USAGE, f"--agent: '{reveal(id_)}' is not an id; use {PERSON.pattern}")
    if agents is not None and id_ not in agents:
        leave(Exit.USAGE, f"gate.yaml lists no agent '{reveal(id_)}'; add it, or use --agent with one that it lists")
    return id_


def _command(directory: Path, agent: str) -> Command:
    """By its whole path: a client that was not started from a shell has another PATH."""
    from mcp_gate.setup.rewrite import Command

    found = shutil.which("mcp-gate")
    first, before = (found, ()) if found is not None else (sys.executable, ("-m", "mcp_gate"))
    return Command(first, (*before, "connect", "--config", str(directory), "--agent", agent))


def _behind(loaded: Loaded, found: Found) -> tuple[frozenset[str], dict[str, str]]:
    """The servers that the gate reaches, and the variables that they need; ends where one is not in upstreams.yaml."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.setup.translate import alike, distinct, reached, translate, values

    known = {reached(spec): spec for spec in loaded.upstreams.values()}
    servers, twins = distinct(found.servers)
    entries, odd = translate(servers)
    missing = [reveal(entry.server.name) for entry in entries if reached(entry.spec) not in known]
    if missing:
        leave(Exit.USAGE, f"not in upstreams.yaml yet: {', '.join(missing)}; run 'mcp-gate init' first")
    for note in (*twins, *odd, *found.odd):
        print(f"left as it is: {note}", file=sys.stderr)
    env = {name: value for entry in entries for name, value in values(entry, known[reached(entry.spec)]).items()}
    names = (one.name for one in found.servers if any(alike(one, entry.server) for entry in entries))
    return frozenset(names), env


def _tell(as_json: bool, found: Found, sentence: str) -> None:
    from mcp_gate.lang.reveal import reveal

    if as_json:
        print(json.dumps({"client": found.location.client, "file": str(found.location.path), "done": sentence}))
    else:
        print(f"{reveal(str(found.location.path))}: {sentence}")
