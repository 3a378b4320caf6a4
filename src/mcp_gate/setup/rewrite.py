"""Puts the gate before a client's servers in the client's own file, and takes it away again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.setup.clients import Location
from mcp_gate.setup.directory import replace
from mcp_gate.setup.servers import GATE, Unreadable, read_file

BACKUP: Final = ".before-mcp-gate"
"""What a backup's name ends with; it stands beside the file."""


@dataclass(frozen=True, slots=True)
class Command:
    """How the client starts the gate's front."""

    command: str
    args: tuple[str, ...]


def backup_of(path: Path) -> Path:
    return path.with_name(path.name + BACKUP)


def connect(location: Location, command: Command, names: frozenset[str], env: Mapping[str, str]) -> None:
    """Take the named servers out of the file and put the gate in; the file as it was is kept beside it.

    Args:
        env: variables that the servers' entries had, which a gate started by the client needs.

    Raises:
        Unreadable: the file is not what it was, or was connected before.
        OSError: nothing was changed.
    """
    backup = backup_of(location.path)
    if backup.exists():
        raise Unreadable(f"{reveal(str(backup))}: the file was connected before; disconnect it first")
    before = location.path.read_bytes()
    whole = read_file(location.path, location.form)
    servers = _servers(whole, location)
    for name in names:
        servers.pop(name, None)
    servers[GATE] = {"command": command.command, "args": list(command.args), **({"env": dict(env)} if env else {})}
    replace(backup, before)
    replace(location.path, _written(whole, before))


def disconnect(location: Location) -> None:
    """Put back what `connect` took out; what was changed in the file since stays as it is now.

    Raises:
        Unreadable: there is no backup, or one of the files cannot be read.
        OSError: nothing was changed.
    """
    backup = backup_of(location.path)
    if not backup.exists():
        raise Unreadable(f"{reveal(str(location.path))}: there is no backup beside it; nothing to undo")
    was, whole = read_file(backup, location.form), read_file(location.path, location.form)
    servers = _servers(whole, location)
    servers.pop(GATE, None)
    later = dict(servers)
    servers.clear()
    servers.update(_servers(was, location) | later)
    before = backup.read_bytes()
    replace(location.path, before if whole == was else _written(whole, before))
    backup.unlink()


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
    return (json.dumps(whole, indent=indent, ensure_ascii=False) + end).encode()
