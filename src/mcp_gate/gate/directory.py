"""Where the gate directory and its state are, and what may be read there (contract 1)."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mcp_gate.gate import trust
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import POLICIES, SETTINGS, UPSTREAMS, ConfigError, Place, Problem

MOST_BYTES: Final = 1 << 20
SOCKET_PATH: Final = 107
"""Bytes that a path of a Unix socket may have (`sun_path` less the final zero)."""
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})
LONGEST_SOCKET: Final = "review.sock"


def gate_directory(option: str | None, env: Mapping[str, str]) -> Path:
    """`--config`, else `$MCP_GATE_CONFIG`, else here if `upstreams.yaml` is here, else the user's; it may not exist."""
    given = option or env.get("MCP_GATE_CONFIG")
    if given:
        return Path(given)
    if (Path.cwd() / UPSTREAMS).exists():
        return Path.cwd()
    return Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mcp-gate"


def find_gate_directory(option: str | None, env: Mapping[str, str]) -> Path:
    """The directory of `gate_directory`, which has to be there.

    Raises:
        ConfigError: it is not a directory.
    """
    found = gate_directory(option, env)
    if not found.is_dir():
        raise _error(str(found), "there is no gate directory", "'mcp-gate init' writes one; --config DIR names another")
    return found.resolve()


def find_state_directory(option: str | None, env: Mapping[str, str], directory: Path, configured: str | None) -> Path:
    """`--state`, else `$MCP_GATE_STATE`, else `state_dir:` of gate.yaml, else one of the user's for this directory."""
    given = option or env.get("MCP_GATE_STATE")
    if given:
        return Path(given).absolute()
    if configured is not None:
        return (directory / configured).absolute()
    base = Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "mcp-gate"
    import hashlib  # OpenSSL's: 5 MB that `connect` with --state is spared, once for every client

    return base / hashlib.sha256(str(directory).encode()).hexdigest()[:16]


def find_cache_directory(env: Mapping[str, str]) -> Path:
    """`$MCP_GATE_CACHE`, else one of the user's for all gates: what detectors compile, which takes seconds. It may be
    emptied at any time; one that cannot be made, or that others could write to, is not used."""
    given = env.get("MCP_GATE_CACHE")
    found = Path(given) if given else Path(env.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcp-gate"
    with contextlib.suppress(OSError):
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found.absolute()


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
        ConfigError: a file or folder cannot be read or trusted, or a file is not a regular one. None is passed over in
            silence: it might hold the rule that denies.
    """
    problems: list[Problem] = []
    return _read(_files(directory, problems), problems)


def read_policies(folder: Path) -> dict[str, bytes]:
    """The documents of a policies folder that lies anywhere, by the paths they would have in a gate directory.

    Raises:
        ConfigError: as `read_directory`.
    """
    problems: list[Problem] = []
    return _read(_documents(folder, problems), problems)


def _read(found_files: Iterator[_Found], problems: list[Problem]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for found in found_files:
        if not found.path.isprintable():
            place = Place(reveal(found.path), 1, 1)
            problems.append(Problem(place, "the name holds characters that do not show", "rename the file"))
            continue
        try:
            files[found.path] = _content(found, problems)
        except OSError as e:
            problems.append(_unreadable(found.path, "file", e, "make it a plain file"))
    if problems:
        raise ConfigError(tuple(problems))
    return files


def fingerprint(directory: Path) -> tuple[object, ...]:
    """Changes when a file, or a folder on the way to one, is added, removed, replaced, written or given to another
    owner."""
    problems: list[Problem] = []
    seen: list[object] = []
    for found in _files(directory, problems):
        try:
            about = os.stat(found.name, dir_fd=found.folder, follow_symlinks=False)
        except OSError:
            continue
        seen.append((found.path, about.st_ino, about.st_ctime_ns, about.st_size))
    return (*problems, *seen)


@dataclass(frozen=True, slots=True)
class _Found:
    """A name in a folder that is open; nobody looked yet what it is."""

    path: str
    """Relative to the gate directory."""
    name: str
    folder: int


def _files(directory: Path, problems: list[Problem]) -> Iterator[_Found]:
    """Every name that counts, while its folder is open; what is wrong with folders is added to `problems`."""
    try:
        with trust.opened(directory, problems) as root:
            for name in (UPSTREAMS, SETTINGS):
                if _exists(root, name):
                    yield _Found(name, name, root)
            if _exists(root, POLICIES.rstrip("/")):
                yield from _below(root, POLICIES.rstrip("/"), POLICIES.rstrip("/"), problems)
    except OSError as e:
        problems.append(_unreadable(str(directory), "folder", e, "put the folder itself there"))


def _documents(folder: Path, problems: list[Problem]) -> Iterator[_Found]:
    """The same of a policies folder alone."""
    try:
        with trust.opened(folder.parent, problems) as above:
            yield from _below(above, folder.name, POLICIES.rstrip("/"), problems)
    except OSError as e:
        problems.append(_unreadable(str(folder), "folder", e, "put the folder itself there"))


def _below(at: int, name: str, path: str, problems: list[Problem]) -> Iterator[_Found]:
    try:
        folder = trust.open_below(at, name, trust.LISTING)
    except OSError as e:
        problems.append(_unreadable(path, "folder", e, "make it a plain folder, and mend its mode"))
        return
    try:
        problems += trust.distrust(path, folder)
        with os.scandir(folder) as entries:
            visible = sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
        for entry in visible:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(folder, entry.name, f"{path}/{entry.name}", problems)
            elif Path(entry.name).suffix in SUFFIXES or entry.is_symlink():  # a link could lead to a folder of them
                yield _Found(f"{path}/{entry.name}", entry.name, folder)
            elif (suffix := Path(entry.name).suffix).lower() in SUFFIXES:  # it might hold the rule that denies
                place = Place(reveal(f"{path}/{entry.name}"), 1, 1)
                problems.append(Problem(place, f"files named {suffix} are not read", f"name it {suffix.lower()}"))
    finally:
        os.close(folder)


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _content(found: _Found, problems: list[Problem]) -> bytes:
    """At most one byte over the limit."""
    fd = trust.open_below(found.folder, found.name, trust.READING)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(None, "it is not a regular file")
        problems += trust.distrust(found.path, fd)
        with open(fd, "rb", closefd=False) as file:
            return file.read(MOST_BYTES + 1)
    finally:
        os.close(fd)


def _unreadable(path: str, kind: str, error: OSError, hint: str) -> Problem:
    return Problem(Place(reveal(path), 1, 1), f"the {kind} cannot be read: {error.strerror}", hint)


def _error(file: str, message: str, hint: str) -> ConfigError:
    return ConfigError((Problem(Place(file, 1, 1), message, hint),))
