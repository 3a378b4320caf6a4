"""What `policy prove` found, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcp_gate.cli import examples
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.proof.findings import Claim, Example, Idle, Report, Result, Step
from mcp_gate.policy.proof.prove import breaking, without_invariants
from mcp_gate.policy.rules import Rule
from mcp_gate.trial.shown import Shown, shown

NO_CLAIMS = "There is no claim to prove. Write what may never happen beside the rules, for example:\n  {example}"
EXAMPLE = "never: [ { id: deletes-pass, match: { risk_tags: [delete] }, weaker_than: require_approval } ]"


class Said:
    """A report about one gate directory."""

    def __init__(self, loaded: Loaded, report: Report) -> None:
        self._loaded, self._report = loaded, report
        self._bare = without_invariants(loaded.policy)
        self._levels = bool(loaded.policy.levels)

    def as_json(self) -> JsonObject:
        report = self._report
        return {
            "policy_snapshot": self._loaded.snapshot.id,
            "claims": [
                {**self._claim_json(one, self._loaded.policy), "weaker_than": one.rule.decision.word}
                for one in report.claims
            ],
            "invariants": [
                {**self._claim_json(one, self._bare), "at_least": one.rule.decision.word} for one in report.invariants
            ],
            "never_decide": [
                {"id": one.rule.id, "where": str(one.rule.place), "hidden_by": [rule.id for rule in one.hidden_by]}
                for one in report.idle
            ],
            "undecided": [rule.id for rule in report.undecided],
            "stricter_above": [_step_json(one) for one in report.steps],
        }

    def lines(self) -> Iterator[str]:
        report = self._report
        if not report.claims:
            yield NO_CLAIMS.format(example=EXAMPLE)
        for claim in report.claims:
            rule = claim.rule
            yield f"{rule.place}: never '{rule.id}' weaker than {rule.decision.word}: {self._end(claim)}"
            yield from self._example(claim, self._loaded.policy)
        for claim in report.invariants:
            yield f"{claim.rule.place}: invariant '{claim.rule.id}': {self._alone(claim)}"
            yield from self._example(claim, self._bare)
        yield from map(_idle, report.idle)
        for rule in report.undecided:
            yield f"{rule.place}: whether the rule '{rule.id}' ever decides was not decided in time"
        for step in report.steps:
            yield from _step(step)
        yield _summary(report)

    # ---- claims and invariants

    def _claim_json(self, claim: Claim, policy: Policy) -> JsonObject:
        out: JsonObject = {
            "id": claim.rule.id,
            "where": str(claim.rule.place),
            "result": claim.result.value,
            "levels": {str(level): result.value for level, result in claim.levels.items()} if self._levels else {},
        }
        if claim.empty:
            out["empty"] = True
        if claim.example is not None:
            out["example"] = examples.as_json(*self._shown(claim, claim.example, policy))
        return out

    def _shown(self, claim: Claim, example: Example, policy: Policy) -> tuple[Example, Shown | None]:
        """The call, of a tool that there is if one is such a call, and how to make it; None where it may be none, or
        where invariants would hold it."""
        if claim.result is not Result.DISPROVED or policy is not self._loaded.policy:
            return example, None
        call = shown(self._loaded, example.facts, breaking(policy, claim.rule))
        return (example if call.mapping else Example(call.facts, policy.decide(call.facts))), call

    def _example(self, claim: Claim, policy: Policy) -> Iterator[str]:
        if claim.example is None:
            return
        example, call = self._shown(claim, claim.example, policy)
        told, verdict = examples.told(example.facts, level=self._levels), example.verdict
        perhaps = "perhaps " if claim.result is Result.POSSIBLE else ""
        yield f"    {perhaps}{told}: {verdict.decision.word} by {', '.join(verdict.rule_ids)}"
        if call is not None:
            yield from (f"    {line}" for line in examples.how(call, verdict, claim.rule.id))

    def _end(self, claim: Claim) -> str:
        match claim.result:
            case Result.PROVED:
                return "proved" + ("; no call is one that it is about" if claim.empty else self._every())
            case Result.DISPROVED:
                return "DISPROVED" + self._at(claim, Result.DISPROVED)
            case Result.POSSIBLE:
                return "NOT PROVED" + self._at(claim, Result.POSSIBLE) + ": it rests on what is not modelled"
            case Result.UNDECIDED:
                return "NOT DECIDED in time" + self._at(claim, Result.UNDECIDED)

    def _alone(self, claim: Claim) -> str:
        match claim.result:
            case Result.PROVED:
                return "no call is one that it is about" if claim.empty else "the rules alone would keep it"
            case Result.DISPROVED:
                return "the rules alone would not keep it" + self._at(claim, Result.DISPROVED)
            case Result.POSSIBLE:
                return "the rules alone may not keep it" + self._at(claim, Result.POSSIBLE)
            case Result.UNDECIDED:
                return "whether the rules alone would keep it was not decided in time"

    def _every(self) -> str:
        return " at every level" if self._levels else ""

    def _at(self, claim: Claim, result: Result) -> str:
        found = [str(level) for level, one in claim.levels.items() if one is result]
        return f" at level{'s' if len(found) > 1 else ''} {', '.join(found)}" if self._levels else ""


# ---- rules and levels


def _idle(idle: Idle) -> str:
    place, id_ = idle.rule.place, idle.rule.id
    if not idle.hidden_by:
        return f"{place}: no call matches '{id_}'"
    return f"{place}: the rule '{id_}' never decides: {_names(idle.hidden_by)} before it"


def _names(rules: Iterable[Rule]) -> str:
    return ", ".join(f"'{rule.id}' (line {rule.place.line})" for rule in rules)


def _step(step: Step) -> Iterator[str]:
    above = f"level_{step.level + 1}"
    if step.lower is None or step.higher is None:
        yield f"whether {above} is stricter than level_{step.level} for some call was not decided in time"
        return
    may = "may be" if step.result is Result.POSSIBLE else "is"
    lower, higher = step.lower.verdict.decision.word, step.higher.verdict.decision.word
    yield f"warning: {above} {may} stricter than level_{step.level} for some calls: {lower} becomes {higher}"
    yield f"    {examples.told(step.lower.facts, level=False)}"


def _step_json(step: Step) -> JsonObject:
    out: JsonObject = {"level": step.level, "above": step.level + 1, "result": step.result.value}
    if step.lower is not None and step.higher is not None:
        out |= {"example": examples.as_json(step.lower, None), "decision_above": step.higher.verdict.decision.word}
    return out


def _summary(report: Report) -> str:
    proved = sum(claim.result is Result.PROVED for claim in report.claims)
    kept = sum(claim.result is Result.PROVED for claim in report.invariants)
    return (
        f"claims proved: {proved} of {len(report.claims)}; invariants that the rules alone keep: {kept} of "
        f"{len(report.invariants)}; rules that never decide: {len(report.idle)}; "
        f"levels stricter than the one below: {len(report.steps)}"
    )
