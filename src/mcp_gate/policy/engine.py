"""Decides: first match within a layer, strictest across layers, invariants and the unmapped as floors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final, TypeVar

from mcp_gate.model.call import Facts
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.clauses import Compiled, Subject, compile_rule, subject_of
from mcp_gate.policy.index import TopicIndex
from mcp_gate.policy.rules import Layer, Match, Rule
from mcp_gate.policy.terms import Terms
from mcp_gate.policy.windows import windows_of

T = TypeVar("T")

REMEMBERED: Final = 4096
"""Kinds of calls remembered; beyond, the memory starts anew."""
JOINED: Final = 16
"""Verdicts remembered of one kind; beyond, its memory starts anew."""
NOWHERE: Final = Place("(built in)", 0, 0)
INVARIANTS: Final = "invariants"
"""What the layer of invariants is called, in which every rule that matches applies, not only the first."""
UNMAPPED: Final = compile_rule(
    NOWHERE.file,
    Rule(
        "unmapped", NOWHERE, Match(), Decision.REQUIRE_APPROVAL, "No mapping says what this tool does", invariant=True
    ),
)
BUILT_IN_IDS: Final = frozenset({"default", "unmapped", "limits", "stopped", "tool_changed", "error"})
"""What `rule_id` says where no rule of the admin's decided."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of every call with one subject: the candidates of each layer, in order, and the invariants."""

    subject: Subject
    unmapped: bool
    layers: tuple[tuple[Compiled, ...], ...]
    invariants: tuple[Compiled, ...]
    tier: Tier
    fixed: Verdict | None = None
    """The verdict, where no candidate looks at more than the subject."""
    joined: dict[tuple[str, ...], Verdict] = field(default_factory=dict)
    """Verdicts by the ids of the rules that decided."""


class Policy:
    """Immutable but for its memory of kinds of calls, which changes no answer."""

    def __init__(
        self,
        layers: Iterable[Layer],
        invariants: Iterable[Rule],
        terms: Terms,
        levels: Mapping[int, Layer] = MappingProxyType({}),
    ) -> None:
        """
        Args:
            levels: by number, from 0 without a gap; the agent's own is one more layer. Empty: there are no levels.
        """
        self.layers = tuple(map(_compiled, layers))
        self.levels = tuple(_compiled(layer) for _, layer in sorted(levels.items()))
        self.invariants = tuple(compile_rule(INVARIANTS, rule) for rule in invariants)
        self.terms = terms
        self.windows = windows_of(rule.match for rule in self.rules())
        """What its conditions ask about other calls, in the order of their texts."""
        self._indices = tuple(TopicIndex(rules) for _, rules in self.layers)
        self._level_indices = tuple(TopicIndex(rules) for _, rules in self.levels)
        self._floors = TopicIndex(self.invariants)
        default = Rule("default", NOWHERE, Match(), terms.default_decision, "No rule lets this call pass")
        self.default = compile_rule(NOWHERE.file, default)
        self._kinds: dict[tuple[str, str, str, str, frozenset[str], frozenset[str], bool, int], Kind] = {}

    def rules(self) -> Iterator[Rule]:
        """Those of every document, of every level, and the invariants."""
        for _, rules in (*self.layers, *self.levels, ("", self.invariants)):
            yield from (compiled.rule for compiled in rules)

    def decide(self, facts: Facts) -> Verdict:
        """The joined word of every layer (contract 3.1 and 9, "Deciding rules")."""
        kind = self.kind(facts)
        if kind.fixed is not None:
            return kind.fixed
        deciding = self._deciding(kind, facts)
        ids = tuple([one.rule.id for one in deciding])
        verdict = kind.joined.get(ids)
        if verdict is None:
            if len(kind.joined) >= JOINED:
                kind.joined.clear()
            verdict = kind.joined[ids] = self._join(deciding, kind)
        return verdict

    def kind(self, facts: Facts) -> Kind:
        """The candidates for a call."""
        told = facts.description
        level = facts.signals.level if self.levels else 0
        key = (facts.agent, facts.upstream, facts.tool, told.topic, told.risk_tags, told.unsure, told.unmapped, level)
        kind = self._kinds.get(key)
        if kind is None:
            if len(self._kinds) >= REMEMBERED:
                self._kinds.clear()
            kind = self._kinds[key] = self._new_kind(facts)
        return kind

    def layers_at(self, level: int) -> tuple[tuple[str, tuple[Compiled, ...]], ...]:
        """Every document, and the layer of an agent at this level; one above the highest has the highest."""
        return (*self.layers, *_at(self.levels, level))

    def always_denied(self, subject: Subject, tags_vary: bool, level: int = 0) -> bool:
        """Whether every call of a thing is denied whatever its arguments.

        Args:
            subject: with the tags that every call bears.
            tags_vary: whether arguments can add tags; then no clause about tags is relied on.
            level: the agent's autonomy level.
        """
        if any(_surely_denies(one, subject, tags_vary) for one in self._floors.candidates(subject.topic)):
            return True
        silent = True
        for index in self._indices_at(level):
            for one in index.candidates(subject.topic):
                if not (one.may_concern(subject) if tags_vary else one.concerns(subject)):
                    continue
                if _surely_denies(one, subject, tags_vary):
                    return True
                if one.rule.decision is not Decision.DENY:
                    silent = False
                    break
        return silent and self.terms.default_decision is Decision.DENY

    # ---- kinds

    def _indices_at(self, level: int) -> tuple[TopicIndex, ...]:
        return (*self._indices, *_at(self._level_indices, level))

    def _new_kind(self, facts: Facts) -> Kind:
        told = facts.description
        subject = subject_of(facts)
        indices = self._indices_at(facts.signals.level)
        layers = tuple(tuple(_until_sure(index, subject)) for index in indices)
        invariants = tuple(one for one in self._floors.candidates(told.topic) if one.concerns(subject))
        tier = max(self.terms.tier(subject.risk_tags), self.terms.tier(subject.sure))
        kind = Kind(subject, told.unmapped, layers, invariants, tier)
        if any(one.dynamic for ones in (*layers, invariants) for one in ones):
            return kind
        return replace(kind, fixed=self._join(self._deciding(kind, facts), kind))

    def _deciding(self, kind: Kind, facts: Facts) -> list[Compiled]:
        """Every invariant that applies, the built-in rules, and the first match of every layer; unsorted.

        Where nobody can tell whether a tag is there, all count that may be the first: whichever holds, the verdict is
        no milder.
        """
        found = [one for one in kind.invariants if one.matches(facts)]
        if kind.unmapped:
            found.append(UNMAPPED)
        spoken = False
        for candidates in kind.layers:
            for candidate in candidates:
                if candidate.matches(facts):
                    found.append(candidate)
                    if not candidate.maybe:
                        spoken = True
                        break
        if not spoken:
            found.append(self.default)
        return found

    # ---- joining

    def _join(self, deciding: list[Compiled], kind: Kind) -> Verdict:
        deciding = sorted(deciding, key=lambda one: -one.rule.decision)
        rules = [one.rule for one in deciding]
        tier_rule = self.terms.tier_rule(kind.tier)
        first = rules[0]
        timeouts = [rule.timeout_sec for rule in rules if rule.timeout_sec is not None]
        route = next((rule.route for rule in rules if rule.route is not None), None)
        escalate_to = next((rule.escalate_to for rule in rules if rule.escalate_to is not None), None)
        return Verdict(
            decision=first.decision,
            rule_ids=tuple(rule.id for rule in rules),
            reason=first.reason,
            policy_snapshot=self.terms.snapshot,
            tier=kind.tier,
            constraints=self._constraints(rules),
            approvals=max(rule.approvals or 1 for rule in rules),
            timeout_sec=min(timeouts) if timeouts else tier_rule.timeout_sec,
            on_timeout=_on_timeout(rules, kind.tier, tier_rule.on_timeout),
            escalate_to=escalate_to or tier_rule.escalate_to or self.terms.escalate_to,
            escalate_after_sec=self.terms.escalate_after_sec,
            group=route or self.terms.group(kind.subject.risk_tags),
            min_assurance=max(rule.min_assurance or Assurance.SESSION for rule in rules),
            invariant=any(rule.invariant for rule in rules),
            layers=tuple(one.word for one in deciding if one.rule.place is not NOWHERE),
        )

    def _constraints(self, rules: list[Rule]) -> Constraints:
        joined = NONE
        for rule in rules:
            own = rule.constraints
            if rule.decision is Decision.ALLOW_WITH_CONSTRAINTS and not own:
                own = self.terms.default_constraints
            joined = joined.join(own)
        return joined


def _compiled(layer: Layer) -> tuple[str, tuple[Compiled, ...]]:
    return layer.name, tuple(compile_rule(layer.name, rule) for rule in layer.rules)


def _at(levels: tuple[T, ...], level: int) -> tuple[T, ...]:
    """The one of a level, the highest where the level is above it; nothing where there are no levels."""
    return levels[level : level + 1] or levels[-1:]


def _until_sure(index: TopicIndex, subject: Subject) -> Iterator[Compiled]:
    """The rules that can match, up to the first that always does."""
    for one in index.candidates(subject.topic):
        if not one.concerns(subject):
            continue
        if not one.surely_concerns(subject):
            yield replace(one, maybe=True)
            continue
        yield one
        if not one.dynamic:
            return


def _surely_denies(one: Compiled, subject: Subject, tags_vary: bool) -> bool:
    if one.rule.decision is not Decision.DENY or one.dynamic or not one.concerns(subject):
        return False
    return not tags_vary or one.rule.match.risk_tags_none is None


def _on_timeout(rules: list[Rule], tier: Tier, of_tier: OnTimeout) -> OnTimeout:
    """The strictest given; `approve` is for tier low alone, and never for what an invariant gates (contract 3.4)."""
    low = tier is Tier.LOW
    given = [rule.on_timeout for rule in rules if rule.on_timeout is not None] or [of_tier]
    word = max(OnTimeout.DENY if one is OnTimeout.APPROVE and not low else one for one in given)
    return OnTimeout.DENY if word is OnTimeout.APPROVE and any(map(_asks_for_people, rules)) else word


def _asks_for_people(rule: Rule) -> bool:
    """Whether a rule rules out that time approves: a floor, or one that wants more than one person's bare word."""
    assured = rule.min_assurance is not None and rule.min_assurance > Assurance.SESSION
    return rule.invariant or assured or (rule.approvals or 1) > 1
