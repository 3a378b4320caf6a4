"""What can be served and is probably not meant: warnings of `policy check`, looked for once all files are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.model.config import GateSettings, Place
from mcp_gate.model.decision import Decision
from mcp_gate.policy.covers import covers
from mcp_gate.policy.documents import Documents
from mcp_gate.policy.lint_amounts import lint_amounts
from mcp_gate.policy.lint_names import lint_names
from mcp_gate.policy.lint_output import lint_output
from mcp_gate.policy.lint_proof import lint_proof
from mcp_gate.policy.lint_texts import lint_texts
from mcp_gate.policy.lint_time import STAFF, lint_time
from mcp_gate.policy.lint_trust import lint_autonomy, lint_sampling
from mcp_gate.policy.lint_versions import lint_versions
from mcp_gate.policy.mapping import ToolMapping
from mcp_gate.policy.read_autonomy import Autonomy
from mcp_gate.policy.read_upstreams import Upstreams
from mcp_gate.policy.rules import Layer, Rule
from mcp_gate.policy.terms import DEFAULT, Terms

POLICIES: Final = Place("policies", 1, 1)
WIDE: Final = 20
"""Unconditional rules of one document that later rules are compared with."""
COMPARED: Final = 200
"""Rules of one document that are compared at all."""


def lint(
    reader: Reader, documents: Documents, upstreams: Upstreams, settings: GateSettings, terms: Terms,
    autonomy: Autonomy,
) -> None:  # fmt: skip
    """Add warnings to the reader. Everything was read without an error."""
    layers = [*documents.layers, *autonomy.levels.values()]
    if not any(layer.rules for layer in layers):
        reader.warn(POLICIES, "there are no rules: every call is held", "add a document with rules to policies/")
    for layer in layers:
        _unreachable(reader, layer)
        _milder_by_claim(reader, layer)
    rules = [*(rule for layer in layers for rule in layer.rules), *documents.invariants]
    sizes = _sizes(settings)
    _everybodys(reader, settings)
    if sizes is not None:
        _unstaffed(reader, rules, sizes, terms)
    queue_policy, _ = documents.once.get("approval_queue_policy", (POLICIES, None))
    lint_time(reader, rules, terms, queue_policy, None if sizes is None else frozenset(sizes))
    _spelled_alike(reader, rules, upstreams)
    lint_names(reader, rules, upstreams, settings)
    lint_proof(reader, rules, settings)
    lint_autonomy(reader, documents, autonomy, settings)
    lint_sampling(reader, documents, documents.sampling, settings)
    lint_versions(reader, upstreams)
    lint_output(reader, documents.output_reviews)
    lint_texts(reader, rules)
    lint_amounts(reader, (rule for layer in layers for rule in layer.rules), upstreams)


def _milder_by_claim(reader: Reader, layer: Layer) -> None:
    """A rule that rests on what agents claim of their confidence, before a stricter one: a claim would choose it."""
    nearest: dict[Decision, Rule] = {}
    for rule in reversed(layer.rules):
        stricter = [later for later in nearest.values() if later.decision > rule.decision]
        if rule.match.rests_on_confidence and stricter:
            later = min(stricter, key=lambda other: other.place.line)
            reader.warn(
                rule.place, f"what an agent claims of its confidence can choose '{rule.id}' before the stricter "
                f"'{later.id}' in line {later.place.line}", f"put '{later.id}' first",
            )  # fmt: skip
        nearest[rule.decision] = rule


def _unreachable(reader: Reader, layer: Layer) -> None:
    """A rule that an earlier one of its document hides."""
    wide: list[Rule] = []
    for rule in layer.rules[:COMPARED]:
        cover = next((earlier for earlier in wide if covers(earlier.match, rule.match)), None)
        if cover is not None:
            reader.warn(
                rule.place, f"the rule '{rule.id}' never decides: '{cover.id}' in line {cover.place.line} comes first",
                "move it up, or remove it",
            )  # fmt: skip
        elif not rule.match.conditional and len(wide) < WIDE:
            wide.append(rule)


def _sizes(settings: GateSettings) -> Counter[str] | None:
    """How many reviewers are in each group; None where the one reviewer there is is in all."""
    if settings.reviewers is None:
        return None
    everybody = {DEFAULT: len(settings.reviewers)}
    return Counter(group for reviewer in settings.reviewers.values() for group in reviewer.groups) | Counter(everybody)


def _everybodys(reader: Reader, settings: GateSettings) -> None:
    """A group that only some reviewers are given, and all are in."""
    people = settings.reviewers or {}
    named = sum(DEFAULT in reviewer.groups for reviewer in people.values())
    if 0 < named < len(people):
        what = f"every reviewer is in the group '{DEFAULT}', also those whose groups do not name it"
        reader.warn(Place("gate.yaml", 1, 1), what, "give a group that only some are in another name")


def _unstaffed(reader: Reader, rules: Iterable[Rule], sizes: Counter[str], terms: Terms) -> None:
    """Groups that requests go to and nobody is in, or too few."""
    for rule in rules:
        if rule.route is None:
            continue
        if rule.route not in sizes:
            reader.warn(rule.place, f"no reviewer is in the group '{rule.route}'", STAFF)
        elif sizes[rule.route] < (rule.approvals or 1):
            message = f"'{rule.id}' needs {rule.approvals} people, and '{rule.route}' has {sizes[rule.route]}"
            reader.warn(rule.place, message, "add reviewers to the group in gate.yaml")
    for group in sorted(set(terms.routing.values()) - set(sizes)):
        reader.warn(POLICIES, f"no reviewer is in the group '{group}'", STAFF)


def _spelled_alike(reader: Reader, rules: Iterable[Rule], upstreams: Upstreams) -> None:
    """Tags of rules that differ from those of tools in case alone: such a rule matches none of their calls."""
    given = {tag for found in upstreams.mappings.values() for mapping in found.all() for tag in _tags(mapping)}
    folded = {tag.casefold(): tag for tag in sorted(given)}
    for rule in rules:
        match = rule.match
        for tag in sorted((match.risk_tags or frozenset()) | (match.risk_tags_all or frozenset())):
            other = folded.get(tag.casefold())
            if other is not None and tag not in given:
                reader.warn(rule.place, f"the tag '{tag}' is not the tag '{other}' of upstreams.yaml", "spell it alike")


def _tags(mapping: ToolMapping) -> Iterator[str]:
    yield from mapping.risk_tags
    for entry in mapping.tag_when:
        yield from entry.add
