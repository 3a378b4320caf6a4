"""Reads the servers in a client's file, whatever that client calls things."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.setup.clients import Form, Location

MOST_BYTES: Final = 16 << 20
URL_KEYS: Final = ("url", "httpUrl", "serverUrl")
GATE: Final = "mcp-gate"
"""What the gate's own entry is called."""


class Unreadable(ValueError):
    """A client's file cannot be read; the text has its place."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server as a client starts or reaches it."""

    name: str
    location: Location
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What stands at one location."""

    location: Location
    servers: tuple[Server, ...]
    odd: tuple[str, ...]
    """Entries that are passed over, and why; revealed."""
    gated: bool
    """Whether the gate is among them already."""


def read_file(path: Path, form: Form) -> Any:
    """The whole file.

    Raises:
        Unreadable: it cannot be read or is not of its form.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise Unreadable(
                f"{reveal(str(path))}: the file has more than {MOST_BYTES} bytes; that is not a client's file"
            )
        text = data.decode("utf-8-sig")
        return tomllib.loads(text) if form is Form.TOML else json.loads(text) if text.strip() else {}
    except OSError as e:
        raise Unreadable(f"{reveal(str(path))}: the file cannot be read: {e.strerror}") from None
    except json.JSONDecodeError as e:
        hint = "; comments in JSON are not read" if "//" in text or "/*" in text else ""
        raise Unreadable(f"{reveal(str(path))}:{e.lineno}:{e.colno}: not JSON: {reveal(e.msg)}{hint}") from None
    except Unreadable:
        raise
    except (ValueError, RecursionError) as e:  # of TOML, of UTF-8, and of a number with thousands of digits
        raise Unreadable(f"{reveal(str(path))}: not {form.name}: {reveal(str(e))}") from None


def read_servers(location: Location) -> Found | None:
    """The servers at a location; None where the file has no such place.

    Raises:
        Unreadable: the file is none of its form.
    """
    node = read_file(location.path, location.form)
    for key in location.keys:
        node = node.get(key) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return None
    servers, odd = [], []
    for name, entry in node.items():
        if name == GATE:
            continue
        try:
            servers.append(_server(str(name), entry, location))
        except ValueError as e:
            odd.append(f"{reveal(str(name))}: {e}")
    return Found(location, tuple(servers), tuple(odd), GATE in node)


def _server(name: str, entry: Any, location: Location) -> Server:
    """
    Raises:
        ValueError: it is not a server that a gate can stand before; says why.
    """
    if not isinstance(entry, dict):
        raise ValueError("it is not a mapping")
    if entry.get("disabled") is True or entry.get("enabled") is False:
        raise ValueError("it is switched off")
    url = next((entry[key] for key in URL_KEYS if isinstance(entry.get(key), str)), None)
    command, args = entry.get("command"), entry.get("args") or []
    if isinstance(command, dict):  # Zed's older form
        entry = command
        command, args = entry.get("path"), entry.get("args") or []
    if isinstance(command, str) and command:
        env, cwd = _texts(entry.get("env"), "env"), entry.get("cwd")
        if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
            raise ValueError("its args are not a list of texts")
        return Server(name, location, command, tuple(args), env, cwd if isinstance(cwd, str) else None)
    if url is not None:
        if entry.get("type") == "sse":
            raise ValueError("it speaks SSE, the transport before streamable HTTP")
        return Server(name, location, url=url, headers=_texts(entry.get("headers"), "headers"))
    raise ValueError("it has neither command nor url")


def _texts(value: Any, what: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, (str, int, float)) for one in value.values()):
        raise ValueError(f"its {what} are not texts by name")
    return {str(key): one if isinstance(one, str) else json.dumps(one) for key, one in value.items()}
