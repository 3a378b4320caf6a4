"""The review of one payload that is open, wherever it runs: what the rules remove, what is to be taken out, whether
what is left fits its schema, and its size, in this order."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from mcp_gate.gate.aside import aside, large
from mcp_gate.gate.inspections import Inspected, Inspections
from mcp_gate.gate.leaving.cleaning import Cleaning
from mcp_gate.gate.leaving.detecting import Detecting, Scanner
from mcp_gate.gate.leaving.exits import Changed, Counts, Egress, Passed, Stop, Withheld
from mcp_gate.gate.leaving.minutes import Minutes
from mcp_gate.gate.marks import without_gate_meta
from mcp_gate.gate.terms import Terms
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject, is_packed
from mcp_gate.model.output import OutputDecision
from mcp_gate.output.edits import Clash
from mcp_gate.output.fits import as_error, fits
from mcp_gate.output.hiding import Hidden
from mcp_gate.output.redact import Tokenizer
from mcp_gate.output.remove import remove

log = logging.getLogger(__name__)

UNCHECKED: Final = "it could not be checked"


async def reviewed(
    terms: Terms, scanner: Scanner, method: str, payload: JsonObject, counts: Counts, tokens: Tokenizer | None = None,
    earlier: Inspections | None = None,
) -> Egress:  # fmt: skip
    """What may leave of a payload. See `gate.egress`; nothing is raised, and what could not be checked is withheld."""
    minutes = Minutes()
    try:
        if is_packed(payload):
            raise Stop(UNCHECKED)
        return await _reviewed(terms, scanner, method, payload, tokens, earlier, minutes)
    except Stop as stop:
        why = stop.why
    except Clash:
        why = "two of its keys would become one"
    except Exception:
        log.exception("what was to leave for %s could not be checked", method)
        why = UNCHECKED
    finally:
        counts.update(minutes.counts)
    return Withheld(why, minutes.record(terms, OutputDecision.QUARANTINE))


async def _reviewed(
    terms: Terms, scanner: Scanner, method: str, payload: JsonObject, tokens: Tokenizer | None,
    earlier: Inspections | None, minutes: Minutes,
) -> Egress:  # fmt: skip
    payload = out = without_gate_meta(payload)
    written = strictjson.dumps_at_once(payload) if earlier is not None else None
    much = large(payload, written)
    detecting = Detecting(terms, scanner, method, much, minutes)
    if any(rule.paths for rule in terms.rules):
        out = await _without_removed(detecting, out)
    if terms.enabled:
        out = await _cleaned(Cleaning(detecting, tokens), earlier, out, written if out is payload else None)
    if out is not payload and not await aside(much, fits, out, terms.schema):
        out = as_error(out)
    if terms.most_bytes is not None and len(await aside(much, strictjson.dumps, out)) > terms.most_bytes:
        raise Stop("the result is larger than it may be")
    if tokens is not None:
        tokens.keep()
    if out is payload and minutes.nothing:
        return Passed(payload)
    decision = OutputDecision.ALLOW if out is payload else OutputDecision.REDACT
    return Changed(out, minutes.record(terms, decision))


async def _without_removed(detecting: Detecting, payload: JsonObject) -> JsonObject:
    """What is left without the fields that the rules remove."""
    removing = [rule for rule in detecting.terms.rules if rule.paths]
    try:
        out, gone = await aside(detecting.large, remove, payload, removing)
    except Hidden as e:
        raise Stop(str(e)) from None
    private = await detecting.private([one.trail for one in gone], {one.trail for one in gone if one.wild})
    detecting.minutes.details += [one.detail(private) for one in gone]
    return out


async def _cleaned(
    cleaning: Cleaning, earlier: Inspections | None, payload: JsonObject, written: bytes | None
) -> JsonObject:
    """What is left without what is private, which may be known from a moment ago."""
    try:
        # Tokens differ from one session to the next.
        if earlier is None or cleaning.detecting.large or cleaning.tokens is not None:
            return await cleaning.of(payload)
        return await _known_or_cleaned(cleaning, earlier, payload, written)
    finally:
        if not cleaning.detecting.large:  # what is, would take too much memory meanwhile
            asyncio.get_running_loop().call_soon(_let_go, cleaning, earlier)


async def _known_or_cleaned(
    cleaning: Cleaning, earlier: Inspections, payload: JsonObject, written: bytes | None
) -> JsonObject:
    detecting, minutes = cleaning.detecting, cleaning.detecting.minutes
    terms, written = detecting.terms, strictjson.dumps(payload) if written is None else written
    key = earlier.key(terms.snapshot, detecting.method, (rule.id for rule in terms.rules), written)
    known = earlier.get(key)
    if known is not None:
        minutes.add(known)
        return payload if known.payload is None else known.payload
    before = len(minutes.details)
    out = await cleaning.of(payload)
    if not minutes.partial:  # what ran out of time may come to more the next time
        earlier.keep(key, Inspected(None if out is payload else out, *minutes.since(before)))
    return out


def _let_go(cleaning: Cleaning, earlier: Inspections | None) -> None:
    cleaning.let_go()
    if earlier is not None:
        earlier.let_go()
