"""Results that wait for a reviewer: told of at once, kept sealed, shown masked, handed over once to the same call."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.gate import clock, events, marks, reviewers, words
from mcp_gate.gate.egress import Changed, Egress, Passed, Withheld, egress
from mcp_gate.gate.receive import Received
from mcp_gate.gate.vault import Unreadable
from mcp_gate.lang import strictjson
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call
from mcp_gate.model.decision import OnTimeout
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused as Refusal
from mcp_gate.model.outcome import Delivered, Outcome
from mcp_gate.model.output import OutputDecision, Unscannable
from mcp_gate.model.request import Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.read_output import OutputRule, parse_path
from mcp_gate.review.proof import Terms, unreleased
from mcp_gate.store.quarantine import Collected
from mcp_gate.store.requests import Released

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

LOOK_SEC: Final = 7 * 86_400
"""How long a result waits for somebody to look; then it is gone."""
MOST_FIELDS: Final = 100
LONGEST_FIELD: Final = 500
"""Both are kept in the record."""


class Quarantine:
    """Those of one gate. What is under way for an agent and a job hash is in memory, so that a call costs a look-up."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._known: dict[tuple[str, str], list[str]] = defaultdict(list)

    async def load(self) -> None:
        """After a start: what an earlier process kept."""
        for kept in await self._gate.store.quarantine.all():
            self._known[kept.agent, kept.job_hash].append(kept.request_id)

    # ---- on the path of a call

    def request_for(self, call: Call, verdict: Verdict, why: str, review: JsonObject) -> Request:
        """The request for a look at a result that may not leave."""
        now = self._gate.clock.steady()
        about = {
            "quarantine": {
                "why": why, "details": review["redaction_details"], "suspicious": review.get("suspicious", []),
            }, "timeout_sec": LOOK_SEC,
            "on_timeout": OnTimeout.DENY.word, "approvals": 1,
        }  # fmt: skip
        return Request(
            id=clock.request_id(),
            kind="quarantine",
            status=RequestStatus.PENDING,
            call=call,
            verdict={**verdict.as_json(), **about},
            policy_snapshot=verdict.policy_snapshot,
            tier=verdict.tier,
            group=verdict.group,
            needed=1,
            min_assurance=verdict.min_assurance,
            on_timeout=OnTimeout.DENY,
            opened_ts=rfc3339(now),
            due_ts=rfc3339(now + LOOK_SEC),
        )

    def sealed(self, call: Call, result: JsonObject) -> bytes:
        return self._gate.vault.seal(strictjson.dumps(result), call.id)

    def opened(self, request: Request) -> None:
        """From now on the same call is about this result, and reviewers see it."""
        self._known[request.call.agent, request.call.job_hash].append(request.id)
        self._gate.announce("request.opened", request)

    def about(self, call: Call) -> bool:
        """Whether the same call was made before, and something of it is still to be told."""
        return (call.agent, call.job_hash) in self._known

    async def collect(self, received: Received, verdict: Verdict) -> Outcome | None:
        """What the same call again is told, instead of being sent again; None where there is nothing to tell."""
        key = (received.call.agent, received.call.job_hash)
        for request_id in tuple(self._known.get(key, ())):
            found = await self._collected(request_id, received)
            if found is None or found.request.status is not RequestStatus.PENDING:
                self._forget(key, request_id)
            if found is not None:
                return self._told(found, received, verdict)
        return None

    def _forget(self, key: tuple[str, str], request_id: str) -> None:
        left = [one for one in self._known.get(key, ()) if one != request_id]
        if left:
            self._known[key] = left
        else:
            self._known.pop(key, None)

    async def _collected(self, request_id: str, received: Received) -> Collected | None:
        request = await self._gate.store.request(request_id)
        if request is None:
            return None
        common = {**events.members(request.call, request.policy_snapshot), "request_id": request.id}
        again = events.received(common, received.call)
        settings = received.loaded.settings
        people, agents = reviewers.people(settings), settings.agents or {}

        def proof(now: Request, found: bool) -> str:
            """Runs in the store's transaction: `now` is what is written there."""
            verdict = Verdict.undecided(now.policy_snapshot)  # the result is of a call that was decided
            wall = self._gate.clock.wall()
            call = now.call
            terms = Terms(verdict, call, call.method, people, agents.get(call.agent), self._gate.id, wall)
            return unreleased(now, terms)

        delivered = Event("call.delivered", common, {})
        return await self._gate.store.quarantine.collect(request_id, again, delivered, proof)

    def _told(self, found: Collected, received: Received, verdict: Verdict) -> Outcome:
        request = found.request
        match request.status:
            case RequestStatus.PENDING:
                return words.quarantined(verdict, request.call.id, request.verdict["quarantine"]["why"], request.id)
            case RequestStatus.APPROVED:
                try:
                    outcome = Delivered(self._opened(request.call, found.result))
                except Unreadable as e:
                    log.error("the result of %s is lost: %s", request.call.id, e)
                    return words.dropped(verdict, request.call.id, request.id, str(e))
                odd = bool(request.verdict["quarantine"].get("suspicious"))
                call = replace(request.call, session=received.call.session)
                self._gate.taint.delivered(call, received.loaded.mappings, suspicious=odd)
                return outcome
            case RequestStatus.REJECTED:
                return words.dropped(verdict, request.call.id, request.id, _reason(request))
            case RequestStatus.EXPIRED:
                return words.unseen(verdict, request.call.id, request.id)
            case RequestStatus.CANCELLED | RequestStatus.SUPERSEDED:
                raise AssertionError("a closed one is not collected")
            case _:
                assert_never(request.status)

    def _opened(self, call: Call, result: bytes | None) -> JsonObject:
        if result is None:
            raise Unreadable("nothing of it was kept")
        found: JsonObject = strictjson.parse_upstream(self._gate.vault.open(result, call.id))
        return found

    # ---- for reviewers

    async def result(self, request: Request) -> JsonObject | None:
        """The result as it came; None where it is no longer there."""
        try:
            return self._opened(request.call, await self._gate.store.result_of(request.call.id))
        except Unreadable:
            return None

    async def masked(self, request: Request) -> JsonObject | None:
        """The result without anything that was found in it; None where that cannot be told."""
        whole = await self.result(request)
        seen = None if whole is None else await self._reduced(request, whole, ())
        return seen.payload if isinstance(seen, Passed | Changed) else None

    async def released(self, request: Request, wanted: JsonObject) -> Released | Refusal:
        """What a reviewer lets out who does not let out everything: what `masked` shows, without further fields.

        Args:
            wanted: `{fields: [path, ...]}`, as in the policy.
        """
        paths = wanted.get("fields", [])
        if wanted.keys() - {"fields"} or not isinstance(paths, list) or len(paths) > MOST_FIELDS:
            return _bad("arguments are {fields: [path, ...]}")
        try:
            parsed = tuple(parse_path(path) for path in paths if _is_path(path))
        except ValueError:
            return _bad("a field is keys joined by dots, *, ** or [*]")
        if len(parsed) < len(paths):
            return _bad(f"a field is a text of at most {LONGEST_FIELD} characters")
        whole = await self.result(request)
        seen = None if whole is None else await self._reduced(request, whole, parsed)
        match seen:
            case Passed(payload):
                return Released(self.sealed(request.call, payload), ())
            case Changed(payload, review):
                common = {**events.members(request.call, request.policy_snapshot), "request_id": request.id}
                told = marks.redacted(payload, request.call.id, request.verdict, review["redaction_details"])
                return Released(self.sealed(request.call, told), (Event("output.reviewed", common, review),))
            case Withheld() | None:
                return Refusal("unmaskable", 409, "what is private in it cannot all be taken out; release or drop it")
            case _:
                assert_never(seen)

    async def _reduced(self, request: Request, whole: JsonObject, paths: tuple[tuple[str, ...], ...]) -> Egress:
        gate, call = self._gate, request.call
        rules = [rule for rule in gate.loaded.outgoing.about(call) if rule.paths]
        if paths:
            rules.append(OutputRule("reviewer", paths=paths, reason="Taken out by a reviewer"))
        strict = [rule.min_score for rule in gate.loaded.outgoing.about(call) if rule.decision]
        mask = replace(MASK, min_score=min([MASK.min_score, *strict]))  # what withheld it is masked, too
        loaded = replace(gate.loaded, outgoing=replace(gate.loaded.outgoing, rules=(*rules, mask), enabled=True))
        schema = gate.catalog.output_schema(call.listed_name)
        return await egress(loaded, gate.scanner, call.method, whole, call=call, schema=schema)


MASK: Final = OutputRule(
    "mask", entities=frozenset({"PII", "CREDENTIAL"}), decision=OutputDecision.REDACT, unscannable=Unscannable.DROP,
    reason="Masked for review",
)  # fmt: skip
"""Takes out everything that detectors find, whatever the policy says of it."""


def _reason(request: Request) -> str:
    return next((word.reason for word in reversed(request.decisions) if word.decision == "drop"), "")


def _is_path(path: object) -> bool:
    return isinstance(path, str) and len(path) <= LONGEST_FIELD


def _bad(text: str) -> Refusal:
    return Refusal("bad_decision", 422, text, ("arguments",))
