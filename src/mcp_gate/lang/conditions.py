"""Conditions: a subset of OGC CQL2 text over paths, exact numbers, and three truth values.

A path that leads nowhere, a value of the wrong kind, and a value the gate calls unknown make a comparison UNKNOWN.
`IS NULL` is true of a path that leads nowhere. Booleans are no numbers, and texts compare with texts alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, TypeAlias, assert_never

from mcp_gate.lang.globs import compile_like
from mcp_gate.lang.reveal import is_hidden
from mcp_gate.model.call import UNKNOWN
from mcp_gate.model.foreign import Json

if TYPE_CHECKING:
    from lark import Lark

MOST_LENGTH: Final = 4096
MOST_NESTING: Final = 50


class Truth(Enum):
    TRUE = True
    FALSE = False
    UNKNOWN = None


class ConditionError(ValueError):
    """The text is no condition; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column


# ---- syntax tree: kept for those who reason about conditions instead of evaluating them


@dataclass(frozen=True, slots=True)
class Literal:
    value: Decimal | str | bool


@dataclass(frozen=True, slots=True)
class Path:
    parts: tuple[str | int, ...]


Operand: TypeAlias = Literal | Path


@dataclass(frozen=True, slots=True)
class Compare:
    op: str
    """One of = <> < <= > >=."""
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Within:
    value: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Between:
    value: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class Like:
    value: Operand
    pattern: str


@dataclass(frozen=True, slots=True)
class Contains:
    value: Operand
    part: Operand


@dataclass(frozen=True, slots=True)
class IsNull:
    value: Operand


@dataclass(frozen=True, slots=True)
class IsTrue:
    value: Operand


@dataclass(frozen=True, slots=True)
class Not:
    inner: Expression


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]


Expression: TypeAlias = Compare | Within | Between | Like | Contains | IsNull | IsTrue | Not | And | Or

Environment: TypeAlias = Mapping[str, Json]
Test: TypeAlias = Callable[[Environment], bool | None]
Getter: TypeAlias = Callable[[Environment], Json]


class Missing(Enum):
    """The type of what a path that leads nowhere leads to."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Absent(Enum):
    """The type of a value that nobody declared: no comparison with it holds, and none is unknown."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    text: str
    tree: Expression
    _test: Test

    def holds(self, env: Environment) -> Truth:
        """Evaluate over `env`, which maps the roots of paths to values."""
        return Truth(self._test(env))

    @property
    def roots(self) -> frozenset[str]:
        """The first parts of all paths."""
        return frozenset(path.parts[0] for path in paths(self.tree) if isinstance(path.parts[0], str))


def compile_condition(text: str, roots: frozenset[str], *, near_is_unknown: bool = False) -> Condition:
    """Parse and compile.

    Args:
        roots: what a path may start with.
        near_is_unknown: texts that differ only in what another program may overlook (case, space at the ends, width,
            hidden characters) are neither equal nor different.

    Raises:
        ConditionError: the text is no condition, is too long or too deep, or a path starts with something else.
    """
    if len(text) > MOST_LENGTH:
        raise ConditionError(f"longer than {MOST_LENGTH} characters", MOST_LENGTH)
    tree = _parse(text, roots)
    return Condition(text, tree, _test(tree, near_is_unknown))


def paths(tree: Expression) -> list[Path]:
    """Every path in a tree."""
    match tree:
        case Not(inner):
            return paths(inner)
        case And(parts) | Or(parts):
            return [path for part in parts for path in paths(part)]
        case Compare(_, left, right) | Contains(left, right):
            found: tuple[Operand, ...] = (left, right)
        case Within(value, options):
            found = (value, *options)
        case Between(value, low, high):
            found = (value, low, high)
        case Like(value) | IsNull(value) | IsTrue(value):
            found = (value,)
        case _:
            assert_never(tree)
    return [operand for operand in found if isinstance(operand, Path)]


# ---- parsing


@cache
def _parser() -> Lark:
    from lark import Lark

    grammar = files("mcp_gate.lang").joinpath("conditions.lark").read_text()
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _parse(text: str, roots: frozenset[str]) -> Expression:
    from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken

    _check_nesting(text)
    try:
        return _expression(_parser().parse(text), roots)
    except UnexpectedCharacters as e:
        raise ConditionError(f"'{text[e.column - 1]}' does not fit here", e.column) from None
    except UnexpectedToken as e:
        if e.token.type == "$END":
            raise ConditionError("it ends too early; something is missing", len(text) + 1) from None
        raise ConditionError(f"'{e.token}' does not fit here", e.token.start_pos + 1) from None
    except UnexpectedEOF:
        raise ConditionError("it ends too early; something is missing", len(text) + 1) from None


def _check_nesting(text: str) -> None:
    level = nots = 0
    for i, char in enumerate(text):
        level += (char == "(") - (char == ")")
        if char in "Nn" and text[i : i + 4].upper() == "NOT ":
            nots += 1
        if level > MOST_NESTING or nots > MOST_NESTING:
            raise ConditionError(f"nested deeper than {MOST_NESTING}", i + 1)


def _expression(tree: Any, roots: frozenset[str]) -> Expression:
    kids = tree.children
    name = str(tree.data)
    if name in ("disjunction", "conjunction"):
        parts = tuple(_expression(kid, roots) for kid in kids)
        return Or(parts) if name == "disjunction" else And(parts)
    if name == "negation":
        return Not(_expression(kids[0], roots))
    if name.startswith(("not_", "is_not_")):
        return Not(_predicate(name.replace("not_", "", 1), kids, roots))
    return _predicate(name, kids, roots)


def _predicate(name: str, kids: list[Any], roots: frozenset[str]) -> Expression:
    if name == "comparison":
        op = {"==": "=", "!=": "<>"}.get(str(kids[1]), str(kids[1]))
        return Compare(op, _operand(kids[0], roots), _operand(kids[2], roots))
    first, *rest = (_operand(kid, roots) for kid in kids)
    match name:
        case "between":
            return Between(first, rest[0], rest[1])
        case "within":
            return Within(first, tuple(rest))
        case "like":
            pattern = rest[0].value if isinstance(rest[0], Literal) else ""
            return Like(first, str(pattern))
        case "contains":
            return Contains(first, rest[0])
        case "is_null":
            return IsNull(first)
        case _:
            return IsTrue(first)


def _operand(tree: Any, roots: frozenset[str]) -> Operand:
    name, kids = str(tree.data), tree.children
    match name:
        case "number":
            return Literal(Decimal(str(kids[0])))
        case "string":
            return Literal(_unquoted(str(kids[0])))
        case "true" | "false":
            return Literal(name == "true")
        case _:
            parts = tuple(_part(token) for token in kids)
            if parts[0] not in roots:
                hint = ", ".join(sorted(roots))
                raise ConditionError(f"'{parts[0]}' is not known here; a path starts with {hint}", tree.meta.column)
            return Path(parts)


def _part(token: Any) -> str | int:
    if token.type == "STRING":
        return _unquoted(str(token))
    return int(token) if token.type in ("INDEX", "NUMBER") else str(token)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")


# ---- evaluation: closures that return True, False, or None for unknown


def _test(tree: Expression, near: bool) -> Test:
    match tree:
        case And(parts):
            return _all([_test(part, near) for part in parts])
        case Or(parts):
            return _any([_test(part, near) for part in parts])
        case Not(inner):
            return _inverted(_test(inner, near))
        case IsNull(value):
            return _is_null(_getter(value))
        case IsTrue(value):
            return _applied(lambda found: found if isinstance(found, bool) else None, value)
        case Like(value, pattern):
            return _applied(_like(pattern, near), value)
        case Compare(op, left, right):
            compare = _COMPARISONS[op]
            return _applied(lambda a, b: compare(a, b, near), left, right)
        case Within(value, options):
            return _any([_test(Compare("=", value, option), near) for option in options])
        case Between(value, low, high):
            return _all([_test(Compare(">=", value, low), near), _test(Compare("<=", value, high), near)])
        case Contains(value, part):
            return _applied(lambda a, b: _contains(a, b, near), value, part)
        case _:
            assert_never(tree)


def _all(tests: list[Test]) -> Test:
    def test(env: Environment) -> bool | None:
        unknown = False
        for one in tests:
            found = one(env)
            if found is False:
                return False
            unknown = unknown or found is None
        return None if unknown else True

    return test


def _any(tests: list[Test]) -> Test:
    def test(env: Environment) -> bool | None:
        unknown = False
        for one in tests:
            found = one(env)
            if found is True:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return test


def _inverted(inner: Test) -> Test:
    def test(env: Environment) -> bool | None:
        found = inner(env)
        return None if found is None else not found

    return test


def _is_null(get: Getter) -> Test:
    def test(env: Environment) -> bool | None:
        found = get(env)
        return None if found is UNKNOWN else found is MISSING or found is ABSENT or found is None

    return test


def _like(pattern: str, near: bool) -> Callable[[Json], bool | None]:
    exact, loose = compile_like(pattern), compile_like(_folded(pattern))

    def test(found: Json) -> bool | None:
        if not isinstance(found, str):
            return None
        if exact(found):
            return True
        return None if near and loose(_folded(found)) else False

    return test


def _applied(act: Callable[..., bool | None], *operands: Operand) -> Test:
    getters = [_getter(operand) for operand in operands]

    def test(env: Environment) -> bool | None:
        values = [get(env) for get in getters]
        if any(value is ABSENT for value in values):
            return False
        if any(value is MISSING or value is None or value is UNKNOWN for value in values):
            return None
        return act(*values)

    return test


def _getter(operand: Operand) -> Getter:
    if isinstance(operand, Literal):
        constant = operand.value
        return lambda env: constant
    root, *rest = operand.parts

    def get(env: Environment) -> Json:
        value: Json = env.get(str(root), MISSING)
        for part in rest:
            if isinstance(value, Mapping) and isinstance(part, str):
                value = value.get(part, MISSING)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return MISSING
        return value

    return get


def number(value: Json) -> int | Decimal | None:
    """The exact number of a JSON value, or None; a boolean is none."""
    kind = type(value)
    if kind is int or isinstance(value, Decimal):
        return value  # type: ignore[no-any-return]  # narrowed by the test above
    return Decimal(repr(value)) if kind is float else None


def _folded(text: str) -> str:
    """The text without what another program may overlook: case, width and other forms of a letter, what does not show,
    and space at the ends."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char == " " or not is_hidden(char)).strip()


def _equal(a: Json, b: Json, near: bool) -> bool | None:
    if isinstance(a, str) and isinstance(b, str):
        if a == b:
            return True
        return None if near and _folded(a) == _folded(b) else False
    if isinstance(a, bool) and isinstance(b, bool):
        return a is b
    x, y = number(a), number(b)
    return None if x is None or y is None else x == y


def _less(a: Json, b: Json, near: bool) -> bool | None:
    if isinstance(a, str) and isinstance(b, str):
        return a < b
    x, y = number(a), number(b)
    return None if x is None or y is None else x < y


def _not(found: bool | None) -> bool | None:
    return None if found is None else not found


def _contains(a: Json, b: Json, near: bool) -> bool | None:
    if isinstance(a, str) and isinstance(b, str):
        if b in a:
            return True
        return None if near and _folded(b) in _folded(a) else False
    if isinstance(a, list):
        found = [_equal(item, b, near) for item in a]
        return True if True in found else None if None in found else False
    return None


_COMPARISONS: Final[dict[str, Callable[[Json, Json, bool], bool | None]]] = {
    "=": _equal,
    "<>": lambda a, b, near: _not(_equal(a, b, near)),
    "<": _less,
    ">": lambda a, b, near: _less(b, a, near),
    "<=": lambda a, b, near: _not(_less(b, a, near)),
    ">=": lambda a, b, near: _not(_less(a, b, near)),
}
