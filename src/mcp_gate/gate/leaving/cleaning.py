"""Taking out of one payload what detectors and rules do not let through, until nothing of it is left.

In this order: characters that nobody sees, what cannot be looked into, look-alikes of tokens, and then what detectors
find. What is left is looked at again, and must be clean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from mcp_gate.gate.aside import aside
from mcp_gate.gate.foreseen import from_thread
from mcp_gate.gate.leaving.detecting import Detecting
from mcp_gate.gate.leaving.exits import Counts, Stop
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail, OutputDecision, Unscannable
from mcp_gate.output import opaque
from mcp_gate.output.decide import Found
from mcp_gate.output.injection import suspicious, without_hidden
from mcp_gate.output.placeholders import Placeholders
from mcp_gate.output.redact import TAKEN_OUT, Tokenizer, looks_like_token, redact, withheld_for, without_lookalikes
from mcp_gate.output.walk import walk
from mcp_gate.output.walked import Walked
from mcp_gate.policy.outgoing import unscannable

ROUNDS: Final = 2
"""How often something is taken out; what is not clean then does not leave."""


@dataclass(slots=True)
class Cleaning:
    """Of one payload."""

    detecting: Detecting
    tokens: Tokenizer | None
    _used: list[object] = field(default_factory=list)
    """What was made for it: to take thousands of small objects apart can wait until the answer is out."""

    async def of(self, payload: JsonObject) -> JsonObject:
        """What is left of the payload: the same object if nothing was taken out.

        Raises:
            Stop, Clash: it may not leave.
        """
        payload, walked = await self._without_hidden(payload)
        if walked.opaque:
            payload = await self._without_opaque(payload, walked)
            walked = await self._walked(payload)
        if self.detecting.terms.gives_tokens and await aside(self.detecting.large, _looks_like_tokens, walked):
            private = await self.detecting.private(walked.trails)
            payload, details = await aside(self.detecting.large, without_lookalikes, payload, walked, private)
            self.detecting.minutes.details += details
            walked = await self._walked(payload)
        return await self._without_found(payload, walked)

    def let_go(self) -> None:
        """Forget what nobody needs any more."""
        self._used.clear()

    async def _walked(self, payload: JsonObject) -> Walked:
        return await aside(self.detecting.large, walk, payload, self.detecting.method)

    async def _without_hidden(self, payload: JsonObject) -> tuple[JsonObject, Walked]:
        walked, seen, hidden, speaks = await aside(self.detecting.large, _first_look, payload, self.detecting.method)
        if hidden:
            private = await self.detecting.private(walked.trails)
            _, hidden = await aside(self.detecting.large, without_hidden, payload, walked, private)
            payload = seen
            self.detecting.minutes.details += hidden
            self.detecting.minutes.suspicious = [detail.field for detail in hidden]
            walked = await self._walked(payload)
            speaks = await aside(self.detecting.large, suspicious, walked)
        if speaks:
            private = await self.detecting.private(walked.trails)
            self.detecting.minutes.suspicious += await aside(self.detecting.large, suspicious, walked, private)
        return payload, walked

    async def _without_opaque(self, payload: JsonObject, walked: Walked) -> JsonObject:
        word, reason = unscannable(self.detecting.terms.rules)
        private = await self.detecting.private([one.trail for one in walked.opaque])
        match word:
            case Unscannable.PASS:
                return payload
            case Unscannable.DROP:
                payload, details = opaque.dropped(payload, walked, reason, private)
                self.detecting.minutes.details += details
                return payload
            case Unscannable.QUARANTINE:
                self.detecting.minutes.details += opaque.withheld(walked, reason, private)
                raise Stop("it holds what cannot be scanned")
            case _:
                assert_never(word)

    async def _without_found(self, payload: JsonObject, walked: Walked) -> JsonObject:
        placeholders = Placeholders()
        for rounds_left in range(ROUNDS, -1, -1):
            issued = placeholders.issued | (self.tokens.issued if self.tokens is not None else set())
            found = await self.detecting.found(walked, issued)
            if not self.detecting.large:
                self._used += (walked, found)
            counts, stop, goes_on = await aside(self.detecting.large, _summed, found)
            if rounds_left == ROUNDS:
                self.detecting.minutes.counts.update(counts)
            if stop is not None:
                self.detecting.minutes.details += await aside(self.detecting.large, withheld_for, walked, found)
                raise Stop(stop)
            if not goes_on:
                break
            if not rounds_left:
                raise Stop("not everything private in it could be taken out")
            tokens = from_thread(self.tokens) if self.detecting.large and self.tokens is not None else self.tokens
            left = await aside(self.detecting.large, redact, payload, walked, found, placeholders, tokens)
            self.detecting.minutes.details += left.details
            payload = left.payload
            walked = left.walked or await self._walked(payload)
        return payload


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
