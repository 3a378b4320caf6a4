"""Erasing what a call carried, on a person's word."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from mcp_gate.gate import reviewers
from mcp_gate.gate.reviewers import Identity
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.judged import Refused
from mcp_gate.review import checks
from mcp_gate.store.database import Conflict, NotFound

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

TRIES: Final = 20
"""Attempts to empty the log, a quarter of a second apart: a reader is in the way for moments only."""


@dataclass(frozen=True, slots=True)
class NoSuchCall:
    """There is no call with this id."""


@dataclass(frozen=True, slots=True)
class Erased:
    """It is gone. `scrubbed`: also from the write-ahead log, and with it from the disk."""

    scrubbed: bool


Answer: TypeAlias = Erased | Refused | NoSuchCall


async def erase(gate: Gate, call_id: str, approver_id: str, reason: str, identity: Identity) -> Answer:
    """Erase what a call carried: arguments, what its agent said of it, texts among its attributes; what a reviewer
    marked in its result, and what its session has tokens for.

    Nobody erases the traces of his own agent.

    Raises:
        Unavailable: nothing was erased.
    """
    settings = gate.loaded.settings
    who = reviewers.speaker(settings, identity, approver_id)
    if who is None:
        return checks.UNKNOWN_REVIEWER
    found = await gate.store.call(call_id)
    if found is None:
        return NoSuchCall()
    refused = checks.own(who.id, found["agent"], settings.agent(found["agent"]))
    if refused is not None:
        return refused
    fields = {
        "call_id": call_id, "agent": found["agent"], "upstream": found["upstream"], "tool": found["tool"],
        "job_hash": found["job_hash"], "policy_snapshot": gate.loaded.snapshot.id, "reason": reason,
        "approver_id": who.id, "decision_ts": rfc3339(gate.clock.wall()), "assurance": who.assurance.word,
    }  # fmt: skip
    try:
        await gate.store.retention.erase(call_id, Event("security.erased", fields, {}))
    except NotFound:
        return NoSuchCall()
    except Conflict as conflict:
        return Refused("call_open", 409, str(conflict))
    gate.tokens.forget(found["agent"], found["session"])
    return Erased(await scrubbed(gate))


async def scrubbed(gate: Gate) -> bool:
    """Whether nothing of what was overwritten is left on the disk."""
    for _ in range(TRIES):
        if await gate.store.retention.scrub():
            return True
        await asyncio.sleep(0.25)
    return False
