"""Where the gate directory and its state are, and what may be read there (contract 1)."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import POLICIES, SETTINGS, UPSTREAMS, ConfigError, Place, Problem

MOST_BYTES: Final = 1 << 20
SOCKET_PATH: Final = 107
"""Bytes that a path of a Unix socket may have (`sun_path` less the final zero)."""
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
LONGEST_SOCKET: Final = "review.sock"


def find_gate_directory(option: str | None, env: Mapping[str, str]) -> Path:
    """`--config`, else `$MCP_GATE_CONFIG`, else here if `upstreams.yaml` is here, else the user's.

    Raises:
        ConfigError: it is no directory.
    """
    given = option or env.get("MCP_GATE_CONFIG")
    if given:
        found = Path(given)
    elif (Path.cwd() / UPSTREAMS).exists():
        found = Path.cwd()
    else:
        found = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mcp-gate"
    if not found.is_dir():
        raise _error(str(found), "there is no gate directory", "write upstreams.yaml there, or use --config DIR")
    return found.resolve()


def find_state_directory(option: str | None, env: Mapping[str, str], directory: Path, configured: str | None) -> Path:
    """`--state`, else `$MCP_GATE_STATE`, else `state_dir:` of gate.yaml, else one of the user's for this directory."""
    given = option or env.get("MCP_GATE_STATE")
    if given:
        return Path(given).absolute()
    if configured is not None:
        return (directory / configured).absolute()
    base = Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mcp-gate"
    return base / hashlib.sha256(str(directory).encode()).hexdigest()[:16]


def place_state(state: Path) -> None:
    """Make the state directory, for this user alone.

    Raises:
        ConfigError: it cannot be made, belongs to somebody else, or is too deep for sockets.
    """
    if len(os.fsencode(state / LONGEST_SOCKET)) > SOCKET_PATH:
        raise _error(str(state), "the path is too long for a socket", "use --state with a shorter one")
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = state.stat()
        if found.st_uid != os.geteuid():
            raise _error(str(state), "the state directory belongs to another user", "use --state DIR")
        if stat.S_IMODE(found.st_mode) != 0o700:
            state.chmod(0o700)
    except OSError as e:
        raise _error(str(state), f"the state directory cannot be used: {e.strerror}", "use --state DIR") from None


def read_directory(directory: Path) -> dict[str, bytes]:
    """Every file that counts, read once: what is hashed is what is parsed.

    Raises:
        ConfigError: a file or folder cannot be read, or a file is no regular one. None is passed over in silence: it
            might hold the rule that denies.
    """
    problems: list[Problem] = []
    files: dict[str, bytes] = {}

    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(directory).as_posix()
        if not isinstance(error, FileNotFoundError) or name != POLICIES.rstrip("/"):
            problems.append(Problem(Place(name, 1, 1), f"the folder cannot be read: {error.strerror}", "mend its mode"))

    for path in _paths(directory, unreadable):
        name = path.relative_to(directory).as_posix()
        if not name.isprintable():
            problems.append(Problem(Place(reveal(name), 1, 1), "the name holds what does not show", "rename the file"))
            continue
        try:
            files[name] = _content(path)
        except OSError as e:
            what = e.strerror or "it is no regular file"
            problems.append(Problem(Place(name, 1, 1), f"the file cannot be read: {what}", "make it a plain file"))
    if problems:
        raise ConfigError(tuple(problems))
    return files


def fingerprint(directory: Path) -> tuple[tuple[object, ...], ...]:
    """What changes when a file is added, removed, replaced or written."""
    found = []
    for path in _paths(directory, None):
        try:
            about = path.stat()
        except OSError:
            continue
        found.append((str(path), about.st_ino, about.st_mtime_ns, about.st_size))
    return tuple(found)


def _paths(directory: Path, unreadable: Callable[[OSError], None] | None) -> Iterator[Path]:
    for name in (UPSTREAMS, SETTINGS):
        if os.path.lexists(directory / name):
            yield directory / name
    for folder, below, names in os.walk(directory / POLICIES, onerror=unreadable):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix in SUFFIXES:
                yield Path(folder) / name


def _content(path: Path) -> bytes:
    """Opened without waiting, so that a pipe in the way does no harm; at most one byte over the limit."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError("it is no regular file")
        return file.read(MOST_BYTES + 1)


def _error(file: str, message: str, hint: str) -> ConfigError:
    return ConfigError((Problem(Place(file, 1, 1), message, hint),))
