"""A reviewer who decides on whatever is held, a while after it came, through the review API."""

from __future__ import annotations

import getpass
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mcp_gate.faces.client import ReviewClient, Unreachable


@dataclass
class Reviewer:
    """What was decided so far: the requests as the reviewer saw them."""

    decided: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def reviewer(review: ReviewClient, *, after: float = 1.0, word: str = "approve") -> Iterator[Reviewer]:
    """Decide every request `after` seconds from when it was first seen, until the block ends.

    Approving is this user's word over the local socket; a gate that is not there yet is waited for.
    """
    seen: dict[str, float] = {}
    who, over = Reviewer(), threading.Event()

    def look() -> None:
        for request in list(review.requests()):
            first = seen.setdefault(request["id"], time.monotonic())
            if time.monotonic() - first >= after:
                review.decide(request, word, getpass.getuser(), "because the test says so")
                who.decided.append(request)

    def work() -> None:
        while not over.wait(0.05):
            try:
                look()
            except Unreachable:
                continue

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield who
    finally:
        over.set()
        thread.join()
