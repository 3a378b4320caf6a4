"""The one door towards a client: results, errors, progress, logs, listings, prompts, resources, tasks.

What leaves was looked at: fields that the policy removes, what cannot be looked into, personal data and credentials,
and the size, in this order. After anything was taken out what is left is looked at again, and must be clean.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias, assert_never

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.options import Options
from mcp_gate.gate.aside import aside, large
from mcp_gate.gate.foreseen import from_thread
from mcp_gate.gate.inspections import Inspected, Inspections
from mcp_gate.gate.terms import Annex, Terms
from mcp_gate.lang import strictjson
from mcp_gate.model.call import Call
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.foreign import JsonObject, is_packed
from mcp_gate.model.outcome import META_PREFIX
from mcp_gate.model.output import Detail, OutputDecision, Unscannable
from mcp_gate.output import opaque
from mcp_gate.output.decide import Found, decide
from mcp_gate.output.edits import Clash
from mcp_gate.output.fields import UNTOLD, keys_of, names_field
from mcp_gate.output.fits import as_error, fits
from mcp_gate.output.hiding import Hidden
from mcp_gate.output.injection import suspicious, without_hidden
from mcp_gate.output.looks import Looks
from mcp_gate.output.placeholders import Placeholders
from mcp_gate.output.record import record
from mcp_gate.output.redact import TAKEN_OUT, Tokenizer, looks_like_token, redact, withheld_for, without_lookalikes
from mcp_gate.output.remove import remove
from mcp_gate.output.walk import Trail, Walked, walk
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.outgoing import unscannable
from mcp_gate.policy.read_output import OutputRule
from mcp_gate.scanning.failed import WORDS, Failure, ScanFailed

log = logging.getLogger(__name__)

UNCHECKED: Final = "it could not be checked"
ROUNDS: Final = 2
"""How often something is taken out; what is not clean then does not leave."""


class Scanner(Protocol):
    """Looks at leaves, out of the event loop's way."""

    async def scan(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        """
        Raises:
            Exception: a detector failed, is missing or took too long; nothing may leave.
        """
        ...


@dataclass(frozen=True, slots=True)
class Passed:
    """It may leave as it is."""

    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Changed:
    """It may leave without what was taken out; `review` is the record of that (contract 8)."""

    payload: JsonObject
    review: JsonObject


@dataclass(frozen=True, slots=True)
class Withheld:
    """It may not leave."""

    why: str
    review: JsonObject


Counts: TypeAlias = Counter[tuple[str, str]]
"""How often something was found, by entity and what became of it."""
Egress: TypeAlias = Passed | Changed | Withheld


async def egress(
    loaded: Loaded, scanner: Scanner, method: str, payload: JsonObject, *,
    call: Call | None = None, constraints: Constraints = NONE, schema: JsonObject | None = None,
    counts: Counts | None = None, tokens: Tokenizer | None = None, earlier: Inspections | None = None,
    annex: Annex | None = None,
) -> Egress:  # fmt: skip
    """Decide on something that is about to leave towards a client. What cannot be checked does not leave.

    Args:
        method: the MCP method it answers, or the notification it is.
        call: the call it is the result of, if it is one: rules of the output review look at its topic and tags.
        schema: the tool's `outputSchema`, which the result has to fit after a change, too.
        counts: what was found is counted there.
        tokens: what may stand in place of a value, where a rule says so.
        earlier: what came of the same a moment ago is not found out again.
        annex: where payloads that are packed are looked at.
    """
    counts = Counter() if counts is None else counts
    try:
        terms = Terms.of(loaded, call, constraints, schema)
        if annex is None or not is_packed(payload):
            return await reviewed(terms, scanner, method, payload, counts, tokens, earlier)
        return await annex.reviewed(terms, method, without_gate_meta(payload), counts, tokens)
    except Exception as e:
        log.exception("what was to leave for %s could not be checked", method)
        why = WORDS[e.failure] if isinstance(e, ScanFailed) else UNCHECKED
        job_id = call.id if call is not None else ""
        return Withheld(why, record(job_id, OutputDecision.QUARANTINE, (), loaded.snapshot.id))


async def reviewed(
    terms: Terms, scanner: Scanner, method: str, payload: JsonObject, counts: Counts, tokens: Tokenizer | None = None,
    earlier: Inspections | None = None,
) -> Egress:  # fmt: skip
    """The same, of a payload that is open, wherever this runs."""
    review = _Review(terms, scanner, method, tokens, earlier)
    try:
        if is_packed(payload):
            raise _Stop(UNCHECKED)
        return await review.of(payload)
    except _Stop as stop:
        return review.withheld(stop.why)
    except Clash:
        return review.withheld("two of its keys would become one")
    except Exception:
        log.exception("what was to leave for %s could not be checked", method)
        return review.withheld(UNCHECKED)
    finally:
        counts.update(review.counts)
        if not review.large:  # what is, would take too much memory meanwhile
            asyncio.get_running_loop().call_soon(review.let_go)


def without_gate_meta(payload: JsonObject) -> JsonObject:
    """An upstream does not speak for the gate: what it says under the gate's own names is left out."""
    meta = payload.get("_meta")
    if not isinstance(meta, dict) or not any(key.startswith(META_PREFIX) for key in meta):
        return payload
    return {**payload, "_meta": {key: value for key, value in meta.items() if not key.startswith(META_PREFIX)}}


class _Stop(Exception):
    """It may not leave."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(slots=True)
class _Review:
    """One look at one payload."""

    terms: Terms
    scanner: Scanner
    method: str
    tokens: Tokenizer | None
    earlier: Inspections | None
    counts: Counts = field(default_factory=Counter)
    details: list[Detail] = field(default_factory=list)
    partial: tuple[str, ...] = ()
    suspicious: list[str] = field(default_factory=list)
    """Fields that speak to the model rather than to its user."""
    large: bool = False
    looks: Looks = field(default_factory=Looks)
    used: list[object] = field(default_factory=list)
    """What was made for it: to take thousands of small objects apart can wait until the answer is out."""

    async def of(self, payload: JsonObject) -> Egress:
        rules, schema = self.terms.rules, self.terms.schema
        payload = out = without_gate_meta(payload)
        written = strictjson.dumps_at_once(payload) if self.earlier is not None else None
        self.large = large(payload, written)
        if any(rule.paths for rule in rules):
            out = await self._removed(out, rules)
        if self.terms.enabled:
            out = await self._known_or_cleaned(out, rules, written if out is payload else None)
        if out is not payload and not await aside(self.large, fits, out, schema):
            out = as_error(out)
        limit = self.terms.most_bytes
        if limit is not None and len(await aside(self.large, strictjson.dumps, out)) > limit:
            raise _Stop("the result is larger than it may be")
        if self.tokens is not None:
            self.tokens.keep()
        if out is payload and not self.partial and not self.suspicious:
            return Passed(payload)
        decision = OutputDecision.ALLOW if out is payload else OutputDecision.REDACT
        return Changed(out, self._record(decision))

    async def _removed(self, payload: JsonObject, rules: Sequence[OutputRule]) -> JsonObject:
        try:
            out, gone = await aside(self.large, remove, payload, [rule for rule in rules if rule.paths])
        except Hidden as e:
            raise _Stop(str(e)) from None
        private = await self._private([one.trail for one in gone], rules, {one.trail for one in gone if one.wild})
        self.details = [one.detail(private) for one in gone]
        return out

    async def _known_or_cleaned(
        self, payload: JsonObject, rules: Sequence[OutputRule], written: bytes | None
    ) -> JsonObject:
        """Tokens differ from one session to the next, and what ran out of time may come to more the next time."""
        if self.earlier is None or self.large or self.tokens is not None:
            return await self._cleaned(payload, rules)
        written = strictjson.dumps(payload) if written is None else written
        key = self.earlier.key(self.terms.snapshot, self.method, (rule.id for rule in rules), written)
        known = self.earlier.get(key)
        if known is None:
            before = len(self.details)
            out = await self._cleaned(payload, rules)
            if not self.partial:
                left = None if out is payload else out
                told = tuple(self.details[before:]), tuple(self.suspicious)
                self.earlier.keep(key, Inspected(left, *told, self.counts.copy()))
            return out
        self.details += known.details
        self.suspicious += known.suspicious
        self.counts.update(known.counts)
        return payload if known.payload is None else known.payload

    async def _cleaned(self, payload: JsonObject, rules: Sequence[OutputRule]) -> JsonObject:
        walked, seen, hidden, speaks = await aside(self.large, _first_look, payload, self.method)
        if hidden:
            private = await self._private(walked.trails, rules)
            _, hidden = await aside(self.large, without_hidden, payload, walked, private)
            payload = seen
            self.details += hidden
            self.suspicious = [detail.field for detail in hidden]
            walked = await self._walked(payload)
            speaks = await aside(self.large, suspicious, walked)
        if speaks:
            private = await self._private(walked.trails, rules)
            self.suspicious += await aside(self.large, suspicious, walked, private)
        if walked.opaque:
            payload = await self._without_opaque(payload, walked, rules)
            walked = await self._walked(payload)
        if self.terms.gives_tokens and await aside(self.large, _looks_like_tokens, walked):
            private = await self._private(walked.trails, rules)
            payload, details = await aside(self.large, without_lookalikes, payload, walked, private)
            self.details += details
            walked = await self._walked(payload)
        placeholders = Placeholders()
        for rounds_left in range(ROUNDS, -1, -1):
            found = await self._found(walked, rules, placeholders)
            if not self.large:
                self.used += (walked, found)
            counts, stop, goes_on = await aside(self.large, _summed, found)
            if rounds_left == ROUNDS:
                self.counts.update(counts)
            if stop is not None:
                self.details += await aside(self.large, withheld_for, walked, found)
                raise _Stop(stop)
            if not goes_on:
                break
            if not rounds_left:
                raise _Stop("what is private in it could not all be taken out")
            tokens = from_thread(self.tokens) if self.large and self.tokens is not None else self.tokens
            left = await aside(self.large, redact, payload, walked, found, placeholders, tokens)
            self.details += left.details
            payload = left.payload
            walked = left.walked or await self._walked(payload)
        return payload

    async def _walked(self, payload: JsonObject) -> Walked:
        return await aside(self.large, walk, payload, self.method)

    async def _private(
        self, trails: Sequence[Trail], rules: Sequence[OutputRule], wild: Collection[Trail] = ()
    ) -> dict[Trail, str]:
        """Which of the keys on the way to some places are private themselves, and what the record calls them.

        Args:
            wild: keys that were taken out by a wildcard: told only where they are what fields are called, and
                detectors see nothing in them.
        """
        if not self.terms.enabled:
            return {}
        keys = await aside(self.large, keys_of, trails)
        try:
            scan = await self.scanner.scan(tuple(keys.values()), self.terms.detection)
        except ScanFailed:  # whatever they are, the record does not hold them
            return dict.fromkeys(keys, UNTOLD)
        strict = [rule for rule in rules if rule.decision]  # says something other than that it may pass
        found = zip(keys, scan.findings, strict=True)
        odd = dict.fromkeys((at for at in wild if not names_field(at)), UNTOLD)
        return odd | {
            at: UNTOLD
            for at, some in found
            if (some and at in wild) or any(rule.covers(f.entity, f.score) for f in some for rule in strict)
        }

    async def _without_opaque(self, payload: JsonObject, walked: Walked, rules: Sequence[OutputRule]) -> JsonObject:
        word, reason = unscannable(rules)
        private = await self._private([one.trail for one in walked.opaque], rules)
        match word:
            case Unscannable.PASS:
                return payload
            case Unscannable.DROP:
                payload, details = opaque.dropped(payload, walked, reason, private)
                self.details += details
                return payload
            case Unscannable.QUARANTINE:
                self.details += opaque.withheld(walked, reason, private)
                raise _Stop("it holds what cannot be scanned")
            case _:
                assert_never(word)

    async def _found(self, walked: Walked, rules: Sequence[OutputRule], placeholders: Placeholders) -> list[Found]:
        if not any(rule.entities for rule in rules):
            return []
        issued = placeholders.issued | (self.tokens.issued if self.tokens is not None else set())
        new = await aside(self.large, self.looks.begin, walked, issued)
        try:
            scan = await self.scanner.scan(new, self.terms.detection)
        except ScanFailed as failed:
            if failed.failure is Failure.TOO_LARGE and unscannable(rules)[0] is Unscannable.PASS:
                return []
            log.error("what was to leave for %s could not be scanned: %s", self.method, failed)
            raise _Stop(WORDS[failed.failure]) from None
        self.partial = tuple(sorted({*self.partial, *scan.partial}))
        return await aside(self.large, _decided, walked, self.looks, new, scan, rules, issued)

    def let_go(self) -> None:
        """Forget what nobody needs any more."""
        self.used.clear()
        if self.earlier is not None:
            self.earlier.let_go()

    def withheld(self, why: str) -> Withheld:
        return Withheld(why, self._record(OutputDecision.QUARANTINE))

    def _record(self, decision: OutputDecision) -> JsonObject:
        terms = self.terms
        return record(terms.job_id, decision, self.details, terms.snapshot, self.partial, self.suspicious)


def _first_look(payload: JsonObject, method: str) -> tuple[Walked, JsonObject, list[Detail], list[str]]:
    """What there is, what is left without hidden characters, which were taken out, and what of it speaks to a model."""
    walked = walk(payload, method)
    seen, hidden = without_hidden(payload, walked)
    return walked, seen, hidden, suspicious(walked)


def _looks_like_tokens(walked: Walked) -> bool:
    return any(looks_like_token(leaf.text) for leaf in walked.leaves)


def _summed(found: Sequence[Found]) -> tuple[Counts, str | None, bool]:
    """How much of what was found, why the whole is withheld if it is, and whether there is anything to take out."""
    counts = Counter([(finding.entity, int(decision)) for _, finding, decision, _, _, again in found if not again])
    stop = next((one.reason for one in found if one.decision is OutputDecision.QUARANTINE), None)
    goes_on = any(one.decision in TAKEN_OUT for one in found)
    told = {(entity, OutputDecision(word).word): count for (entity, word), count in counts.items()}
    return Counter(told), stop, goes_on


def _decided(
    walked: Walked, looks: Looks, new: Sequence[Leaf], scan: Scan, rules: Sequence[OutputRule], issued: Collection[str]
) -> list[Found]:
    """What the rules say, with what was found in leaves that were not known yet."""
    looks.end(new, scan.findings)
    return decide(walked, looks.views, looks.findings, rules, issued)
