"""Suggested rules weighed: the whole period decided again with each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcp_gate.history.again import Candidate, WhyNot
from mcp_gate.history.cases import Spoken, Thing
from mcp_gate.history.look import Seen
from mcp_gate.history.past import Past
from mcp_gate.history.paste import with_rule
from mcp_gate.history.replay import holds, passes
from mcp_gate.history.suggest import Found, Suggestion, Unsupported
from mcp_gate.model.call import Facts
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import CallState
from mcp_gate.model.verdict import Verdict


@dataclass(slots=True)
class Weighed:
    """A suggestion, and what it would have changed."""

    suggestion: Suggestion
    candidate: Candidate
    """The policy in force with the one rule more."""
    decided: int = 0
    """Calls that it would have let pass, or denied."""
    freed: int = 0
    """Held calls that nobody would have been asked about."""
    sound: bool = True
    """Whether people had said so of every one of them."""
    example: str = ""


@dataclass(slots=True)
class Weights:
    """All suggestions of a period."""

    weighed: list[Weighed]
    calls: int = 0
    held: int = 0
    """Calls that the policy in force holds."""

    def share(self, freed: int = 0) -> float:
        """Share of the calls that a person is asked about, when so many no longer are."""
        return (self.held - freed) / self.calls if self.calls else 0.0


def weigh(calls: Iterable[Seen], found: Found, candidate: Candidate, spoken: Spoken) -> Weights:
    """Decide every call as now, and those that a suggestion is about with it as well; what is not sound is dropped."""
    out = Weights([Weighed(one, _with(candidate, one)) for one in found.suggestions])
    about: dict[Thing, list[Weighed]] = defaultdict(list)
    for one in out.weighed:
        about[one.suggestion.thing].append(one)
    for seen in calls:
        past, facts = seen.past, seen.facts
        if past.state is CallState.SUPERSEDED:
            continue
        out.calls += 1
        if isinstance(facts, WhyNot):
            out.held += past.held is not None
            continue
        verdict = candidate.verdict(past, facts)
        out.held += holds(past, verdict)
        for one in about.get(Thing.of(facts), ()):
            _weigh(one, past, facts, verdict, spoken)
    found.kinds_without.update((one.suggestion.wants, Unsupported.UNSOUND) for one in out.weighed if not one.sound)
    out.weighed = [one for one in out.weighed if one.sound and one.decided]
    return out


def _with(candidate: Candidate, suggestion: Suggestion) -> Candidate:
    loaded = candidate.loaded
    policy = with_rule(loaded.policy, suggestion.rule, suggestion.before)
    return replace(candidate, loaded=replace(loaded, policy=policy))


def _weigh(one: Weighed, past: Past, facts: Facts, before: Verdict, spoken: Spoken) -> None:
    after = one.candidate.verdict(past, facts)
    changed = (passes(after) and not passes(before)) or (
        after.decision is Decision.DENY and before.decision is not Decision.DENY
    )
    if not changed:
        return
    one.decided += 1
    one.example = one.example or past.call.id
    one.freed += holds(past, before)
    one.sound &= past.held is not None and spoken.case(past, facts).told is one.suggestion.wants
