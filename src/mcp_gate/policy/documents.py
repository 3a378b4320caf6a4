"""Reads policy documents one after the other, and joins what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.config import Place
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.policy.read_autonomy import Autonomy, read_autonomy
from mcp_gate.policy.read_detection import Names
from mcp_gate.policy.read_match import read_constraints
from mcp_gate.policy.read_output import OutputReview, read_output
from mcp_gate.policy.read_queue import Queue, read_evidence, read_queue
from mcp_gate.policy.read_rules import Ids, read_invariants, read_layer, read_never
from mcp_gate.policy.read_sampling import Sampling, read_audit
from mcp_gate.policy.read_terms import read_action_classes, read_routing, read_tiers
from mcp_gate.policy.read_version import read_version
from mcp_gate.policy.read_workflow import read_workflow
from mcp_gate.policy.rules import Layer, Rule
from mcp_gate.policy.terms import BUILT_IN_CONSTRAINTS, Terms
from mcp_gate.policy.workflow import Workflow

MANY: Final = frozenset({"rules", "invariants", "never", "output_review", "default_decision", "evidence_contract"})
"""Sections that may stand in several documents."""
ONCE: Final = frozenset(
    {
        "risk_tiers", "routing", "action_classes", "approval_queue_policy", "fatigue_controls", "audit",
        "autonomy_levels", "promotion_criteria", "demotion_triggers", "default_constraints",
    }
)  # fmt: skip
DEFAULTS: Final = {word.word: word for word in (Decision.REQUIRE_APPROVAL, Decision.DENY)}


@dataclass(slots=True)
class Documents:
    """What all documents say together, while they are read."""

    layers: list[Layer] = field(default_factory=list)
    invariants: list[Rule] = field(default_factory=list)
    claims: list[Rule] = field(default_factory=list)
    output_reviews: list[OutputReview] = field(default_factory=list)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    """By the paths of their documents."""
    default_decision: Decision = Decision.REQUIRE_APPROVAL
    default_constraints: Constraints = BUILT_IN_CONSTRAINTS
    sampling: Sampling | None = None
    rule_ids: Ids = field(default_factory=lambda: Ids("rule"))
    output_ids: Ids = field(default_factory=lambda: Ids("rule of the output review"))
    entities: Names = field(default_factory=Names)
    workflow_names: dict[str, str] = field(default_factory=dict)
    once: dict[str, tuple[Place, Node]] = field(default_factory=dict)

    def add(self, reader: Reader, path: str, root: Mapping_) -> None:
        """Read one document. Its rules are one layer."""
        if "steps" in root.entries:
            self._workflow(reader, path, root)
            return
        reader.mapping(root, MANY | ONCE | {"version"})
        read_version(reader, root, required=not path.endswith(".json"))
        for key, place in root.keys.items():
            if key in ONCE:
                self._section(reader, key, place, root.entries[key])
        self._rules(reader, path, root)

    def autonomy(self, reader: Reader) -> Autonomy:
        """Levels and what moves agents between them. Call once, after all documents."""
        promotion, demotion = self._node("promotion_criteria"), self._node("demotion_triggers")
        return read_autonomy(reader, self._node("autonomy_levels"), promotion, demotion, self.rule_ids)

    def all_rules(self, autonomy: Autonomy) -> Iterator[Rule]:
        """The rules of every document and level, and the invariants. Call once all documents are read."""
        for layer in (*self.layers, *autonomy.levels.values()):
            yield from layer.rules
        yield from self.invariants

    def queue(self, reader: Reader) -> Queue:
        """Targets, caps and cooldowns. Call once, after all documents."""
        return read_queue(reader, self._node("approval_queue_policy"), self._node("fatigue_controls"))

    def terms(self, reader: Reader, queue: Queue) -> Terms:
        """What surrounds the rules, but for the snapshot. Call once, after all documents."""
        return Terms(
            default_decision=self.default_decision,
            default_constraints=self.default_constraints,
            tiers=read_tiers(reader, self._node("risk_tiers")),
            routing=read_routing(reader, self._node("routing")),
            action_classes=read_action_classes(reader, self._node("action_classes")),
            escalate_to=queue.escalate_to or Terms().escalate_to,
            escalate_after_sec=queue.escalate_after_sec,
        )

    def place(self, section: str) -> Place | None:
        """Where a section stands that may stand once."""
        return self.once[section][0] if section in self.once else None

    def _node(self, key: str) -> Node | None:
        return self.once[key][1] if key in self.once else None

    def _workflow(self, reader: Reader, path: str, root: Mapping_) -> None:
        workflow = read_workflow(reader, root)
        if workflow is None:
            return
        first = self.workflow_names.setdefault(workflow.name, path)
        if first != path:
            place = root.entries["name"].place
            reader.error(place, f"a workflow '{workflow.name}' stands in {first} already", "give one another name")
        self.workflows[path] = workflow

    def _section(self, reader: Reader, key: str, place: Place, node: Node) -> None:
        if key in self.once:
            was = self.once[key][0]
            reader.error(place, f"'{key}' stands in {was.file}:{was.line} already", "keep one of them")
            return
        self.once[key] = (place, node)
        if key == "audit":
            self.sampling = read_audit(reader, node)
        elif key == "default_constraints":
            self.default_constraints = read_constraints(reader, node)
            if not self.default_constraints:
                reader.error(place, "default_constraints constrain nothing", "add max_runtime_sec")

    def _rules(self, reader: Reader, path: str, root: Mapping_) -> None:
        get = root.entries.get
        if "rules" in root.entries:
            self.layers.append(read_layer(reader, path, get("rules"), self.rule_ids))
        self.invariants.extend(read_invariants(reader, get("invariants"), self.rule_ids))
        self.claims.extend(read_never(reader, get("never"), self.rule_ids))
        read_evidence(reader, get("evidence_contract"))
        default = reader.one_of(get("default_decision"), DEFAULTS, "a default (require_approval or deny)")
        if default is not None:
            self.default_decision = max(self.default_decision, default)
        review = read_output(reader, get("output_review"), self.output_ids, self.entities)
        if review is not None:
            self.output_reviews.append(review)
