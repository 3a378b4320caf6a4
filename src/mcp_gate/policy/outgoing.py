"""The output review of all documents together: which rules look at what is about to leave."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mcp_gate.model.call import Call
from mcp_gate.model.config import Place
from mcp_gate.model.output import OutputDecision, Unscannable
from mcp_gate.policy.clauses import Subject
from mcp_gate.policy.read_detection import UNSAID, Detection
from mcp_gate.policy.read_output import OutputReview, OutputRule

BUILT_IN_RULES: Final = (
    OutputRule(
        "built_in.pii", entities=frozenset({"PII"}), decision=OutputDecision.REDACT, reason="PII detected"
    ),
    OutputRule(
        "built_in.credentials", entities=frozenset({"CREDENTIAL"}), decision=OutputDecision.REDACT,
        reason="Credential detected",
    ),
)  # fmt: skip
"""In force until a document has rules about entities of its own."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What binds everything that leaves towards a client."""

    rules: tuple[OutputRule, ...] = ()
    enabled: bool = True
    """False: nothing is looked at; somebody wrote so."""
    detection: Detection = UNSAID
    place: Place | None = None
    """Where the first section stands."""

    @classmethod
    def of(cls, reviews: Sequence[OutputReview]) -> Outgoing:
        """Join the sections of all documents. One that is turned off has no rules; the review is off where all are."""
        live = [review for review in reviews if review.enabled]
        if reviews and not live:
            return cls((), enabled=False)
        rules = tuple(replace(rule, document=at) for at, review in enumerate(live) for rule in review.rules)
        rules += tuple(
            OutputRule("output_review", unscannable=review.unscannable)
            for review in live
            if review.unscannable is not None
        )
        if not any(rule.entities for rule in rules):
            rules = (*rules, *BUILT_IN_RULES)
        return cls(rules, True, _joined([review.detection for review in live]), live[0].place if live else None)

    @property
    def gives_tokens(self) -> bool:
        """Whether some result may hold tokens, so that what only looks like one must not leave."""
        return any(rule.decision is OutputDecision.TOKENIZE for rule in self.rules)

    def about(self, call: Call | None) -> tuple[OutputRule, ...]:
        """The rules about a call's result; of what is not a call's result all but those that take fields out of some
        results alone, for nobody can tell whether their matches hold."""
        if call is None:
            return tuple(rule for rule in self.rules if not rule.paths or rule.match is None)
        subject = Subject(
            call.agent, call.upstream, call.tool, call.topic, frozenset(call.risk_tags), call.unsure_tags
        )  # fmt: skip
        return tuple(rule for rule in self.rules if rule.concerns(subject))

    def about_all(self) -> Outgoing:
        """The same rules, each about every call."""
        return replace(self, rules=tuple(replace(rule, match=None, clauses=()) for rule in self.rules))


def _joined(said: Sequence[Detection]) -> Detection:
    """What all documents say of detectors. A document that demands something is heard before one that goes without."""
    return Detection(
        own=tuple(own for each in said for own in each.own),
        exempt=tuple(exempt for each in said for exempt in each.exempt),
        ner=_strictest(each.ner for each in said),
        vendor_shapes=_strictest(each.vendor_shapes for each in said),
    )


def _strictest(words: Iterable[bool | None]) -> bool | None:
    said = [word for word in words if word is not None]
    return any(said) if said else None


BUILT_IN: Final = Outgoing(BUILT_IN_RULES)


def unscannable(rules: Sequence[OutputRule]) -> tuple[Unscannable, str]:
    """What becomes of what cannot be looked into, and why: the strictest word of the rules, quarantine where none has
    one."""
    said = [(rule.unscannable, rule.reason) for rule in rules if rule.unscannable is not None]
    word, reason = max(said, key=lambda one: one[0], default=(Unscannable.QUARANTINE, ""))
    return word, reason or "it cannot be scanned"
