"""What was found in a payload and which rule says what of it, for somebody who tries his rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import OutputDecision
from mcp_gate.output.decide import decide
from mcp_gate.output.fields import field_of
from mcp_gate.output.split import joined
from mcp_gate.output.walk import walk
from mcp_gate.output.walked import Part
from mcp_gate.policy.read_output import OutputRule


@dataclass(frozen=True, slots=True)
class Preview:
    """One finding; what was found is not in it."""

    field: str
    entity: str
    score: float
    recogniser: str
    says: OutputDecision
    rule_id: str
    text: str
    """The matched text; not told."""

    def as_json(self) -> JsonObject:
        out: JsonObject = {
            "field": self.field, "entity": self.entity, "score": round(self.score, 2), "recogniser": self.recogniser,
            "says": self.says.word,
        }  # fmt: skip
        return {**out, "rule_id": self.rule_id} if self.rule_id else out


async def previewed(
    payload: JsonObject, rules: Sequence[OutputRule], scan: Callable[[Sequence[Leaf]], Awaitable[Scan]]
) -> tuple[Preview, ...]:
    """Everything that detectors find in a payload, also what no rule is about.

    Raises:
        Exception: as `scan`.
    """
    walked = walk(payload)
    views = joined(walked)
    found = decide(
        walked, views, (await scan([*walked.leaves, *(view.leaf for view in views)])).findings, rules
    )  # fmt: skip
    private = {walked.trails[one.leaf]: "[REDACTED]" for one in found if walked.parts[one.leaf] is Part.KEY}
    return tuple(
        Preview(
            field_of(walked.trails[one.leaf], private), one.finding.entity, one.finding.score, one.finding.rule,
            one.decision, one.rule_id, walked.leaves[one.leaf].text[one.finding.start : one.finding.end],
        )
        for one in found
    )  # fmt: skip
