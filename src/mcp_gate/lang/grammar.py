"""From the text of a condition to its tree: a Lark grammar, loaded when the first condition is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from mcp_gate.lang.syntax import (
    And,
    Between,
    Compare,
    ConditionError,
    Contains,
    Expression,
    IsNull,
    IsTrue,
    Like,
    Literal,
    Not,
    Operand,
    Or,
    Path,
    Window,
    Within,
)
from mcp_gate.lang.windows import read_window

if TYPE_CHECKING:
    from lark import Lark

MOST_LENGTH: Final = 4096
MOST_NESTING: Final = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be named where a condition stands."""

    roots: frozenset[str]
    """What a path may start with."""
    windows: bool


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = files("mcp_gate.lang").joinpath("conditions.lark").read_text()
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def parse(text: str, scope: Scope) -> Expression:
    """The tree of a condition.

    Raises:
        ConditionError: the text is not a condition, is too long or too deep, or names what is not in scope.
    """
    from lark.exceptions import UnexpectedCharacters, UnexpectedToken

    if len(text) > MOST_LENGTH:
        raise ConditionError(f"it is longer than {MOST_LENGTH} characters", MOST_LENGTH + 1)
    try:
        tree = _parser().parse(text)
    except UnexpectedCharacters as e:
        at = e.pos_in_stream or 0
        if "DURATION" in (e.allowed or ()) and text[at].isdigit():
            raise ConditionError(f"found '{text[at]}', and no duration; write 30s, 15m, 24h or 7d", at + 1) from None
        raise ConditionError(_misfit(text[at], set()), at + 1) from None
    except UnexpectedToken as e:
        if e.token.type == "$END":
            raise ConditionError(f"it ends too early; expected {_words(e.accepts)}", len(text) + 1) from None
        raise ConditionError(_misfit(str(e.token), e.accepts), (e.token.start_pos or 0) + 1) from None
    return _expression(tree, scope, 1)


def _misfit(found: str, accepted: set[str]) -> str:
    """What to say of a piece of text where the grammar accepts other terminals, or none that it could name."""
    if found == '"':
        return "a text stands in 'single quotes'"
    if found == "'":
        return "a text is not closed; write '' for a quote inside it"
    if found in "0123456789" and not accepted:
        return f"found '{found}', and no number that we read; write plain digits, such as 900 or 0.7"
    return f"expected {_words(accepted)}, found '{found}'" if accepted else f"found '{found}', which fits nowhere"


def _words(accepted: set[str]) -> str:
    """What a person would call a set of the grammar's terminals."""
    words = [word for name, word in _WORDS.items() if name in accepted]
    if "NUMBER" in accepted:
        words = ["a path", "a number", "a 'text'"]
    return " or ".join(part for part in (", ".join(words[:-1]), words[-1] if words else "nothing more") if part)


_WORDS: Final = {
    "NAME": "a name", "DURATION": "a duration such as 24h", "STRING": "a 'text'", "INDEX": "a position",
    "COMPARE": "a comparison such as = or IN",
    "_AND": "AND", "_OR": "OR", "_BETWEEN": "BETWEEN", "_NULL": "NULL", "LPAR": "'('", "RPAR": "')'",
    "COMMA": "','", "RSQB": "']'",
}  # fmt: skip


def _expression(tree: Any, scope: Scope, depth: int) -> Expression:
    if depth > MOST_NESTING:
        raise ConditionError(f"it is nested deeper than {MOST_NESTING}", tree.meta.start_pos + 1)
    kids = tree.children
    name = str(tree.data)
    if name in ("disjunction", "conjunction"):
        parts = tuple(_expression(kid, scope, depth + 1) for kid in kids)
        return Or(parts) if name == "disjunction" else And(parts)
    if name == "negation":
        return Not(_expression(kids[0], scope, depth + 1))
    if name.startswith(("not_", "is_not_")):
        return Not(_predicate(name.replace("not_", "", 1), kids, scope))
    return _predicate(name, kids, scope)


def _predicate(name: str, kids: list[Any], scope: Scope) -> Expression:
    if name == "comparison":
        op = {"==": "=", "!=": "<>"}.get(str(kids[1]), str(kids[1]))
        return Compare(op, _operand(kids[0], scope), _operand(kids[2], scope))
    first, *rest = (_operand(kid, scope) for kid in kids)
    match name:
        case "between":
            return Between(first, rest[0], rest[1])
        case "within":
            return Within(first, tuple(rest))
        case "like":
            return Like(first, _pattern(kids[1]))
        case "contains":
            return Contains(first, rest[0])
        case "is_null":
            return IsNull(first)
        case _:
            if isinstance(first, Window) or (isinstance(first, Literal) and not isinstance(first.value, bool)):
                raise ConditionError("a value alone is not a condition; compare it with something", _column(kids[0]))
            return IsTrue(first)


def _operand(tree: Any, scope: Scope) -> Operand:
    name, kids = str(tree.data), tree.children
    match name:
        case "number":
            return Literal(Decimal(str(kids[0])))
        case "string":
            return Literal(_unquoted(str(kids[0])))
        case "true" | "false":
            return Literal(name == "true")
        case "window":
            if not scope.windows:
                raise ConditionError("only the conditions of rules look at other calls", _column(tree))
            return read_window(kids)
        case _:
            parts = tuple(_part(token) for token in kids)
            if parts[0] not in scope.roots:
                hint = ", ".join(sorted(scope.roots))
                raise ConditionError(f"'{parts[0]}' is not known here; a path starts with {hint}", _column(tree))
            return Path(parts)


def _pattern(tree: Any) -> str:
    """The pattern of a LIKE. Dialects differ in what a backslash does there: it is refused rather than guessed."""
    pattern = _unquoted(str(tree.children[0]))
    if "\\" in pattern:
        raise ConditionError("a backslash has no meaning in LIKE; use = or CONTAINS", _column(tree))
    return pattern


def _column(tree: Any) -> int:
    return int(tree.meta.start_pos) + 1


def _part(token: Any) -> str | int:
    if token.type == "STRING":
        return _unquoted(str(token))
    return int(token) if token.type == "INDEX" else str(token)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
