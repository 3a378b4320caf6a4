"""What the review of one payload has to tell, as it goes along: to the record, and to the gate's figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from mcp_gate.gate.inspections import Inspected
from mcp_gate.gate.leaving.exits import Counts
from mcp_gate.gate.terms import Terms
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail, OutputDecision
from mcp_gate.output.record import record


@dataclass(slots=True)
class Minutes:
    """Of one review."""

    counts: Counts = field(default_factory=Counter)
    details: list[Detail] = field(default_factory=list)
    """What was taken out, and where."""
    partial: tuple[str, ...] = ()
    """Detectors that did not get to the end of it."""
    suspicious: list[str] = field(default_factory=list)
    """Fields that speak to the model rather than to its user."""

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to tell of a payload that was left as it came."""
        return not self.partial and not self.suspicious

    def since(self, details: int) -> tuple[tuple[Detail, ...], tuple[str, ...], Counts]:
        """What was added after the first so many details."""
        return tuple(self.details[details:]), tuple(self.suspicious), self.counts.copy()

    def add(self, known: Inspected) -> None:
        """What was told of the same payload a moment ago."""
        self.details += known.details
        self.suspicious += known.suspicious
        self.counts.update(known.counts)

    def record(self, terms: Terms, decision: OutputDecision) -> JsonObject:
        """The output record (contract 8)."""
        return record(terms.job_id, decision, self.details, terms.snapshot, self.partial, self.suspicious)
