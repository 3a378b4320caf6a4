"""Which LLM clients there are, and where each keeps its servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

PROJECTS: Final = "projects"
"""Claude Code's servers of one project stand below this and the project's folder."""


class Form(Enum):
    """How a file is written."""

    JSON = "json"
    TOML = "toml"


@dataclass(frozen=True, slots=True)
class Location:
    """One place in one file where servers stand."""

    client: str
    path: Path
    keys: tuple[str, ...]
    """The way down to the mapping of servers."""
    form: Form = Form.JSON


@dataclass(frozen=True, slots=True)
class Client:
    """A client we know. A path begins with `~` (home) or `config` (the system's folder for settings), or is the
    project's."""

    id: str
    paths: tuple[str, ...]
    keys: tuple[str, ...] = ("mcpServers",)
    form: Form = Form.JSON
    timeout: str = "set the client's timeout for tools above 60 s if it has one"
    """What its owner should know: a held call looks like a slow tool."""


CLIENTS: Final = (
    Client("claude-code", (".mcp.json", "~/.claude.json"), timeout="start it with MCP_TOOL_TIMEOUT=300000"),
    Client("claude-desktop", ("config/Claude/claude_desktop_config.json", "config/claude/claude_desktop_config.json")),
    Client("cursor", (".cursor/mcp.json", "~/.cursor/mcp.json")),
    Client("vscode", (".vscode/mcp.json", "config/Code/User/mcp.json"), ("servers",)),
    Client("windsurf", ("~/.codeium/windsurf/mcp_config.json",)),
    Client("gemini", (".gemini/settings.json", "~/.gemini/settings.json"), timeout="its timeout is ten minutes"),
    Client("zed", ("~/.config/zed/settings.json",), ("context_servers",)),
    Client("codex", ("~/.codex/config.toml",), ("mcp_servers",), Form.TOML, "write tool_timeout_sec = 300"),
)
BY_ID: Final[Mapping[str, Client]] = {client.id: client for client in CLIENTS}


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look."""

    home: Path
    project: Path
    config: Path
    """`~/.config` on Linux, `~/Library/Application Support` on macOS."""

    @classmethod
    def of(cls, env: Mapping[str, str], platform: str, project: Path) -> Places:
        home = Path(env.get("HOME") or Path.home())
        mac = home / "Library" / "Application Support"
        return cls(home, project, mac if platform == "darwin" else Path(env.get("XDG_CONFIG_HOME") or home / ".config"))


def locations(places: Places) -> Iterator[Location]:
    """Every place where a known client keeps servers and a file is there."""
    for client in CLIENTS:
        for path in dict.fromkeys(_path(written, places) for written in client.paths):  # a project may be the home
            if path.is_file():
                yield Location(client.id, path, client.keys, client.form)
                if path.name == ".claude.json":  # servers of one project stand in it, too
                    yield Location(client.id, path, (PROJECTS, str(places.project), *client.keys))


def location_of(path: Path) -> tuple[Location, ...]:
    """Where servers may stand in a file that a person names."""
    if path.suffix == ".toml":
        return (Location(path.stem, path, ("mcp_servers",), Form.TOML),)
    return tuple(Location(path.stem.strip(".") or "client", path, (key,)) for key in KEYS)


KEYS: Final = ("mcpServers", "servers", "context_servers")


def _path(written: str, places: Places) -> Path:
    first, _, rest = written.partition("/")
    base = {"~": places.home, "config": places.config}.get(first)
    return places.project / written if base is None else base / rest
