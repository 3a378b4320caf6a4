"""A connection to SQLite whose Nth statement fails, as a full or broken disk would make it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcp_gate.store import live


class Plan:
    """Counts the statements of the writer; fails the one it is told to."""

    def __init__(self) -> None:
        self.seen = 0
        self.fail_at = -1
        self.broken = False

    def arm(self, at: int) -> None:
        self.seen = 0
        self.fail_at = at

    def break_down(self) -> None:
        """Every statement fails from now on."""
        self.broken = True

    def step(self) -> None:
        self.seen += 1
        if self.broken or self.seen == self.fail_at:
            raise sqlite3.OperationalError("disk I/O error")


class Faulty:
    """Passes everything on but what the plan says."""

    def __init__(self, real: sqlite3.Connection, plan: Plan) -> None:
        self._real = real
        self._plan = plan

    def execute(self, *args: Any) -> sqlite3.Cursor:
        self._plan.step()
        return self._real.execute(*args)

    def executemany(self, *args: Any) -> sqlite3.Cursor:
        self._plan.step()
        return self._real.executemany(*args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextmanager
def faulty_writer(monkeypatch: Any) -> Iterator[Plan]:
    """Every writer opened inside runs on faulty connections."""
    plan = Plan()
    real = live.open_for_writing

    def connect(path: Path) -> Any:
        return Faulty(real(path), plan)

    with monkeypatch.context() as patch:
        patch.setattr(live, "open_for_writing", connect)
        yield plan
