"""A text that is put where others look for it: whole or not at all, and on the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def put(path: Path, text: str) -> None:
    """Replace a file by one with this text.

    Raises:
        OSError: it cannot be written; what was there stays as it was.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise
