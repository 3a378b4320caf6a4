"""`mcp-gate init`: a gate directory out of what clients have configured."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mcp_gate.cli.loading import report
from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.setup.classify import Proposal
    from mcp_gate.setup.probe import Silent
    from mcp_gate.setup.servers import Found
    from mcp_gate.setup.translate import Entry

    Tools = dict[str, list[JsonObject] | Silent]

PROBE_SEC: Final = 60.0
"""How long servers may take to list their tools; the first start of one may have to fetch it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is about to be written."""

    directory: Path
    new: bool
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]
    """What is passed over, and why; revealed."""


@click.command()
@click.option("--from", "files", multiple=True, type=click.Path(path_type=Path), help="A client's file; repeatable.")
@click.option("--yes", is_flag=True, help="Ask nothing: write, and start the servers to ask for their tools.")
@click.option("--no-probe", is_flag=True, help="Start no server; every tool is then held until you map it.")
@gate_options
def init(
    config: str | None, state: str | None, as_json: bool, files: tuple[Path, ...], yes: bool, no_probe: bool
) -> None:
    """Write a gate directory from the MCP servers that your clients have configured.

    Proposes a topic and risk tags for every tool. No secret is copied: it becomes a variable to be set.
    """
    from mcp_gate.lang.reveal import reveal

    plan = _plan(config, files, as_json=as_json)
    if not yes and not sys.stdin.isatty():
        leave(Exit.USAGE, "there is nobody to ask: add --yes, and --no-probe if no server may be started")
    _show(plan)
    if not yes and not click.confirm(f"Write {reveal(str(plan.directory))}?", err=True):
        leave(Exit.NOT_SO, "nothing was written")
    probing = not no_probe and (yes or click.confirm("Start these servers to ask for their tools?", err=True))
    tools = _probed(plan) if probing else {}
    proposals = {entry.spec.id: _proposals(tools.get(entry.spec.id)) for entry in plan.entries}
    files_written = _write(plan, proposals, as_json=as_json)
    if as_json:
        print(json.dumps(_as_json(plan, files_written, proposals, tools)))
    else:
        print(_readable(plan, files_written, proposals, tools))


def _plan(config: str | None, files: Sequence[Path], *, as_json: bool) -> _Plan:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.config import ConfigError
    from mcp_gate.setup.directory import existing
    from mcp_gate.setup.translate import distinct, reached, translate

    directory = _target(config)
    try:
        there = existing(directory)
    except ConfigError as error:
        report(error, as_json=as_json)
    found = _found(files)
    servers, twins = distinct(server for one in found for server in one.servers)
    entries, odd = translate(servers, there.upstreams if there is not None else ())
    known = set(map(reached, there.upstreams.values())) if there is not None else set()
    fresh = [entry for entry in entries if reached(entry.spec) not in known]
    notes = [*twins, *odd, *(note for one in found for note in one.odd)]
    if not fresh:
        for note in notes:
            print(f"passed over {note}", file=sys.stderr)
        there_already = f"all servers that were found are in {reveal(str(directory / 'upstreams.yaml'))} already"
        said = there_already if known and servers else "no server was found"
        leave(Exit.USAGE, f"{said}; name a client's file: mcp-gate init --from FILE")
    return _Plan(directory, there is None, tuple(fresh), tuple(notes))


def _target(config: str | None) -> Path:
    """As `find_gate_directory`, for a directory that need not be there yet."""
    from mcp_gate.gate.directory import gate_directory

    return gate_directory(config, os.environ).absolute()


def _found(files: Sequence[Path]) -> list[Found]:
    """What stands in the named files, or in those of every known client."""
    from mcp_gate.setup.clients import Places, location_of, locations
    from mcp_gate.setup.servers import Unreadable, read_servers

    found = []
    places = Places.of(os.environ, sys.platform, Path.cwd())
    named = [location for path in files for location in location_of(path.absolute())]
    for location in named if files else locations(places):
        try:
            one = read_servers(location)
        except Unreadable as error:
            if files:
                leave(Exit.USAGE, str(error))
            print(f"passed over {error}", file=sys.stderr)
            continue
        if one is not None:
            found.append(one)
    return found


def _show(plan: _Plan) -> None:
    """What would be done, on standard error: the commands that would be started, without their secrets."""
    from mcp_gate.lang.reveal import reveal

    for note in plan.notes:
        print(f"passed over {note}", file=sys.stderr)
    for entry in plan.entries:
        spec = entry.spec
        how = " ".join([spec.command, *spec.args]) if spec.command is not None else spec.url or ""
        print(f"  {entry.spec.id:<20} {reveal(how)}", file=sys.stderr)


def _probed(plan: _Plan) -> Tools:
    from mcp_gate.setup.probe import probe

    for entry in plan.entries:
        for name, value in entry.variables.items():
            if value:
                os.environ.setdefault(name, value)  # of this process alone, and of the servers that it starts
    specs = {entry.spec.id: entry.spec for entry in plan.entries}
    logging.getLogger("mcp_gate").setLevel(logging.CRITICAL)  # what is wrong with a server is told once, at the end
    start = next(one for one in (plan.directory, *plan.directory.parents) if one.is_dir())  # it may not be there yet
    print(f"asking {len(specs)} servers for their tools, at most {PROBE_SEC:g} s", file=sys.stderr)
    return asyncio.run(probe(specs, PROBE_SEC, start))


def _proposals(tools: list[JsonObject] | Silent | None) -> list[Proposal]:
    from mcp_gate.setup.classify import propose

    return [propose(tool) for tool in tools] if isinstance(tools, list) else []


def _write(plan: _Plan, proposals: dict[str, list[Proposal]], *, as_json: bool) -> list[str]:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.config import ConfigError
    from mcp_gate.setup import directory, render

    text = "".join(
        render.upstream(entry.spec, reveal(str(entry.server.location.path)), proposals[entry.spec.id])
        for entry in plan.entries
    )
    there = plan.directory
    files = directory.fresh(there, text, render.cases(proposals)) if plan.new else directory.added(there, text)
    try:
        directory.check(plan.directory, files)
        directory.write(plan.directory, files)
    except ConfigError as error:
        print("nothing was written: the files would not load", file=sys.stderr)
        report(error, as_json=as_json)
    except OSError as error:
        leave(Exit.USAGE, f"{reveal(str(error.filename))}: the file cannot be written: {error.strerror}")
    return list(files)


def _as_json(plan: _Plan, files: list[str], proposals: dict[str, list[Proposal]], tools: Tools) -> JsonObject:
    from mcp_gate.setup.probe import Silent

    return {
        "directory": str(plan.directory),
        "files": files,
        "upstreams": [
            {
                "id": entry.spec.id,
                "from": str(entry.server.location.path),
                "tools": [{"tool": one.tool, "risk_tags": list(one.tags)} for one in proposals[entry.spec.id]],
                **({"silent": silent.why} if isinstance(silent := tools.get(entry.spec.id), Silent) else {}),
            }
            for entry in plan.entries
        ],
        "variables": sorted({name for entry in plan.entries for name in entry.variables}),
        "passed_over": list(plan.notes),
    }


def _readable(plan: _Plan, files: list[str], proposals: dict[str, list[Proposal]], tools: Tools) -> str:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.setup.probe import Silent
    from mcp_gate.setup.render import passes

    lines = [f"Wrote {', '.join(files)} in {reveal(str(plan.directory))}"]
    for entry in plan.entries:
        id_, found = entry.spec.id, proposals[entry.spec.id]
        silent = tools.get(id_)
        passing = sum(map(passes, found))
        told = f"{len(found)} tools: {passing} pass, {len(found) - passing} are held" if found else "every tool is held"
        lines.append(f"  {id_:<20} {told}{f' ({silent.why})' if isinstance(silent, Silent) else ''}")
    variables = sorted({name for entry in plan.entries for name in entry.variables})
    if variables:
        lines.append(f"Set where the gate is started, for no secret was copied: {', '.join(variables)}")
    lines.append(f"Next: read upstreams.yaml, {_connecting(plan)}, then 'mcp-gate review'")
    return "\n".join(lines)


def _connecting(plan: _Plan) -> str:
    """How the gate comes before the servers: the client's file is changed by a command, or by hand."""
    from mcp_gate.setup.clients import BY_ID, Form

    found = sorted({entry.server.location.client for entry in plan.entries} & BY_ID.keys())
    client = next((id_ for id_ in found if BY_ID[id_].form is Form.JSON), None)
    return "put 'mcp-gate connect' into the client's file" if client is None else f"'mcp-gate clients connect {client}'"
