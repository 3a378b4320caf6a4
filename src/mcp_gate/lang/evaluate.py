"""Conditions as closures that return True, False, or None for unknown."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, assert_never

from mcp_gate.lang.globs import compile_like
from mcp_gate.lang.reveal import is_hidden
from mcp_gate.lang.syntax import (
    And,
    Between,
    Compare,
    Contains,
    Expression,
    IsNull,
    IsTrue,
    Like,
    Literal,
    Not,
    Operand,
    Or,
    Window,
    Within,
)
from mcp_gate.model.call import UNKNOWN, Unknown
from mcp_gate.model.foreign import Json

Environment: TypeAlias = Mapping[str, Json]
Test: TypeAlias = Callable[[Environment], bool | None]
Getter: TypeAlias = Callable[[Environment], Json]
Comparison: TypeAlias = Callable[[Json, Json, bool], bool | None]
"""The two values, and whether near misses of texts are unknown."""


WINDOWS: Final = "windows"
"""Where an environment holds the values of windows by their texts; one that is not there is unknown."""


OURS: Final = frozenset({"attributes", "call"})
"""Roots of paths whose names are the admin's and the gate's."""


class Missing(Enum):
    """The type of what a path that leads nowhere leads to."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Absent(Enum):
    """The type of a value that nobody declared: no comparison with it holds, and none is unknown."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def compile_tree(tree: Expression, near: bool) -> Test:
    """A test of an environment, which maps the roots of paths to values; `near`: see `compile_condition`."""
    match tree:
        case And(parts):
            return _unless(False, [compile_tree(part, near) for part in parts])
        case Or(parts):
            return _unless(True, [compile_tree(part, near) for part in parts])
        case Not(inner):
            return _inverted(compile_tree(inner, near))
        case IsNull(value):
            return _is_null(_getter(value))
        case IsTrue(value):
            return _of_one(lambda found: found if isinstance(found, bool) else None, value)
        case Like(value, pattern):
            return _of_one(_like(pattern, near), value)
        case Compare(op, left, right):
            compare = _COMPARISONS[op]
            return _of_two(compare, left, right, near)
        case Within(value, options):
            return _unless(True, [compile_tree(Compare("=", value, option), near) for option in options])
        case Between(value, low, high):
            return _unless(
                False, [compile_tree(Compare(">=", value, low), near), compile_tree(Compare("<=", value, high), near)]
            )
        case Contains(value, part):
            return _of_two(_contains, value, part, near)
        case _:
            assert_never(tree)


def _unless(settled: bool, tests: list[Test]) -> Test:
    """AND and OR: the first test that comes to `settled` settles it; else one unknown makes it unknown."""

    def test(env: Environment) -> bool | None:
        unknown = False
        for one in tests:
            found = one(env)
            if found is settled:
                return settled
            unknown = unknown or found is None
        return None if unknown else not settled

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
    exact, loose = compile_like(pattern), compile_like(folded(pattern))

    def test(found: Json) -> bool | None:
        if not isinstance(found, str):
            return None
        if exact(found):
            return True
        return None if near and loose(folded(found)) else False

    return test


def _of_one(act: Callable[[Json], bool | None], operand: Operand) -> Test:
    get = _getter(operand)

    def test(env: Environment) -> bool | None:
        value = get(env)
        return act(value) if type(value) not in _NO_VALUE else _valueless(value)

    return test


def _of_two(act: Comparison, left: Operand, right: Operand, near: bool) -> Test:
    get_left, get_right = _getter(left), _getter(right)

    def test(env: Environment) -> bool | None:
        a, b = get_left(env), get_right(env)
        if type(a) in _NO_VALUE or type(b) in _NO_VALUE:
            return _valueless(a, b)
        return act(a, b, near)

    return test


_NO_VALUE: Final = frozenset({Missing, Absent, Unknown, type(None)})


def _valueless(*values: Json) -> bool | None:
    """No comparison with what nobody declared holds; all others of this kind are unknown."""
    return False if ABSENT in values else None


def _getter(operand: Operand) -> Getter:
    if isinstance(operand, Literal):
        constant = operand.value
        return lambda env: constant
    if isinstance(operand, Window):
        text = operand.text
        return lambda env: env[WINDOWS].get(text, UNKNOWN)
    root, *rest = operand.parts
    ours = root in OURS

    def get(env: Environment) -> Json:
        value: Json = env.get(str(root), MISSING)
        for part in rest:
            if isinstance(value, Mapping) and isinstance(part, str):
                value = value.get(part, MISSING) if ours else member(value, part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return MISSING
        return value

    return get


def member(found: Mapping[str, Json], name: str) -> Json:
    """A member of somebody else's object: MISSING where there is none, UNKNOWN where another one by nearly the same
    name stands there. Programs that read names without regard to case take the last."""
    own = name in found
    if len(found) > own:
        plain, names = _name(name), _name("\n".join(found))
        if names.count(plain) > own and names.split("\n").count(plain) > own:
            return UNKNOWN
    return found.get(name, MISSING)


def _name(text: str) -> str:
    return text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def number(value: Json) -> int | Decimal | None:
    """The exact number of a JSON value, or None; a boolean is none."""
    if isinstance(value, (int, Decimal)):
        return None if isinstance(value, bool) else value
    return Decimal(repr(value)) if isinstance(value, float) and math.isfinite(value) else None


def folded(text: str) -> str:
    """The text without what another program may overlook: case, width and other forms of a letter, what does not show,
    and space at the ends."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char == " " or not is_hidden(char)).strip()


def _equal(a: Json, b: Json, near: bool) -> bool | None:
    if isinstance(a, str) and isinstance(b, str):
        if a == b:
            return True
        return None if near and folded(a) == folded(b) else False
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
        return None if near and folded(b) in folded(a) else False
    if isinstance(a, list):
        found = [_equal(item, b, near) for item in a]
        return True if True in found else None if None in found else False
    return None


_COMPARISONS: Final[dict[str, Comparison]] = {
    "=": _equal,
    "<>": lambda a, b, near: _not(_equal(a, b, near)),
    "<": _less,
    ">": lambda a, b, near: _less(b, a, near),
    "<=": lambda a, b, near: _not(_less(b, a, near)),
    ">=": lambda a, b, near: _not(_less(a, b, near)),
}
