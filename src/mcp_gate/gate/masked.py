"""Withheld results as reviewers see them, and what is let out by a reviewer who does not let out all of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import events, marks
from mcp_gate.gate.aside import aside, large
from mcp_gate.gate.egress import egress
from mcp_gate.gate.leaving.exits import Changed, Egress, Passed, Withheld
from mcp_gate.gate.quarantine import form_of
from mcp_gate.lang import strictjson
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused as Refusal
from mcp_gate.model.output import Form, OutputDecision, Unscannable
from mcp_gate.model.request import Request
from mcp_gate.output.hiding import Hidden
from mcp_gate.output.remove import remove
from mcp_gate.policy.read_output import OutputRule, parse_path
from mcp_gate.store.requests import Released

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

MOST_FIELDS: Final = 100
LONGEST_FIELD: Final = 500
"""Both are kept in the record."""
MASK: Final = OutputRule(
    "mask", entities=frozenset({"PII", "CREDENTIAL"}), decision=OutputDecision.REDACT, unscannable=Unscannable.DROP,
    reason="Masked for review",
)  # fmt: skip
"""Takes out everything that detectors find, whatever the policy says of it."""


async def masked(gate: Gate, request: Request) -> JsonObject | None:
    """The result without anything that was found in it; None where that cannot be told."""
    whole = await gate.quarantine.result(request)
    seen = None if whole is None else await _reduced(gate, request, whole, ())
    return seen.payload if isinstance(seen, Passed | Changed) else None


async def let_out(gate: Gate, request: Request, wanted: JsonObject) -> Released | Refusal:
    """What is let out by a reviewer who does not let out everything: what `masked` shows, less some further fields.

    Args:
        wanted: `{fields: [path, ...]}`, as in the policy.
    """
    paths = wanted.get("fields", [])
    if wanted.keys() - {"fields"} or not isinstance(paths, list) or len(paths) > MOST_FIELDS:
        return _bad("arguments are {fields: [path, ...]}")
    try:
        parsed = tuple(parse_path(path) for path in paths if _is_path(path))
    except ValueError:
        return _bad("a field is keys of the data joined by dots, with * or ** for any key and [*] for all items")
    if len(parsed) < len(paths):
        return _bad(f"a field is a text of at most {LONGEST_FIELD} characters")
    whole = await gate.quarantine.result(request)
    slip = None if whole is None else await aside(large(whole), _names_nothing, whole, parsed)
    if slip is not None:  # it would let out what was to go
        field = reveal(paths[slip])
        return _bad(f"nothing in the result is called {field}; a path begins below 'response'")
    seen = None if whole is None else await _reduced(gate, request, whole, parsed)
    match seen:
        case Passed(payload):
            return Released(await gate.quarantine.seal(request.call, payload), ())
        case Changed(payload, review):
            common = {**events.members(request.call, request.policy_snapshot), "request_id": request.id}
            if form_of(request) is Form.RESULT:
                payload = marks.redacted(payload, request.call.id, request.verdict, review["redaction_details"])
            written = Event("output.reviewed", common, review)
            return Released(await gate.quarantine.seal(request.call, payload), (written,))
        case Withheld() | None:
            return Refusal("unmaskable", 409, "not everything private in it can be taken out; release or drop it")
        case _:
            assert_never(seen)


async def _reduced(gate: Gate, request: Request, whole: JsonObject, paths: tuple[tuple[str, ...], ...]) -> Egress:
    call = request.call
    rules = [rule for rule in gate.loaded.outgoing.about(call) if rule.paths]
    if paths:
        rules.append(OutputRule("reviewer", paths=paths, reason="Taken out by a reviewer"))
    strict = [rule.min_score for rule in gate.loaded.outgoing.about(call) if rule.decision]
    mask = replace(MASK, min_score=min([MASK.min_score, *strict]))  # what withheld it is masked, too
    loaded = replace(gate.loaded, outgoing=replace(gate.loaded.outgoing, rules=(*rules, mask), enabled=True))
    schema = gate.catalog.output_schema(call.listed_name) if form_of(request) is Form.RESULT else None
    return await egress(loaded, gate.scanner, call.method, whole, call=call, schema=schema, annex=gate.annex)


def _names_nothing(result: JsonObject, paths: Sequence[tuple[str, ...]]) -> int | None:
    """Which of the paths is the first that leads nowhere."""
    whole = strictjson.unpacked(result) if paths else result
    return next((n for n, path in enumerate(paths) if not _names_something(whole, path)), None)


def _names_something(result: JsonObject, path: tuple[str, ...]) -> bool:
    try:
        return bool(remove(result, [OutputRule("reviewer", paths=(path,))])[1])
    except Hidden:
        return True


def _is_path(path: object) -> bool:
    return isinstance(path, str) and len(path) <= LONGEST_FIELD


def _bad(text: str) -> Refusal:
    return Refusal("bad_decision", 422, text, ("arguments",))
