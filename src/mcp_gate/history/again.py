"""One recorded call decided again, by a policy or by the very one that decided it then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, TypeAlias

from mcp_gate.history.past import Past
from mcp_gate.model.call import Facts
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import NotRecorded, description_of, facts_of


class WhyNot(Enum):
    """Why a recorded call cannot be decided again exactly."""

    SIGNALS = "recorded before the gate kept what it knew when it decided"
    ERASED = "its arguments were erased"
    UPSTREAM = "its upstream is not in the candidate"
    SNAPSHOT = "the policy that decided it is not kept, or cannot be loaded any more"


EITHER = frozenset({"rule_id", "reason", "route", "timeout_sec", "escalate_to"})
"""What either of two joined verdicts may say alone."""
Snapshots: TypeAlias = Callable[[str], Loaded | None]
"""The policy of a snapshot, as it was in force; None: it is not kept, or cannot be loaded."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A policy that history is decided by again."""

    loaded: Loaded
    describes: bool
    """Whether calls are described anew by its mapping; else topic, tags and attributes are the recorded ones."""

    @property
    def reach(self) -> int:
        """How far back it asks for other calls, in seconds."""
        return max((window.seconds for window in self.loaded.policy.windows), default=0)

    def facts(self, past: Past) -> Facts | WhyNot:
        """What it would look at. The signals are those of then: they do not depend on the policy."""
        call = past.call
        if call.erased:
            return WhyNot.ERASED
        if self.describes and call.upstream not in self.loaded.mappings:
            return WhyNot.UPSTREAM
        try:
            told = (
                describe(self.loaded, call.upstream, call.tool, call.method, call.arguments)
                if self.describes
                else description_of(call)
            )
            return facts_of(call, told)
        except NotRecorded:
            return WhyNot.SIGNALS

    def verdict(self, past: Past, facts: Facts) -> Verdict:
        """Decided as the gate does: an exception is a denial, and a person who had been asked stays asked."""
        try:
            verdict = self.loaded.policy.decide(facts)
        except Exception:
            return Verdict.undecided(self.loaded.snapshot.id)
        verdict = verdict.within(past.call.bounds)
        return verdict.raised(Decision.REQUIRE_APPROVAL) if "raised_from" in past.verdict else verdict


def difference(past: Past, snapshots: Snapshots) -> str | WhyNot:
    """What a call decided again by its own policy has differently from the record; "" where all is the same.

    Same facts and same policy have the same verdict. A difference means that the record, the database or the program
    is not what it was.
    """
    loaded = snapshots(past.snapshot)
    if loaded is None or past.call.upstream not in loaded.mappings:
        return WhyNot.SNAPSHOT
    own = Candidate(loaded, describes=True)
    facts = own.facts(past)
    if isinstance(facts, WhyNot):
        return facts
    told = facts.description
    fresh = {
        **own.verdict(past, facts).as_json(),
        "topic": told.topic,
        "risk_tags": sorted(told.risk_tags),
    }
    stored = {**past.verdict, "topic": past.call.topic, "risk_tags": list(past.call.risk_tags)}
    # What an older gate did not write down, and what is added to a held call's verdict, cannot be compared.
    differing = (name for name in fresh if name in stored and fresh[name] != stored[name])
    joined = "terms_of" in stored
    return ", ".join(name for name in differing if not (joined and _no_milder(name, stored[name], fresh[name])))


def _no_milder(name: str, stored: Any, fresh: Any) -> bool:
    """Whether a member of a verdict that a request's terms were joined to holds what the policy itself says."""
    match name:
        case "rule_ids" | "layers":
            return all(one in stored for one in fresh)
        case "constraints":
            bound = Constraints.of(stored)
            return bound.join(Constraints.of(fresh)) == bound
        case "approvals":
            return bool(stored >= fresh)
        case "decision":
            return _rank(Decision, stored) >= _rank(Decision, fresh)
        case "tier":
            return _rank(Tier, stored) >= _rank(Tier, fresh)
        case "on_timeout":
            return _rank(OnTimeout, stored) >= _rank(OnTimeout, fresh)
        case "min_assurance":
            return _rank(Assurance, stored) >= _rank(Assurance, fresh)
        case _:
            return name in EITHER


def _rank(kind: type[IntEnum], word: str) -> int:
    return kind[word.upper()]
