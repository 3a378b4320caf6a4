"""The policy snapshot: one name for the exact bytes of every file in force (contract 8)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The name of a policy, and the files that it is of."""

    id: str
    """`v1:` and the first 12 hex digits of the digest."""
    digest: str
    """64 hex digits."""
    files: Mapping[str, bytes]
    """By path relative to the gate directory."""


def snapshot(files: Mapping[str, bytes]) -> Snapshot:
    """Over one line per file, sorted by path, as `sha256sum` prints it."""
    lines = "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))
    digest = hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()
    return Snapshot(f"v1:{digest[:12]}", digest, dict(files))
