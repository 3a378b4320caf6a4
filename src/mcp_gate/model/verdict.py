"""What the policy said of a call, whole and explainable."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout, Tier
from mcp_gate.model.foreign import JsonMapping, JsonObject


@dataclass(frozen=True, slots=True)
class LayerWord:
    """What one layer said: a document, an autonomy level, or the invariants."""

    document: str
    matched: str
    """The id of the rule that decided for it."""
    where: str
    """`FILE:LINE` of that rule."""

    def as_json(self) -> JsonObject:
        return {"document": self.document, "matched": self.matched, "where": self.where}


def rules_told(verdict: JsonMapping) -> list[str]:
    """The deciding rules of a verdict as JSON, strictest first, each with the place where it stands, if it has one."""
    places = {word["matched"]: word["where"] for word in verdict.get("layers", ())}
    return [f"{id_} ({places[id_]})" if id_ in places else str(id_) for id_ in verdict.get("rule_ids", ())]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The joined word of every layer and invariant (contract 3.1 and 9, "Deciding rules")."""

    decision: Decision
    rule_ids: tuple[str, ...]
    """All deciding rules, strictest first; `("default",)` where none matched."""
    reason: str
    """The reason of the first deciding rule; fit for the agent."""
    policy_snapshot: str
    """`v1:` and 12 hex digits."""
    tier: Tier = Tier.HIGH
    constraints: Constraints = NONE
    approvals: int = 1
    timeout_sec: int = 900
    on_timeout: OnTimeout = OnTimeout.DENY
    escalate_to: str = "escalation"
    escalate_after_sec: int | None = None
    """After how long nobody's decision sends the request to `escalate_to`; None: only its time-out can."""
    group: str = "default"
    """The group of reviewers a request goes to: the first `route` given, else by routing."""
    min_assurance: Assurance = Assurance.SESSION
    invariant: bool = False
    """Whether an invariant is among the deciding rules, or nobody mapped the call: time then never approves it."""
    layers: tuple[LayerWord, ...] = ()
    """Who said so, in the order of `rule_ids` but for rules that are built in; a layer that abstained is left out."""
    raised_from: Decision | None = None
    """What the policy said, where `decision` is stricter because a person had been asked already."""
    terms_of: str = ""
    """The request whose terms are joined in, or ""."""
    _json: JsonObject = field(default_factory=dict, init=False, repr=False, compare=False)
    """`as_json`, once it was asked for: the verdict on a kind of calls is told thousands of times."""

    @property
    def rule_id(self) -> str:
        return self.rule_ids[0]

    @classmethod
    def undecided(cls, snapshot: str) -> Verdict:
        """Of a call that the policy failed on: an exception in a check is a denial."""
        return cls(Decision.DENY, ("error",), "The call could not be decided", snapshot)

    def raised(self, floor: Decision) -> Verdict:
        """The same, at least `floor`."""
        return self if self.decision >= floor else replace(self, decision=floor, raised_from=self.decision)

    def joined(self, other: Verdict) -> Verdict:
        """Both on one call: in each respect the stricter, with the rules of both. Whom it goes to is said by the one
        that decides, of two alike by `other`."""
        if other == self:
            return self
        first, second = (self, other) if self.decision > other.decision else (other, self)
        return replace(
            first,
            rule_ids=tuple(dict.fromkeys((*first.rule_ids, *second.rule_ids))),
            tier=max(self.tier, other.tier),
            constraints=self.constraints.join(other.constraints),
            approvals=max(self.approvals, other.approvals),
            timeout_sec=min(self.timeout_sec, other.timeout_sec),
            on_timeout=max(self.on_timeout, other.on_timeout),
            min_assurance=max(self.min_assurance, other.min_assurance),
            invariant=self.invariant or other.invariant,
            layers=tuple(dict.fromkeys((*first.layers, *second.layers))),
            raised_from=None if self.decision is first.decision else self.decision,
        )

    def within(self, bounds: Constraints) -> Verdict:
        """The same, bound besides by these."""
        return replace(self, constraints=self.constraints.join(bounds)) if bounds else self

    def as_json(self) -> JsonObject:
        """The form in requests, records and `policy explain`. Not to be changed: copies share it."""
        if not self._json:
            self._json.update(self._told())
        return self._json

    def _told(self) -> JsonObject:
        return {
            "decision": self.decision.word,
            "rule_id": self.rule_id,
            "rule_ids": list(self.rule_ids),
            "reason": self.reason,
            "constraints": self.constraints.as_json(),
            "tier": self.tier.word,
            "route": self.group,
            "approvals": self.approvals,
            "timeout_sec": self.timeout_sec,
            "on_timeout": self.on_timeout.word,
            "escalate_to": self.escalate_to,
            "min_assurance": self.min_assurance.word,
            "policy_snapshot": self.policy_snapshot,
            "layers": [word.as_json() for word in self.layers],
            **({} if self.raised_from is None else {"raised_from": self.raised_from.word}),
            **({"terms_of": self.terms_of} if self.terms_of else {}),
        }
