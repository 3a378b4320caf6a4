"""Findings that a reviewer calls wrong: what an admin may put on the allow-list."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.reviewers import Identity
from mcp_gate.gate.reviewing import NoSuchRequest
from mcp_gate.gate.vault import Unreadable
from mcp_gate.lang import strictjson
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import QUARANTINE, Request
from mcp_gate.output.preview import Preview, previewed
from mcp_gate.scanning.failed import ScanFailed
from mcp_gate.scanning.settings import options
from mcp_gate.store.mistakes import Mistake

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

MOST_BYTES: Final = 1 << 20
"""Of a result whose findings are numbered: nobody reads a larger one."""


async def found_in(gate: Gate, request: Request) -> tuple[Preview, ...]:
    """What is found in a withheld result, in the order in which it is numbered; nothing where it is not there."""
    whole = await gate.quarantine.result(request)
    if whole is None or sum(map(len, strictjson.pieces(whole))) > MOST_BYTES:
        return ()
    whole = strictjson.unpacked(whole)
    outgoing = gate.loaded.outgoing
    scan = partial(gate.scanner.scan, options=options(outgoing.detection))
    try:
        return await previewed(whole, outgoing.about(request.call), scan)
    except ScanFailed as e:
        log.error("what is withheld for %s cannot be scanned: %s", request.id, e)
        return ()


async def mark(
    gate: Gate, request_id: str, numbers: Sequence[int], approver_id: str, identity: Identity
) -> Refused | NoSuchRequest | list[JsonObject]:
    """Take a reviewer's word that some findings in a withheld result are wrong. It changes nothing but what is
    proposed.

    Args:
        numbers: as `found_in` has them, from 1.
    """
    request = await gate.store.requests.find(request_id)
    if request is None or request.kind != QUARANTINE:
        return NoSuchRequest()
    standing = await gate.reviewing.entitled(request, approver_id, identity)
    if isinstance(standing, Refused):
        return standing
    found = await found_in(gate, request)
    if not numbers or any(not 1 <= n <= len(found) for n in numbers):
        return Refused("bad_request", 422, f"findings are numbered from 1 to {len(found)}", ("findings",))
    now = rfc3339(gate.clock.wall())
    marked = [
        Mistake(request.id, n, now, approver_id, found[n - 1].entity, _sealed(gate, request.id, n, found[n - 1].text))
        for n in dict.fromkeys(numbers)
    ]
    told = [{"n": one.n, "field": found[one.n - 1].field, "entity": one.entity} for one in marked]
    await gate.store.mistakes.mark(marked, Event("security.false_positive", standing, {"findings": told}))
    return told


async def proposed(gate: Gate) -> list[JsonObject]:
    """Everything that was marked, with what it says: `{value, entities, reason}`, as an allow-list takes it."""
    out: list[JsonObject] = []
    for one in await gate.store.mistakes.all():
        try:
            value = gate.vault.open(one.sealed, f"{one.request_id}\n{one.n}").decode("utf-8", "surrogatepass")
        except Unreadable as e:
            log.error("a finding of %s is lost: %s", one.request_id, e)
            continue
        reason = f"{one.approver_id} found it harmless in {one.request_id}"
        out.append({"value": value, "entities": [one.entity], "reason": reason})
    return out


def _sealed(gate: Gate, request_id: str, n: int, text: str) -> bytes:
    return gate.vault.seal(text.encode("utf-8", "surrogatepass"), f"{request_id}\n{n}")
