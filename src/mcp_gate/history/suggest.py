"""Rules that history supports: what people always approved may pass, what they always denied may be denied.

A suggestion is never wider than its evidence, never touches a floor or a claim, and is weighed by deciding the whole
period again with it: it is dropped where it would let through one call that nobody approved.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from mcp_gate.history.again import WhyNot
from mcp_gate.history.box import Box, fit
from mcp_gate.history.cases import Case, Spoken, Thing, Told
from mcp_gate.history.holders import Holder, Holders, Unmoved
from mcp_gate.history.look import Seen
from mcp_gate.history.past import Past
from mcp_gate.history.paste import free_id, parsed, text_of, writable
from mcp_gate.model.call import Facts
from mcp_gate.model.constraints import NONE
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import CallState
from mcp_gate.policy.clauses import Subject, compile_rule
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.rules import Rule

PEOPLE: Final = 2
"""Different people among them, where the group has so many."""
DAYS: Final = 3
"""Different days (UTC)."""
MOST_CLICKED: Final = 0.25
"""Share of decisions too quick to have been read; above, the others are not believed either."""


class Unsupported(Enum):
    """Why a kind of calls gives no rule."""

    MIXED = "people said different things of calls that no bound tells apart, or did not decide at all"
    UNBOUND = "an attribute that is not a number, or not known: a rule would not keep to what people saw"
    FEW = "too few decisions that somebody can have read"
    ONE_PERSON = "decided by too few people"
    DAYS = "decided on too few days"
    CLICKED = "too many decisions in under two seconds"
    CLAIM = "a 'never' claim of the policy is about such calls"
    WRITTEN = "names that a rule cannot match exactly"
    UNSOUND = "it would also decide calls that no person decided so"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One rule, where it belongs, and what speaks for it."""

    rule: Rule
    text: str
    """Ready to paste below `rules:`."""
    before: Rule | None
    """The rule that it has to stand before in its document; None: it gets a document of its own."""
    thing: Thing
    box: Box

    @property
    def wants(self) -> Told:
        """What people have to have said of every call that it decides."""
        return Told.DENIED if self.rule.decision is Decision.DENY else Told.APPROVED


@dataclass(slots=True)
class Found:
    """The rules of one period, and why there are not more."""

    suggestions: list[Suggestion] = field(default_factory=list)
    held: int = 0
    """Held calls that were looked at."""
    calls_without: Counter[Unmoved | WhyNot] = field(default_factory=Counter)
    """Held calls that no rule could let pass, by the reason."""
    kinds_without: Counter[tuple[Told, Unsupported]] = field(default_factory=Counter)
    """Kinds of calls that gave no rule, by what people said of some of them and the reason."""


class Search:
    """Looks for rules in the calls of a period."""

    def __init__(self, loaded: Loaded, spoken: Spoken, staff: Callable[[str], int], least: int) -> None:
        self._loaded = loaded
        self._spoken = spoken
        self._staff = staff
        self._least = least
        self._taken = {rule.id for rule in loaded.policy.rules()}
        self._claims = [compile_rule("never", claim) for claim in loaded.claims]

    def run(self, calls: Iterable[Seen]) -> Found:
        """The rules that history supports, commonest first; nothing is applied."""
        found = Found()
        holders, groups = Holders(self._loaded.policy), _Groups()
        for seen in calls:
            past, facts = seen.past, seen.facts
            if past.state is CallState.SUPERSEDED:
                continue
            if isinstance(facts, Facts):
                self._sort(found, groups, past, facts, holders)
            elif past.held is not None:
                found.held += 1
                found.calls_without[facts] += 1
        for thing, holder, cases, group in groups.to_allow():
            self._try(found, thing, holder, cases, Told.APPROVED, group)
        for thing, cases, group in groups.to_deny():
            self._try(found, thing, None, cases, Told.DENIED, group)
        found.suggestions.sort(key=lambda one: -len(one.box.cases))
        return found

    def _sort(self, found: Found, groups: _Groups, past: Past, facts: Facts, holders: Holders) -> None:
        case, thing = self._spoken.case(past, facts), Thing.of(facts)
        if past.held is None:
            if case.told is Told.BAD:
                groups.bad[thing].append(case)
            return
        found.held += 1
        groups.all[thing].append(case)
        groups.reviewed_by[thing] = past.held.group
        holder = holders.of(facts) if past.call.method == "tools/call" else Unmoved.NO_TOOL
        if isinstance(holder, Unmoved):
            found.calls_without[holder] += 1
            return
        key = (thing, holder.id if isinstance(holder, Rule) else "")
        groups.held[key].append(case)
        groups.holders[key] = holder

    # ---- one kind of calls

    def _try(
        self, found: Found, thing: Thing, holder: Holder | None, cases: Sequence[Case], told: Told, group: str
    ) -> None:
        """Everybody's calls together, or else each agent's by themselves."""
        if not any(case.told is told for case in cases):
            return
        boxes = self._boxes(thing, cases, told, group)
        if isinstance(boxes, Unsupported):
            found.kinds_without[told, boxes] += 1
            return
        for box in boxes:
            written = self._written(thing, box, holder, told)
            if isinstance(written, Suggestion):
                found.suggestions.append(written)
            else:
                found.kinds_without[told, written] += 1

    def _boxes(self, thing: Thing, cases: Sequence[Case], told: Told, group: str) -> list[Box] | Unsupported:
        whole = self._fitted(thing, cases, told, group)
        if isinstance(whole, Box):
            return [whole]
        agents = sorted({case.agent for case in cases if case.told is told})
        own = (self._fitted(thing, [case for case in cases if case.agent == agent], told, group) for agent in agents)
        return [box for box in own if isinstance(box, Box)] or whole

    def _fitted(self, thing: Thing, cases: Sequence[Case], told: Told, group: str) -> Box | Unsupported:
        box = fit(cases, told)
        if box is None:
            read = [case for case in cases if case.told is told and not case.clicked]
            if read and all(case.unbound for case in read):
                return Unsupported.UNBOUND
            return Unsupported.MIXED if read else Unsupported.FEW
        weak = self._weak(box, group)
        if weak is None and told is Told.APPROVED and self._claimed(thing, box):
            weak = Unsupported.CLAIM
        if weak is None and not writable(thing, box):
            weak = Unsupported.WRITTEN
        return weak or box

    def _weak(self, box: Box, group: str) -> Unsupported | None:
        """What the evidence lacks."""
        count = len(box.cases)
        if count < self._least:
            return Unsupported.FEW
        if len(people_of(box)) < min(PEOPLE, max(1, self._staff(group))):
            return Unsupported.ONE_PERSON
        if len({case.day for case in box.cases}) < DAYS:
            return Unsupported.DAYS
        if box.clicked > MOST_CLICKED * (count + box.clicked):
            return Unsupported.CLICKED
        return None

    def _claimed(self, thing: Thing, box: Box) -> bool:
        """Whether a claim may be about such calls: whatever else it looks at, it must not be put at risk."""
        subjects = [Subject(agent, thing.upstream, thing.tool, thing.topic, thing.tags) for agent in box.agents]
        return any(claim.concerns(subject) for claim in self._claims for subject in subjects)

    def _written(self, thing: Thing, box: Box, holder: Holder | None, told: Told) -> Suggestion | Unsupported:
        before = holder if isinstance(holder, Rule) else None
        constraints = NONE if before is None else before.constraints
        allowed = Decision.ALLOW_WITH_CONSTRAINTS if constraints else Decision.ALLOW
        decision = allowed if told is Told.APPROVED else Decision.DENY
        id_ = free_id(f"people-{told.value}-{thing.tool}", self._taken)
        text = text_of(id_, thing, box, self._other_tags(thing), decision, constraints)
        rule = parsed(text)
        return Unsupported.WRITTEN if rule is None else Suggestion(rule, text, before, thing, box)

    def _other_tags(self, thing: Thing) -> frozenset[str]:
        """Tags that calls of the tool can have by their arguments, and these have not."""
        mapping = self._loaded.mappings[thing.upstream].tool(thing.tool)
        entries = () if mapping is None else mapping.tag_when
        return frozenset(tag for entry in entries for tag in entry.add) - thing.tags


def people_of(box: Box) -> set[str]:
    """Everybody whose word supports it."""
    return {person for case in box.cases for person in case.people}


class _Groups:
    """Calls that a rule could take together."""

    def __init__(self) -> None:
        self.held: dict[tuple[Thing, str], list[Case]] = defaultdict(list)
        """By what holds them: the id of a rule, or "" where none says anything."""
        self.holders: dict[tuple[Thing, str], Holder] = {}
        self.all: dict[Thing, list[Case]] = defaultdict(list)
        self.bad: dict[Thing, list[Case]] = defaultdict(list)
        """Calls that passed and that a sample found bad: they speak against every rule that lets their kind pass."""
        self.reviewed_by: dict[Thing, str] = {}

    def to_allow(self) -> Iterator[tuple[Thing, Holder, list[Case], str]]:
        for (thing, rule), cases in self.held.items():
            yield thing, self.holders[thing, rule], [*cases, *self.bad.get(thing, ())], self.reviewed_by[thing]

    def to_deny(self) -> Iterator[tuple[Thing, list[Case], str]]:
        for thing, cases in self.all.items():
            yield thing, cases, self.reviewed_by[thing]
