"""Steps 1 and 2 of a call: receive it within the limits, and describe it by the admin's mapping."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.gate import clock
from mcp_gate.gate.job import Caller, Job
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import CanonicalError, bytes_digest
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import UNKNOWN, Call, Facts, Signals, Unknown
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.foreign import JsonMapping, JsonObject
from mcp_gate.model.outcome import META_PREFIX
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded
from mcp_gate.signals import bounds
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, signals_json, unsure_json
from mcp_gate.signals.windows import Deed
from mcp_gate.store.database import Unavailable
from mcp_gate.store.habits import MEASURED
from mcp_gate.store.store import Store
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

log = logging.getLogger(__name__)

CONFIDENCE = "gate_confidence"
META_CONFIDENCE = META_PREFIX + "confidence"


@dataclass(frozen=True, slots=True)
class Received:
    """A call with everything the rest of its path needs."""

    call: Call
    facts: Facts
    loaded: Loaded
    """The one snapshot this call is judged by; no call sees half of two."""
    bytes_sha256: str
    """Digest of the arguments as they will be serialised."""
    glass: str = ""
    """What two people broke so that it may pass, or ""."""
    sends: JsonObject | None = None
    """The arguments that are sent, where tokens in them are put back; None: the call's own."""
    puts_back: tuple[str, ...] = ()
    """Tokens that are."""


def receive(loaded: Loaded, store: Store, job: Job, caller: Caller, now: float, *, tainted: bool = False) -> Received:
    """Take the gate's own properties out, check the limits, describe and hash.

    Args:
        tainted: whether its session was given something that nobody vouches for.

    Raises:
        RpcError: -32602, too deep, too large, or not canonical.
    """
    asks = loaded.asks(job.upstream, job.tool) if job.method == "tools/call" else ()
    arguments, claims = _without_claims(job.arguments, asks)
    body = within_limits(arguments, loaded)
    description = describe(loaded, job.upstream, job.tool, job.method, arguments)
    tags = tuple(sorted(description.risk_tags))
    digest = _hashed(job, caller, description.topic, tags, arguments)
    if META_CONFIDENCE in job.meta:
        claims = {**claims, META_CONFIDENCE: job.meta[META_CONFIDENCE]}
    attributes = attributes_json(description.attributes)
    deed = Deed(caller.agent, job.upstream, job.tool, description.topic, attributes)
    ts = rfc3339(now)
    signals, stored = known(loaded, store, deed, digest, claims, Seen(ts, arguments, len(body), tainted))
    stored |= unsure_json(description)
    call = Call(
        id=clock.call_id(now),
        ts=ts,
        agent=caller.agent,
        session=caller.session,
        upstream=job.upstream,
        method=job.method,
        tool=job.tool,
        listed_name=job.listed_name,
        topic=description.topic,
        risk_tags=tags,
        arguments=arguments,
        attributes=attributes,
        tool_hash=job.tool_hash,
        job_hash=digest,
        claims=claims,
        signals={**stored, "bounds": job.bounds.as_json()} if job.bounds else stored,
        parent=job.parent,
        step=job.step,
    )
    facts = Facts(call.agent, call.upstream, call.tool, description, arguments, signals)
    return Received(call, facts, loaded, bytes_digest(body))


def _hashed(job: Job, caller: Caller, topic: str, tags: tuple[str, ...], arguments: JsonObject) -> str:
    try:
        return job_hash(
            agent=caller.agent, upstream=job.upstream, tool=job.tool, tool_hash=job.tool_hash,
            topic=topic, risk_tags=tags, arguments=arguments,
        )  # fmt: skip
    except CanonicalError as e:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {e}") from None


def verdict_on(loaded: Loaded, facts: Facts, call_id: str) -> Verdict:
    """The policy's word. An exception in a check is a denial."""
    try:
        return loaded.policy.decide(facts)
    except Exception:
        log.exception("deciding on %s failed", call_id)
        return Verdict.undecided(loaded.snapshot.id)


def forbidden(constraints: Constraints, facts: Facts, call_id: str) -> str:
    """Why constraints forbid a call whoever approves it, or "". An exception forbids it."""
    try:
        return bounds.broken(constraints, facts)
    except Exception:
        log.exception("the constraints on %s could not be checked", call_id)
        return "its constraints could not be checked"


async def acquaint(store: Store, agent: str) -> None:
    """Have the agent's past at hand before a call of it is judged; without it no call of it is known to be usual."""
    try:
        await store.habits.acquaint(agent)
    except Unavailable as e:
        log.error("the past of agent %s cannot be read: %s", agent, e)
    except Exception:
        log.exception("the past of agent %s cannot be read", agent)


@dataclass(frozen=True, slots=True)
class Seen:
    """The part of a call that is compared with what came before it."""

    ts: str
    arguments: JsonMapping
    size: int
    """Bytes of the arguments."""
    tainted: bool
    """Whether its session was given something that nobody vouches for."""


def known(
    loaded: Loaded, store: Store, deed: Deed, job_hash: str, claims: JsonMapping, seen: Seen, instead_of: str = ""
) -> tuple[Signals, JsonObject]:
    """What the gate knows of a call right now, and the same as it stands in the call, with its reasons.

    Args:
        instead_of: hash of the held call whose place it takes, so that the two do not count together.
    """
    windows = loaded.policy.windows
    tool = f"{deed.upstream} {deed.tool}"
    try:
        anomaly, measured = store.habits.judge(deed.agent, tool, seen.ts, seen.arguments, seen.size)
    except Exception:
        log.exception("it cannot be told how unusual a call of %s is", deed.agent)
        anomaly, measured = None, {}
    signals = Signals(
        confidence=_confidence(claims),
        retry_count=store.failures(deed.agent, job_hash),
        anomaly_score=UNKNOWN if anomaly is None else anomaly.score,
        first_time_action=not store.executed_before(deed.agent, deed.upstream, deed.tool),
        windows=store.windows.values(windows, deed, instead_of or job_hash) if windows else {},
        level=store.agents.level(deed.agent),
        tainted=seen.tainted,
    )
    stored = signals_json(signals)
    if measured:
        stored[MEASURED] = measured
    if anomaly is not None and anomaly.features:
        stored["anomaly"] = [feature.as_json() for feature in anomaly.features]
    return signals, stored


def _without_claims(arguments: JsonObject, asks: Iterable[str]) -> tuple[JsonObject, JsonObject]:
    """Split off `gate_confidence` and `gate_reason`, where the tool asks for them."""
    claims: JsonObject = {}
    for ask in asks:
        name = f"gate_{ask}"
        if name in arguments:
            if not claims:
                arguments = dict(arguments)
            claims[name] = arguments.pop(name)
    return arguments, claims


def within_limits(arguments: JsonObject, loaded: Loaded) -> bytes:
    """The arguments as they will be serialised.

    Raises:
        RpcError: -32602, too deep or too large.
    """
    limits = loaded.settings.limits
    if strictjson.depth_of(arguments) > limits.depth:
        raise RpcError(INVALID_PARAMS, f"Invalid params: arguments are nested deeper than {limits.depth}")
    body = strictjson.dumps(arguments)
    if len(body) > limits.argument_bytes:
        raise RpcError(INVALID_PARAMS, f"Invalid params: arguments are larger than {limits.argument_bytes} bytes")
    return body


def _confidence(claims: JsonMapping) -> Decimal | Unknown:
    """The lower of both claims; anything but a number in [0, 1] makes it unknown (contract 9, Facts)."""
    said = [claims[name] for name in (CONFIDENCE, META_CONFIDENCE) if name in claims]
    numbers = [Decimal(repr(value)) for value in said if type(value) in (int, float) and 0 <= value <= 1]
    return min(numbers) if numbers and len(numbers) == len(said) else UNKNOWN
