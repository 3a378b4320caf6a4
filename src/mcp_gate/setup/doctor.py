"""Looks at a set-up as it is on this machine: what is wrong with it, most likely wrong first, each with its cure."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from mcp_gate.faces.client import Problem as ApiProblem
from mcp_gate.faces.client import ReviewClient, Unreachable
from mcp_gate.gate.directory import LONGEST_SOCKET, SOCKET_PATH
from mcp_gate.model.config import Problem
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import Loaded
from mcp_gate.scanning.settings import has_names, has_vendor_shapes, hindrances
from mcp_gate.setup.clients import Places, locations
from mcp_gate.setup.reviewing import reviewing
from mcp_gate.setup.servers import Unreadable, read_servers
from mcp_gate.upstream.sandbox import hindrance


class Verdict(StrEnum):
    """How one check of the set-up came out."""

    WRONG = "wrong"
    WARNING = "warning"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    verdict: Verdict
    what: str
    cure: str = ""

    def as_json(self) -> JsonObject:
        out = {"check": self.check, "status": self.verdict.value, "what": self.what}
        return {**out, "cure": self.cure} if self.cure else out


@dataclass(frozen=True, slots=True)
class SetUp:
    """What is looked at."""

    directory: Path
    state: Path
    env: Mapping[str, str]
    loaded: Loaded | None
    """None: it cannot be served."""
    errors: tuple[Problem, ...] = ()
    """Why not."""
    status: JsonObject = field(default_factory=dict)
    """What the running gate says of itself; {} where none runs."""

    @property
    def foreign(self) -> bool:
        """Whether the gate is another user's."""
        try:
            return self.state.stat().st_uid != os.geteuid()
        except FileNotFoundError:
            return False
        except PermissionError:
            return True


def asked(state: Path) -> JsonObject:
    """What the running gate says of itself; {} where none runs, or it is another user's."""
    try:
        return ReviewClient(state, timeout=5.0).get("/v1/status")
    except (Unreachable, ApiProblem):
        return {}


def examine(setup: SetUp) -> list[Finding]:
    """Everything, what is wrong first."""
    found = [finding for check in CHECKS for finding in check(setup)]
    return sorted(found, key=lambda finding: list(Verdict).index(finding.verdict))


def _config(setup: SetUp) -> Iterator[Finding]:
    for error in setup.errors:
        yield Finding("config", Verdict.WRONG, f"{error.place}: {error.message}", error.hint)
    if setup.loaded is None:
        return
    counts = f"{len(setup.loaded.snapshot.files)} files, snapshot {setup.loaded.snapshot.id}"
    yield Finding("config", Verdict.OK, f"{setup.directory} can be served: {counts}")
    warnings = len(setup.loaded.warnings)
    if warnings:
        text = f"the files have {warnings} warning{'s' if warnings > 1 else ''}"
        yield Finding("warnings", Verdict.WARNING, text, "read them with 'mcp-gate policy check'")


def _upstreams(setup: SetUp) -> Iterator[Finding]:
    if setup.loaded is None:
        return
    running = setup.status.get("upstreams", {})
    for spec in setup.loaded.upstreams.values():
        start = setup.directory / (spec.cwd or "")
        if spec.command is not None and not os.access(start, os.X_OK):
            cure = "make it, or change 'cwd'"
            yield Finding("upstream", Verdict.WRONG, f"'{spec.id}': there is no directory {start}", cure)
        elif spec.command is not None and not _program(spec.command, start, setup.env):
            cure = "install it, or write its whole path as 'command'"
            yield Finding("upstream", Verdict.WRONG, f"'{spec.id}': there is no program '{spec.command}'", cure)
        elif running.get(spec.id, "up") != "up":
            changed = f"'mcp-gate upstreams pin {spec.id}' shows what changed"
            cure = changed if running[spec.id] == "changed" else "see 'mcp-gate upstreams list' and the gate's log"
            yield Finding("upstream", Verdict.WRONG, f"'{spec.id}' is {running[spec.id]}", cure)
        else:
            found = "answers" if spec.id in running else "can be tried"
            yield Finding("upstream", Verdict.OK, f"'{spec.id}' {found}: {spec.url or spec.command}")
    for name in setup.loaded.variables:
        if name not in setup.env and not setup.status:
            cure = "set it where the gate is started"
            yield Finding("variable", Verdict.WARNING, f"the environment variable {name} is not set here", cure)


def _program(command: str, start: Path, env: Mapping[str, str]) -> bool:
    if "/" in command:
        return os.access(start / command, os.X_OK)
    return shutil.which(command, path=env.get("PATH")) is not None


def _gate(setup: SetUp) -> Iterator[Finding]:
    if setup.foreign:
        yield Finding("gate", Verdict.OK, "the gate is another user's: it says nothing to this one")
    elif not setup.status:
        cure = "start it with 'mcp-gate serve'; a client's 'connect' starts one, too"
        yield Finding("gate", Verdict.WARNING, "no gate runs", cure)
    elif setup.status["policy"] != "current":
        cure = "mend the files; 'mcp-gate status' names the errors"
        yield Finding("gate", Verdict.WRONG, "the gate runs, with an older policy than the files", cure)
    elif setup.loaded is not None and setup.status["policy_snapshot"] != setup.loaded.snapshot.id:
        cure = "use --config with the directory that it was started with"
        yield Finding("gate", Verdict.WRONG, "the gate that runs here was started with other files", cure)
    else:
        yield Finding("gate", Verdict.OK, f"the gate runs: {setup.status['gate_id']}")


def _state(setup: SetUp) -> Iterator[Finding]:
    state = setup.state
    if len(os.fsencode(state / LONGEST_SOCKET)) > SOCKET_PATH:
        yield Finding("state", Verdict.WRONG, f"{state}: the path is too long for a socket", "use a shorter --state")
    if setup.foreign:
        yield Finding("state", Verdict.OK, f"{state} is another user's")
        return
    if not state.exists():
        yield Finding("state", Verdict.OK, f"{state} is made when the gate starts first")
        return
    for path, most in ((state, 0o700), *((entry, 0o600) for entry in sorted(state.iterdir()))):
        mode = stat.S_IMODE(path.stat(follow_symlinks=False).st_mode)
        if mode & ~most & 0o077:
            what = f"{path}: others have rights on it ({mode:04o})"
            yield Finding("state", Verdict.WRONG, what, f"chmod {most:04o} {path}")
    yield Finding("state", Verdict.OK, f"{state} is this user's")


def _clients(setup: SetUp) -> Iterator[Finding]:
    """Servers that clients start themselves: their calls never meet the gate."""
    for location in locations(Places.of(setup.env, sys.platform, Path.cwd())):
        try:
            found = read_servers(location)
        except Unreadable as error:
            yield Finding("client", Verdict.WARNING, str(error), "mend the file, or look through it by hand")
            continue
        if found is not None and found.servers:
            names = ", ".join(server.name for server in found.servers)
            cure = f"mcp-gate init, then mcp-gate clients connect {location.client}"
            what = f"{location.client} starts servers past the gate: {names} ({location.path})"
            yield Finding("client", Verdict.WARNING, what, cure)
        elif found is not None and found.gated:
            yield Finding("client", Verdict.OK, f"{location.client} goes through the gate ({location.path})")


def _reviewers(setup: SetUp) -> Iterator[Finding]:
    if setup.loaded is not None:
        for wrong, what, cure in reviewing(setup.loaded, setup.env):
            yield Finding("reviewers", Verdict.WRONG if wrong else Verdict.WARNING if cure else Verdict.OK, what, cure)


def _sandbox(setup: SetUp) -> Iterator[Finding]:
    wanted = [] if setup.loaded is None else [up.id for up in setup.loaded.upstreams.values() if up.sandbox is not None]
    why = hindrance()
    if why and wanted:
        what = f"'{wanted[0]}' is to run in a sandbox, and cannot: {why}"
        yield Finding("sandbox", Verdict.WRONG, what, "mend that, or write enforcement: advisory")
    elif why:
        yield Finding("sandbox", Verdict.OK, f"none is asked for; there could be none: {why}")
    else:
        yield Finding("sandbox", Verdict.OK, "sandboxes can be made here")


def _detectors(setup: SetUp) -> Iterator[Finding]:
    if setup.loaded is None:
        return
    outgoing = setup.loaded.outgoing
    if not outgoing.enabled:
        yield Finding("detectors", Verdict.OK, "what leaves is not looked at: somebody turned it off")
        return
    missing = hindrances(outgoing)
    for problem in missing:
        yield Finding("detectors", Verdict.WRONG, problem.message, problem.hint)
    if missing:
        return
    names = "" if outgoing.detection.ner is not False and has_names() else ", but names in prose"
    yield Finding("detectors", Verdict.OK, f"personal data and credentials are looked for{names}")
    if not has_vendor_shapes():
        cure = "install kingfisher-secret-scanner where there is a wheel of it"
        yield Finding("detectors", Verdict.WARNING, "credentials are looked for by the gate's own rules alone", cure)


def _database(_: SetUp) -> Iterator[Finding]:
    yield Finding("sqlite", Verdict.OK, f"SQLite {sqlite3.sqlite_version}; the gate alone writes")


CHECKS: Final = (_config, _upstreams, _gate, _state, _reviewers, _clients, _sandbox, _detectors, _database)
"""In the order in which they are most likely wrong."""
