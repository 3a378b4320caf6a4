"""Puts the gate before a client's servers in the client's own file, and takes it away again."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.setup.clients import Form, Location
from mcp_gate.setup.directory import replace
from mcp_gate.setup.servers import GATE, Unreadable, read_file

BACKUP: Final = ".before-mcp-gate"
"""What a backup's name ends with; it stands beside the file."""
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
"""What JSON can say by an escape alone."""


@dataclass(frozen=True, slots=True)
class Command:
    """How the client starts the gate's front."""

    command: str
    args: tuple[str, ...]


def backup_of(path: Path) -> Path:
    """Where the copy of a client's file is kept."""
    return path.with_name(path.name + BACKUP)


def connect(names: Mapping[Location, frozenset[str]], command: Command, env: Mapping[str, str]) -> None:
    """Take servers out of a file and put the gate in; the file as it was is kept beside it.

    Args:
        names: which servers, at each place of the one file.
        env: variables that the servers' entries had, which a gate started by the client needs.

    Raises:
        Unreadable: the file is not what it was, or was connected before.
        OSError: nothing was changed.
    """
    path, form = _file(names)
    backup, before, whole = backup_of(path), path.read_bytes(), read_file(path, form)
    places = [(_servers(whole, location), taken) for location, taken in names.items()]
    if backup.exists() and any(GATE in servers for servers, _ in places):
        raise Unreadable(f"{reveal(str(backup))}: the file was connected before; disconnect it first")
    entry = {"command": command.command, "args": list(command.args), **({"env": dict(env)} if env else {})}
    for servers, taken in places:
        for name in taken:
            servers.pop(name, None)
        servers[GATE] = entry
    replace(backup, before)
    replace(path, _written(whole, before))


def disconnect(locations: Collection[Location]) -> None:
    """Put back what `connect` took out; what was changed in the file since stays as it is now.

    Args:
        locations: places of the one file.

    Raises:
        Unreadable: there is no backup, or one of the files cannot be read.
        OSError: nothing was changed.
    """
    path, form = _file(locations)
    backup = backup_of(path)
    if not backup.exists():
        raise Unreadable(f"{reveal(str(path))}: there is no backup beside it; nothing to undo")
    before, was, whole = backup.read_bytes(), read_file(backup, form), read_file(path, form)
    for location in locations:
        servers = _servers(whole, location)
        servers.pop(GATE, None)
        later = dict(servers)
        servers.clear()
        servers.update(_servers(was, location) | later)
    replace(path, before if whole == was else _written(whole, before))
    backup.unlink()


def _file(locations: Collection[Location]) -> tuple[Path, Form]:
    """The file that they are all in."""
    ((path, form),) = {(one.path, one.form) for one in locations}
    return path, form


def _servers(whole: Any, location: Location) -> dict[str, Any]:
    node = whole
    for key in location.keys:
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise Unreadable(f"{reveal(str(location.path))}: its servers are gone")
    return node


def _written(whole: Any, before: bytes) -> bytes:
    """JSON, indented as the file was."""
    text = before.decode("utf-8-sig")
    second = next((line for line in text.split("\n")[1:] if line.strip()), "  ")
    blank = second[: len(second) - len(second.lstrip())]
    indent: str | None = blank or ("  " if "\n" in text.strip() else None)
    end = "\n" if text.endswith("\n") else ""
    return (_SURROGATES.sub(_escaped, json.dumps(whole, indent=indent, ensure_ascii=False)) + end).encode()


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
