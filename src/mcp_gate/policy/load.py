"""Loads a gate directory: every file read strictly, every problem collected, one frozen result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Mapping_, Node, Refused, read
from mcp_gate.model.call import Call
from mcp_gate.model.config import ConfigError, GateSettings, Place, Problem, UpstreamSpec
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.policy.clauses import Subject, compile_rule
from mcp_gate.policy.engine import BUILT_IN_CONSTRAINTS, Policy, Terms
from mcp_gate.policy.mapping import UpstreamMapping
from mcp_gate.policy.read_match import read_constraints
from mcp_gate.policy.read_output import OutputRule, read_output
from mcp_gate.policy.read_rules import read_invariants, read_layer, read_never, unique
from mcp_gate.policy.read_sections import (
    Autonomy,
    Queue,
    Sampling,
    read_action_classes,
    read_audit,
    read_autonomy,
    read_evidence,
    read_queue,
    read_routing,
    read_tiers,
)
from mcp_gate.policy.read_settings import read_settings
from mcp_gate.policy.read_upstreams import read_upstreams, read_version
from mcp_gate.policy.read_workflow import Workflow, read_workflow
from mcp_gate.policy.rules import Layer, Rule
from mcp_gate.policy.snapshot import Snapshot, snapshot

UPSTREAMS: Final = "upstreams.yaml"
SETTINGS: Final = "gate.yaml"
POLICIES: Final = "policies/"

MANY: Final = frozenset({"rules", "invariants", "never", "output_review", "default_decision", "evidence_contract"})
"""Sections that may stand in several documents."""
ONCE: Final = frozenset(
    {
        "risk_tiers", "routing", "action_classes", "approval_queue_policy", "fatigue_controls", "audit",
        "autonomy_levels", "promotion_criteria", "demotion_triggers", "default_constraints",
    }
)  # fmt: skip
LATER: Final = {
    "audit": "sampled audit is", "autonomy_levels": "autonomy is", "promotion_criteria": "autonomy is",
    "demotion_triggers": "autonomy is", "fatigue_controls": "fatigue controls are",
    "approval_queue_policy": "queue targets and caps are",
}  # fmt: skip
"""Sections that are checked and not yet in force, and what to call them."""
DEFAULTS: Final = {word.word: word for word in (Decision.REQUIRE_APPROVAL, Decision.DENY)}


@dataclass(frozen=True, slots=True)
class Loaded:
    """One gate directory in force. Swapped as one reference; no call sees half of two."""

    policy: Policy
    upstreams: Mapping[str, UpstreamSpec]
    """In the order of the file."""
    mappings: Mapping[str, UpstreamMapping]
    settings: GateSettings
    snapshot: Snapshot
    warnings: tuple[Problem, ...] = ()
    output_rules: tuple[OutputRule, ...] = ()
    autonomy: Autonomy = field(default_factory=Autonomy)
    sampling: Sampling | None = None
    queue: Queue = field(default_factory=Queue)
    workflows: tuple[Workflow, ...] = ()

    def asks(self, upstream: str, tool: str) -> tuple[str, ...]:
        """What the tool's listed schema asks the agent for: of `confidence`, `reason`."""
        mapping = self.mappings[upstream].tool(tool)
        return () if mapping is None else mapping.ask

    def is_mapped(self, upstream: str, tool: str, method: str) -> bool:
        """Whether the admin said what a tool, resource or prompt is."""
        return self.mappings[upstream].of(tool, method) is not None

    def removals(self, call: Call) -> tuple[OutputRule, ...]:
        """The rules of the output review that take fields out of this call's result."""
        if not self.output_rules:
            return ()
        subject = Subject(call.agent, call.upstream, call.tool, call.topic, frozenset(call.risk_tags))
        return tuple(rule for rule in self.output_rules if rule.paths and _concerns(rule, subject))


def _concerns(rule: OutputRule, subject: Subject) -> bool:
    """Thresholds in the match of an output rule are not looked at: the rule then applies, which takes out more."""
    if rule.match is None:
        return True
    return compile_rule(Rule(rule.id, Place("", 0, 0), rule.match, Decision.DENY)).concerns(subject)


def load(files: Mapping[str, bytes]) -> Loaded:
    """Read, check and compile.

    Args:
        files: by path relative to the gate directory, as `gate.directory.read_directory` gives them.

    Raises:
        ConfigError: with every problem of the run, sorted by place.
    """
    reader = Reader()
    found = _Found()
    trees = {path: tree for path in sorted(files) if (tree := _tree(reader, path, files[path])) is not None}
    if UPSTREAMS not in files:
        reader.error(Place(UPSTREAMS, 1, 1), "the file is missing", "write it, or run 'mcp-gate init'")
    settings = read_settings(reader, trees[SETTINGS]) if SETTINGS in trees else GateSettings()
    upstreams = read_upstreams(reader, trees[UPSTREAMS]) if UPSTREAMS in trees else None
    for path, tree in trees.items():
        if path.startswith(POLICIES):
            _document(reader, path, tree, found)
    unique(reader, [*(rule for layer in found.layers for rule in layer.rules), *found.invariants])
    autonomy, queue = found.autonomy(reader), found.queue(reader)
    terms = found.terms(reader, queue)
    if not found.layers:
        reader.warn(Place(POLICIES, 1, 1), "there are no rules: every call is held", "add a document to policies/")
    if reader.problems or upstreams is None:
        raise ConfigError(tuple(sorted(set(reader.problems), key=_by_place)))
    snap = snapshot(files)
    return Loaded(
        policy=Policy(found.layers, found.invariants, replace(terms, snapshot=snap.id)),
        upstreams=upstreams.specs,
        mappings=upstreams.mappings,
        settings=settings,
        snapshot=snap,
        warnings=tuple(sorted(reader.warnings, key=_by_place)),
        output_rules=tuple(found.output_rules),
        autonomy=autonomy,
        sampling=found.sampling,
        queue=queue,
        workflows=tuple(found.workflows),
    )


def _by_place(problem: Problem) -> tuple[str, int, int, str]:
    return problem.place.file, problem.place.line, problem.place.column, problem.message


def _tree(reader: Reader, path: str, data: bytes) -> Mapping_ | None:
    try:
        tree, problems = read(path, data)
    except Refused as refused:
        reader.problems.append(refused.problem)
        return None
    reader.problems.extend(problems)
    return tree


@dataclass(slots=True)
class _Found:
    """What the documents say, while they are read."""

    layers: list[Layer] = field(default_factory=list)
    invariants: list[Rule] = field(default_factory=list)
    output_rules: list[OutputRule] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    default_decision: Decision = Decision.REQUIRE_APPROVAL
    default_constraints: Constraints = BUILT_IN_CONSTRAINTS
    sampling: Sampling | None = None
    once: dict[str, tuple[Place, Node]] = field(default_factory=dict)

    def section(self, key: str) -> Node | None:
        return self.once[key][1] if key in self.once else None

    def autonomy(self, reader: Reader) -> Autonomy:
        keys = ("autonomy_levels", "promotion_criteria", "demotion_triggers")
        return read_autonomy(reader, *(self.section(key) for key in keys))

    def queue(self, reader: Reader) -> Queue:
        return read_queue(reader, self.section("approval_queue_policy"), self.section("fatigue_controls"))

    def terms(self, reader: Reader, queue: Queue) -> Terms:
        return Terms(
            snapshot="",
            default_decision=self.default_decision,
            default_constraints=self.default_constraints,
            tiers=read_tiers(reader, self.section("risk_tiers")),
            routing=read_routing(reader, self.section("routing")),
            action_classes=read_action_classes(reader, self.section("action_classes")),
            escalate_to=queue.escalate_to or "escalation",
        )


def _document(reader: Reader, path: str, root: Mapping_, found: _Found) -> None:
    """One policy document; its rules are one layer."""
    if "steps" in root.entries:
        workflow = read_workflow(reader, root)
        found.workflows += [workflow] if workflow is not None else []
        reader.warn(root.place, "workflows are not yet in force")
        return
    reader.mapping(root, {"version", *MANY, *ONCE})
    read_version(reader, root, required=not path.endswith(".json"))
    for key, place in root.keys.items():
        if key in ONCE:
            _once(reader, key, place, root.entries[key], found)
    _many(reader, path, root, found)


def _once(reader: Reader, key: str, place: Place, node: Node, found: _Found) -> None:
    if key in found.once:
        was = found.once[key][0]
        reader.error(place, f"'{key}' stands in {was.file}:{was.line} already", "keep one of them")
        return
    found.once[key] = (place, node)
    if key in LATER:
        reader.warn(place, f"{LATER[key]} not yet in force")
    if key == "audit":
        found.sampling = read_audit(reader, node)
    elif key == "default_constraints":
        found.default_constraints = read_constraints(reader, node)
        if not found.default_constraints:
            reader.error(place, "default_constraints constrain nothing", "add max_runtime_sec or another constraint")


def _many(reader: Reader, path: str, root: Mapping_, found: _Found) -> None:
    get = root.entries.get
    if "rules" in root.entries:
        found.layers.append(read_layer(reader, path, get("rules"), ids=True))
    found.invariants.extend(read_invariants(reader, get("invariants")))
    read_never(reader, get("never"))
    read_evidence(reader, get("evidence_contract"))
    default = reader.one_of(get("default_decision"), DEFAULTS, "a default (require_approval or deny)")
    if default is not None:
        found.default_decision = max(found.default_decision, default)
    review = read_output(reader, get("output_review"))
    if review is not None:
        found.output_rules.extend(review.rules)
        if any(rule.entities for rule in review.rules) or not review.enabled:
            reader.warn(root.keys["output_review"], "entities of the output review are not yet in force")
