"""Accepted tool definitions, and the gate's own few facts about itself."""

from __future__ import annotations

from mcp_gate.model.event import Event
from mcp_gate.store.database import Tx
from mcp_gate.store.results import Pin


def of(tx: Tx, upstream: str) -> dict[str, Pin]:
    """What was accepted of an upstream, by name."""
    rows = tx.all("select tool, tool_hash, definition from pins where upstream = :upstream", upstream=upstream)
    return {row["tool"]: Pin(row["tool_hash"], row["definition"]) for row in rows}


def put(now: str, upstream: str, tool: str, pin: Pin, event: Event | None, tx: Tx) -> None:
    """Accept a definition, in place of the one before."""
    tx.run(
        "insert into pins(upstream, tool, tool_hash, definition, ts) values(:upstream, :tool, :hash, :definition, :ts) "
        "on conflict(upstream, tool) do update set "
        "tool_hash = excluded.tool_hash, definition = excluded.definition, ts = excluded.ts",
        upstream=upstream, tool=tool, hash=pin.tool_hash, definition=pin.definition, ts=now,
    )  # fmt: skip
    if event is not None:
        tx.record(event)


def meta(tx: Tx, key: str) -> str | None:
    """See `Store.get_meta`."""
    row = tx.one("select v from meta where k = :key", key=key)
    return None if row is None else str(row["v"])


def put_meta(tx: Tx, key: str, value: str) -> None:
    """See `Store.put_meta`."""
    tx.run(
        "insert into meta(k, v) values(:key, :value) on conflict(k) do update set v = excluded.v", key=key, value=value
    )
