"""Warnings about conditions that compare what an agent writes exactly, where its server may not: `PROD` for `prod`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.syntax import And, Compare, Contains, Expression, Like, Literal, Not, Operand, Or, Path, Within
from mcp_gate.policy.rules import Rule


def lint_texts(reader: Reader, rules: Iterable[Rule]) -> None:
    """A restrictive rule that another spelling slips past, or a permissive one that it passes by. Who lists a text in
    two spellings thought of that."""
    for rule in rules:
        if rule.match.when is None:
            continue
        found = list(_compared(rule.match.when.tree, positive=True))
        spellings = Counter(text.casefold() for text in {text for text, _ in found})
        restrictive = rule.decision.restrictive
        for text, positive in found:
            if positive is restrictive and spellings[text.casefold()] == 1:
                other = text.lower() if text.isupper() else text.upper()
                message = f"'{rule.id}' compares exactly: '{reveal(other)}' is not '{reveal(text)}'"
                cure = "a tag of tag_when in upstreams.yaml counts for it as well; let the rule look at that"
                reader.warn(rule.place, message, cure)
                break


def _compared(tree: Expression, *, positive: bool) -> Iterator[tuple[str, bool]]:
    """Texts that arguments are compared with, and whether the condition holds where they are equal."""
    match tree:
        case Not(inner):
            yield from _compared(inner, positive=not positive)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _compared(part, positive=positive)
        case Compare("=" | "<>" as op, left, right):
            for a, b in ((left, right), (right, left)):
                yield from _text(a, b, positive=positive is (op == "="))
        case Within(value, options):
            for option in options:
                yield from _text(value, option, positive=positive)
        case Contains(value, part):
            yield from _text(value, part, positive=positive)
        case Like(value, pattern):
            yield from _text(value, Literal(pattern), positive=positive)
        case _:
            pass


def _text(value: Operand, other: Operand, *, positive: bool) -> Iterator[tuple[str, bool]]:
    match value, other:
        case Path(("args", *_)), Literal(str(text)) if text.lower() != text.upper():
            yield text, positive
        case _:
            pass
