"""Compiled patterns, kept from one process to the next: compiling takes seconds, reading no time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

_SUM: Final = 32


class _Place:
    """Of this process."""

    folder: Path | None = None


def keep_in(folder: Path | None) -> None:
    """Say once in a process where. What somebody else could write to is not used; without a place nothing is kept."""
    _Place.folder = folder if folder is not None and _is_ours(folder) else None


def kept(source: bytes, make: Callable[[], bytes]) -> bytes:
    """What `make` makes of this source, from an earlier process if one kept it whole."""
    if _Place.folder is None:
        return make()
    path = _Place.folder / f"{hashlib.sha256(source).hexdigest()[:32]}.patterns"
    with contextlib.suppress(OSError):
        data = path.read_bytes()
        if hashlib.sha256(data[_SUM:]).digest() == data[:_SUM]:
            return data[_SUM:]
    made = make()
    with contextlib.suppress(OSError):
        _write(path, hashlib.sha256(made).digest() + made)
    return made


def _is_ours(folder: Path) -> bool:
    try:
        facts = folder.stat()
    except OSError:
        return False
    return facts.st_uid == os.geteuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _write(path: Path, data: bytes) -> None:
    """As a whole or not at all."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
