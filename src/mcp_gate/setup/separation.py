"""Which assurance a set-up reaches: tried out as the user who asks, for an agent of his could do the same."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mcp_gate.faces.assurance import DOES_NOT_STOP, SHORT, STOPS
from mcp_gate.gate.directory import SUFFIXES
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.assurance import shortfalls
from mcp_gate.setup.doctor import SetUp
from mcp_gate.store.store import FILE_NAME


@dataclass(frozen=True, slots=True)
class Reach:
    """A level, and what was found on the way to it."""

    level: str
    user: str
    can: tuple[str, ...]
    """What this user, and so every program that runs as he, can do to the gate."""
    lacking: tuple[str, ...]
    """What is missing for the next level."""

    def as_json(self) -> JsonObject:
        return {
            "level": self.level, "words": SHORT[self.level], "user": self.user, "stops": STOPS[self.level],
            "does_not_stop": DOES_NOT_STOP[self.level], "can": list(self.can), "lacking": list(self.lacking),
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """The same for people."""
        yield f"assurance {self.level}: {SHORT[self.level]}"
        yield f"  stops: {STOPS[self.level]}"
        yield f"  does not stop: {DOES_NOT_STOP[self.level]}"
        for what in self.can:
            yield f"  {self.user} can {what}"
        for what in self.lacking:
            yield f"  for more: {what}"


def reach(setup: SetUp) -> Reach:
    """The level that holds against whoever runs as this user."""
    can = tuple(_can(setup))
    if not can:
        return Reach("A2", _me(), can, ("run the gate on another machine, and let agents reach it over the network",))
    own = "run the gate as another user, who alone holds policy, record and the servers' credentials"
    if setup.loaded is None:
        return Reach("A0", _me(), can, (own,))
    short = shortfalls(setup.loaded)
    return Reach("A0" if short else "A1", _me(), can, (*short, own))


def _can(setup: SetUp) -> Iterator[str]:
    writable = [path for path in _files(setup.directory) if _may(path, os.W_OK)]
    if writable:
        yield f"write the policy ({writable[0]})"
    database = setup.state / FILE_NAME
    if _may(database, os.W_OK) or _may(setup.state, os.W_OK):
        yield f"write the record and the queue ({setup.state})"
    elif _may(database, os.R_OK):
        yield f"read what was asked for and returned ({database})"
    if _may(setup.state / "review.sock", os.W_OK):
        yield f"speak as any reviewer over the local socket ({setup.state / 'review.sock'})"
    if not setup.foreign:
        yield "end the gate, and start the servers behind it"
    if os.geteuid() == 0:
        yield "do everything, as root"


def _files(directory: Path) -> Iterator[Path]:
    yield directory
    with suppress(OSError):
        yield from sorted(path for path in directory.rglob("*") if path.suffix in SUFFIXES or path.is_dir())


def _may(path: Path, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _me() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
