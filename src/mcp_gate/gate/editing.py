"""A held call as a reviewer changes it: judged anew, sent instead of what was asked for, and told to the agent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mcp_gate.evidence.hashes import hash_of, job_hash
from mcp_gate.gate.protocol import with_meta
from mcp_gate.gate.receive import Received, Seen, acquaint, forbidden, known, within_limits
from mcp_gate.gate.tokens import decided, facts_sent
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import CanonicalError, bytes_digest
from mcp_gate.lang.difference import ABSENT, Difference, differences
from mcp_gate.model import outcome as outcomes
from mcp_gate.model.call import Call, Description, Facts
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.model.edit import Edit
from mcp_gate.model.foreign import JsonObject, Packed
from mcp_gate.model.judged import Refused
from mcp_gate.model.outcome import VERDICT_KEY, Delivered, Outcome
from mcp_gate.model.request import Request
from mcp_gate.policy.load import Loaded
from mcp_gate.review.strictest import strictest
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, unsure_json
from mcp_gate.signals.windows import Deed
from mcp_gate.wire.errors import RpcError

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

LONGEST_VALUE: Final = 200
"""Characters of a changed value that the agent is told."""
MOST_CHANGES: Final = 20
FIELDS: Final = ("arguments",)


async def edited(gate: Gate, request: Request, arguments: JsonObject) -> Edit | Refused:
    """What the policy says of a request's call with other arguments, or why it cannot have them.

    The policy is run again as on any call; whatever it says now, what the request was held with still holds.
    """
    held = request.call
    if held.method != "tools/call":
        return Refused("bad_decision", 422, "only calls of tools can be changed; deny it instead", ("decision",))
    await acquaint(gate.store, held.agent)
    loaded = gate.loaded
    try:
        call, facts = _described(gate, loaded, request, arguments)
    except (RpcError, CanonicalError) as e:
        return Refused("bad_decision", 422, f"these arguments cannot be sent: {e}", FIELDS)
    if call.job_hash == held.job_hash:
        return Refused("bad_decision", 422, "nothing was changed: approve it as it is", FIELDS)
    await gate.tokens.acquaint(call.agent, call.session, arguments)
    received = gate.tokens.put_back(Received(call, facts, loaded, ""), call)
    verdict = decided(received).within(call.bounds)
    if verdict.decision is Decision.DENY:
        return _denied(f"the policy denies the changed call: {verdict.reason or verdict.rule_id}")
    changed = tuple(found.pointer for found in differences(request.asked_call.arguments, arguments))
    edit = strictest(request, call, verdict, changed)
    over = forbidden(Constraints.of(edit.verdict["constraints"]), facts_sent(received), call.id)
    return _denied(f"the changed call may not run: {over}") if over else edit


def _denied(text: str) -> Refused:
    return Refused("edit_denied", 409, text, FIELDS)


def _described(gate: Gate, loaded: Loaded, request: Request, arguments: JsonObject) -> tuple[Call, Facts]:
    held = request.call
    body = within_limits(arguments, loaded)
    description = describe(loaded, held.upstream, held.tool, held.method, arguments)
    tags = tuple(sorted(description.risk_tags))
    digest = job_hash(
        agent=held.agent, upstream=held.upstream, tool=held.tool, tool_hash=held.tool_hash,
        topic=description.topic, risk_tags=tags, arguments=arguments,
    )  # fmt: skip
    attributes = attributes_json(description.attributes)
    deed = Deed(held.agent, held.upstream, held.tool, description.topic, attributes)
    seen = Seen(held.ts, arguments, len(body), gate.taint.still(held))
    asked = request.asked_call.job_hash
    signals, stored = known(loaded, gate.store, deed, digest, held.claims, seen, instead_of=asked)
    call = replace(
        held, arguments=arguments, topic=description.topic, risk_tags=tags, attributes=attributes, job_hash=digest,
        signals=stored | unsure_json(description) | ({"bounds": held.bounds.as_json()} if held.bounds else {}),
    )  # fmt: skip
    return call, Facts(held.agent, held.upstream, held.tool, description, arguments, signals)


# ---- when it runs


def as_it_runs(received: Received, request: Request) -> Received | None:
    """What a client asked for, as the call that was approved in its place; None: what is stored is not that call."""
    call = request.call
    if request.asked is None:
        return received
    try:
        if hash_of(call) != call.job_hash:
            return None
    except CanonicalError:
        return None
    description: Description = describe(received.loaded, call.upstream, call.tool, call.method, call.arguments)
    facts = replace(received.facts, description=description, arguments=call.arguments)
    return Received(call, facts, received.loaded, bytes_digest(strictjson.dumps(call.arguments)))


# ---- what the agent is told


def told(outcome: Outcome, request: Request) -> Outcome:
    """An outcome that says what a reviewer changed, if he did: a model acts on what ran, not on what it asked for."""
    if request.asked is None:
        return outcome
    found = differences(request.asked["arguments"], request.call.arguments)
    pointers = tuple(place.pointer for place in found)
    text = "A reviewer changed this call before it ran: " + "; ".join(map(_sentence, found[:MOST_CHANGES]))
    text += f"; and {len(found) - MOST_CHANGES} more places." if len(found) > MOST_CHANGES else "."
    match outcome:
        case Delivered(result, ran):
            marked = _marked(result, request, pointers, text)
            return Delivered(marked, None if ran is None else replace(ran, held=request))
        case outcomes.Refused() as refused:
            return replace(refused, text=f"{refused.text} {text}", changed=pointers)
        case _:
            return outcome


def _sentence(change: Difference) -> str:
    if change.after is ABSENT:
        return f"{change.pointer} was taken out"
    value = json.dumps(change.after, ensure_ascii=False)
    value = value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"
    return f"{change.pointer} is now {value}"


def _marked(result: JsonObject, request: Request, changed: tuple[str, ...], text: str) -> JsonObject:
    meta = result.get("_meta")
    said = meta.get(VERDICT_KEY, {}) if isinstance(meta, dict) else {}
    verdict = request.verdict
    mark: JsonObject = {
        "call_id": request.call.id,
        "decision": verdict["decision"],
        "rule_id": verdict["rule_id"],
        "reason": verdict["reason"],
        "policy_snapshot": request.policy_snapshot,
        "request_id": request.id,
        "retry": "never",
        **said,
        "status": "edited",
        "changed": list(changed),
    }
    out = with_meta(result, VERDICT_KEY, mark)
    content, block = result.get("content"), {"type": "text", "text": text}
    if isinstance(content, list):
        out["content"] = [*content, block]
    elif isinstance(content, Packed):
        out["content"] = strictjson.with_last(content, block)
    return out
