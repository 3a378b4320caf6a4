"""Reads `output_review:` (contract 3.6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Node
from mcp_gate.model.config import Place
from mcp_gate.model.output import OutputDecision, Unscannable
from mcp_gate.policy.clauses import Static, Subject, static_clauses
from mcp_gate.policy.read_detection import KEYS as DETECTION_KEYS
from mcp_gate.policy.read_detection import UNSAID, Detection, Names, read_detection
from mcp_gate.policy.read_match import read_match
from mcp_gate.policy.read_rules import Ids
from mcp_gate.policy.rules import Match

KEYS: Final = frozenset(
    {"id", "match", "fields", "action", "entities", "min_score", "count_above", "decision", "reason", "unscannable"}
)
SECTION_KEYS: Final = frozenset({"enabled", "rules", "unscannable"}) | DETECTION_KEYS
CREDENTIALS: Final = frozenset({"API_KEY", "PRIVATE_KEY", "JWT", "PASSWORD", "CONNECTION_STRING"})
"""The group `CREDENTIAL`; everything else is in the group `PII`."""
DECISIONS: Final = {d.word: d for d in OutputDecision if d is not OutputDecision.TOKENIZE}
UNSCANNABLE: Final = {word.word: word for word in Unscannable}
LEAST_SCORE: Final = Decimal("0.5")
"""`min_score` of a rule that has none."""


@dataclass(frozen=True, slots=True)
class OutputRule:
    """One rule; with `paths` it removes fields, with `entities` it decides on what a detector finds."""

    id: str
    match: Match | None = None
    paths: tuple[tuple[str, ...], ...] = ()
    entities: frozenset[str] = frozenset()
    min_score: Decimal = LEAST_SCORE
    count_above: int | None = None
    decision: OutputDecision | None = None
    unscannable: Unscannable | None = None
    reason: str = ""
    clauses: tuple[Static, ...] = ()
    document: int = 0
    """Which of all sections it stands in."""

    def concerns(self, subject: Subject) -> bool:
        """Whether the rule is about calls of this kind. Thresholds and conditions in its match are not looked at: the
        rule then applies, which takes out more. Where it depends on tags of which nobody can tell, it applies if it
        keeps something back."""
        keeps = bool(self.paths) or self.decision not in (None, OutputDecision.ALLOW)
        keeps = keeps or self.unscannable is Unscannable.QUARANTINE
        return all((clause.test if keeps else clause.surely)(subject) for clause in self.clauses)

    def covers(self, entity: str, score: float) -> bool:
        """Whether the rule decides on what a detector called by this name."""
        group = "CREDENTIAL" if entity in CREDENTIALS else "PII"
        return (entity in self.entities or group in self.entities) and score >= self.min_score


@dataclass(frozen=True, slots=True)
class OutputReview:
    """The `output_review:` of one document."""

    enabled: bool = True
    rules: tuple[OutputRule, ...] = field(default=())
    unscannable: Unscannable | None = None
    detection: Detection = UNSAID
    place: Place | None = None


def read_output(reader: Reader, node: Node | None, ids: Ids, names: Names) -> OutputReview | None:
    """The section of one document, or None."""
    block = reader.mapping(node, SECTION_KEYS, "an output review")
    if block is None:
        return None
    enabled = reader.boolean(block.entries.get("enabled"))
    unscannable = reader.one_of(block.entries.get("unscannable"), UNSCANNABLE, "pass, drop or quarantine")
    rules = reader.each(block.entries.get("rules"), lambda item: _rule(reader, item, ids, names))
    return OutputReview(enabled is not False, rules, unscannable, read_detection(reader, block, names), block.place)


def _rule(reader: Reader, node: Node, ids: Ids, names: Names) -> OutputRule | None:
    block = reader.mapping(node, KEYS, "a rule of the output review")
    if block is None:
        return None
    get = block.entries.get
    id_ = ids.read(reader, block)
    match = read_match(reader, get("match"))
    fields, entities = get("fields"), get("entities")
    if fields is None and entities is None and "unscannable" not in block.entries:
        reader.error(block.place, "the rule names neither fields nor entities", "add one of them")
    if fields is not None:
        reader.one_of(
            reader.need(block, "action", "add action: remove"), {"remove": "remove"}, "remove, the one action there is"
        )
    decision: OutputDecision | None = reader.one_of(get("decision"), DECISIONS, "allow, redact or quarantine")
    if fields is None and "action" in block.entries:
        decision = _tokenize(reader, block.entries["action"], entities, decision)
    elif entities is not None and decision is None and "decision" not in block.entries:
        reader.error(block.place, "the rule does not decide", "add decision: redact or quarantine")
    unscannable = reader.one_of(get("unscannable"), UNSCANNABLE, "pass, drop or quarantine")
    return OutputRule(
        id=id_ or "?",
        match=match,
        paths=reader.each(fields, lambda item: _path(reader, item)),
        entities=frozenset(reader.each(entities, lambda item: names.use(reader, item))),
        min_score=LEAST_SCORE if (least := reader.decimal(get("min_score"), most=1)) is None else least,
        count_above=reader.integer(get("count_above")),
        decision=decision,
        unscannable=unscannable,
        reason=reader.text(get("reason"), "a reason") or "",
        clauses=() if match is None or reader.problems else static_clauses(match),
    )


def _tokenize(
    reader: Reader, node: Node, entities: Node | None, decision: OutputDecision | None
) -> OutputDecision | None:
    """The action of a rule about entities, which decides as well."""
    reader.one_of(node, {"tokenize": "tokenize"}, "tokenize, the one action of a rule about entities")
    if decision is not None:
        reader.error(node.place, "the rule has both a decision and an action", "keep one of them")
    for item in reader.sequence(entities, "a list"):
        name = reader.text(item, "an entity")
        if name == "CREDENTIAL" or name in CREDENTIALS:
            reader.error(item.place, f"'{name}' is never put back: it has no token", "write decision: redact for it")
    return OutputDecision.TOKENIZE


def _path(reader: Reader, node: Node) -> tuple[str, ...] | None:
    text = reader.text(node, "a path")
    if text is None:
        return None
    try:
        return parse_path(text)
    except ValueError:
        reader.error(node.place, f"'{reveal(text)}' is not a path", "write keys joined by dots, *, ** or [*]")
        return None


def parse_path(text: str) -> tuple[str, ...]:
    """Split `a.b[*].c` into keys, `*`, `**` and `[*]`.

    Raises:
        ValueError: an empty step, or an index other than `[*]`.
    """
    steps: list[str] = []
    for part in text.split("."):
        key, *items = part.split("[")
        wild = "*" in key and key not in ("*", "**")
        if (not key and not items) or wild or any(item != "*]" for item in items):
            raise ValueError(f"{text!r} is not a path")
        if key:
            steps.append(key)
        steps.extend("[*]" for _ in items)
    return tuple(steps)
