"""Decides cases by the real evaluator, and says which rules none of them reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import ConfigError, Problem
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded
from mcp_gate.trial.calls import NoSuchTool, facts_of
from mcp_gate.trial.cases import Case, Expected


@dataclass(frozen=True, slots=True)
class Judged:
    """One case and what the policy said."""

    case: Case
    verdict: Verdict
    wrong: tuple[str, ...]
    """`decision`, `rule`, `tier`, `route`: what is otherwise than expected; empty where the case passed."""


@dataclass(frozen=True, slots=True)
class Report:
    """All cases of a run."""

    judged: tuple[Judged, ...]
    decided: tuple[str, ...]
    """Ids of the rules that decided some case, in the order of the documents."""
    undecided: tuple[str, ...]
    """The others."""

    @property
    def failed(self) -> tuple[Judged, ...]:
        return tuple(one for one in self.judged if one.wrong)


def judge(loaded: Loaded, cases: Iterable[Case]) -> Report:
    """Decide every case.

    Raises:
        ConfigError: a case calls a tool that no upstream can have.
    """
    judged, problems = [], []
    for case in cases:
        try:
            facts = facts_of(loaded, case.tool, case.arguments, case.agent, case.signals, case.tags)
        except NoSuchTool as e:
            message = f"'{reveal(case.tool)}' is not a listed name"
            problems.append(Problem(case.place, message, f"listed names start with {e}"))
            continue
        verdict = loaded.policy.decide(facts)
        judged.append(Judged(case, verdict, tuple(_wrong(case.expected, verdict))))
    if problems:
        raise ConfigError(tuple(problems))
    reached = {id_ for one in judged for id_ in one.verdict.rule_ids}
    ids = tuple(rule.id for rule in loaded.policy.rules())
    return Report(
        tuple(judged), tuple(id_ for id_ in ids if id_ in reached), tuple(id_ for id_ in ids if id_ not in reached)
    )


def _wrong(expected: Expected, verdict: Verdict) -> Iterator[str]:
    if expected.decision is not None and verdict.decision is not expected.decision:
        yield "decision"
    if expected.rule is not None and verdict.rule_id != expected.rule:
        yield "rule"
    if expected.tier is not None and verdict.tier is not expected.tier:
        yield "tier"
    if expected.route is not None and verdict.group != expected.route:
        yield "route"
