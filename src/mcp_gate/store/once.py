"""What counts once: a link, a message of a callback. Marked in the very transaction in which it took effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mcp_gate.model.judged import Accepted, Judged, Refused
from mcp_gate.store.database import Tx

USED = Refused("already_used", 409, "this was used before: it counts once")


@dataclass(frozen=True, slots=True)
class Once:
    """A thing that may be used once."""

    kind: str
    id: str
    until_ts: str
    """When it would be too old anyway, and need not be remembered any more (RFC 3339)."""
    however: bool
    """Whether it is used up by a refusal too."""


def once(mark: Once | None, now: str, decide: Callable[[Tx], Judged]) -> Callable[[Tx], Judged]:
    """What decides, no more than once where there is a mark."""
    return decide if mark is None else partial(_used_up, mark, now, decide)


def _used_up(mark: Once, now: str, decide: Callable[[Tx], Judged], tx: Tx) -> Judged:
    """Decide, unless the mark was used before; and use it."""
    if tx.one("select 1 as n from used where kind = :kind and id = :id", kind=mark.kind, id=mark.id) is not None:
        return USED
    judged = decide(tx)
    if mark.however or isinstance(judged, Accepted):
        tx.run("delete from used where until_ts < :now", now=now)
        tx.run(
            "insert into used(kind, id, until_ts) values(:kind, :id, :until)",
            kind=mark.kind, id=mark.id, until=mark.until_ts,
        )  # fmt: skip
    return judged
