"""Accepted programs in the store and the record, and how they are shown to the operator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import digest
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import Loaded
from mcp_gate.store.store import Store
from mcp_gate.upstream.program import Files
from mcp_gate.upstream.programs import KEY, Difference, Programs

PINNED: Final = "security.program_pinned"
CHANGED: Final = "security.program_changed"


class Keeper(Protocol):
    """What is needed of the gate."""

    @property
    def loaded(self) -> Loaded: ...

    @property
    def store(self) -> Store: ...


async def keep(gate: Keeper, upstream: str, files: Files, changes: Iterable[Difference]) -> None:
    """Accept a program in place of the one before, with the record of it.

    Raises:
        Unavailable: it could not be recorded, and is not accepted.
    """
    text = strictjson.dumps(dict(files)).decode()
    await gate.store.accepted.pin(upstream, KEY, digest(dict(files)), text, event(gate, PINNED, upstream, changes))


def event(gate: Keeper, name: str, upstream: str, changes: Iterable[Difference], **more: str) -> Event:
    """A record of files that differ: `{files: [{file, old?, new?}]}` and `more`, paths revealed."""
    fields: JsonObject = {"upstream": upstream, "policy_snapshot": gate.loaded.snapshot.id}
    files = [_told({"file": reveal(one.file)}, one, "old", "new") for one in changes]
    return Event(name, fields, {"files": files, **more})


def shown(programs: Programs, upstream: str) -> JsonObject:
    """`{pin, digest?, files: [{file, pinned?, found?}]}`. `pin` is `pinned`; `new` before the first start; `changed`
    where another program was found, whose `digest` accepts it, and `files` are then those that differ."""
    accepted, replaced = programs.accepted(upstream), programs.replaced(upstream)
    if replaced is not None:
        files = [_told({"file": one.file}, one, "pinned", "found") for one in replaced.differences]
        return {"pin": "changed", "digest": replaced.digest, "files": files}
    if accepted is None:
        return {"pin": "new", "files": []}
    return {"pin": "pinned", "files": [{"file": file, "pinned": digest} for file, digest in accepted.items()]}


def _told(out: JsonObject, one: Difference, old: str, new: str) -> JsonObject:
    return out | {name: digest for name, digest in ((old, one.old), (new, one.new)) if digest is not None}
