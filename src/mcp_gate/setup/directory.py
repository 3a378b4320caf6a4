"""Writes a gate directory, or adds servers to one: whole, checked, or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mcp_gate.gate.directory import read_directory
from mcp_gate.model.config import UPSTREAMS
from mcp_gate.policy.load import Loaded, load
from mcp_gate.setup import render

POLICY: Final = "policies/starter.yaml"
CASES: Final = "policy-tests/starter.yaml"


def existing(directory: Path) -> Loaded | None:
    """What is there already, or None.

    Raises:
        ConfigError: it cannot be served as it stands, so nothing is added to it.
    """
    return load(read_directory(directory)) if (directory / UPSTREAMS).exists() else None


def fresh(directory: Path, entries: str, cases: str) -> dict[str, str]:
    """The files of a new gate directory; policies and cases that are there already stay."""
    files = {UPSTREAMS: render.HEAD + entries, POLICY: render.POLICY, CASES: cases}
    return {name: text for name, text in files.items() if not (directory / name).exists()}


def added(directory: Path, entries: str) -> dict[str, str]:
    """The one file that changes when servers are added, with everything that stood in it; `check` tells whether it ends
    with its servers, so that more can follow."""
    before = (directory / UPSTREAMS).read_text(encoding="utf-8")
    return {UPSTREAMS: before.rstrip("\n") + "\n" + entries}


def check(directory: Path, files: Mapping[str, str]) -> Loaded:
    """Load what the directory would be with these files.

    Raises:
        ConfigError: it could not be served.
    """
    there = read_directory(directory) if directory.is_dir() else {}
    return load(there | {path: text.encode() for path, text in files.items() if path != CASES})


def write(directory: Path, files: Mapping[str, str]) -> None:
    """Put the files in place, each whole or not at all, readable by this user alone.

    Raises:
        OSError: a file cannot be written; those before it were.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, text.encode())


def replace(path: Path, data: bytes) -> None:
    """A file's new content, durable, with the mode it had (0600 for a new one); the old one stays until the last step.
    Where a link leads to the file, the link stays.

    Raises:
        OSError: nothing was changed.
    """
    path = path.resolve()
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:  # Ctrl-C, too
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
