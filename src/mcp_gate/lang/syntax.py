"""The tree of a condition: for those who evaluate conditions, and for those who reason about them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias, assert_never


class ConditionError(ValueError):
    """The text is not a condition; `column` counts the characters of the text from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant, as written."""

    value: Decimal | str | bool


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path into the facts of a call; numbers are positions in lists."""

    parts: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What the calls of the last while come to, the one that is decided included: their number, or a sum."""

    text: str
    """As written, but for space; what the window is known by."""
    seconds: int
    of: str | None
    """The attribute that is added up; None: the calls are counted."""
    same: tuple[str, ...]
    """What the calls have in common with the one that is decided: `agent`, `tool`, `topic`, `attributes.<name>`."""

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes without which a call has no part in it."""
        named = tuple(word.removeprefix("attributes.") for word in self.same if word.startswith("attributes."))
        return named if self.of is None else (self.of, *named)


Operand: TypeAlias = Literal | Path | Window


@dataclass(frozen=True, slots=True)
class Compare:
    """`a < b`, and the like."""

    op: str
    """One of = <> < <= > >=."""
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Within:
    """`a IN (b, c)`."""

    value: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """`a BETWEEN b AND c`, ends included."""

    value: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class Like:
    """`a LIKE '%b_'`."""

    value: Operand
    pattern: str


@dataclass(frozen=True, slots=True)
class Contains:
    """`a CONTAINS b`: a part of a text, or an item of a list."""

    value: Operand
    part: Operand


@dataclass(frozen=True, slots=True)
class IsNull:
    """`a IS NULL`."""

    value: Operand


@dataclass(frozen=True, slots=True)
class IsTrue:
    """A value that stands alone as a condition."""

    value: Operand


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT a`."""

    inner: Expression


@dataclass(frozen=True, slots=True)
class And:
    """`a AND b AND c`."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """`a OR b OR c`."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = Compare | Within | Between | Like | Contains | IsNull | IsTrue | Not | And | Or


def paths(tree: Expression) -> list[Path]:
    """Every path in a tree."""
    return [operand for operand in operands(tree) if isinstance(operand, Path)]


def windows(tree: Expression) -> list[Window]:
    """Every window in a tree."""
    return [operand for operand in operands(tree) if isinstance(operand, Window)]


def operands(tree: Expression) -> list[Operand]:
    """Everything that a tree compares, from left to right."""
    match tree:
        case Not(inner):
            return operands(inner)
        case And(parts) | Or(parts):
            return [operand for part in parts for operand in operands(part)]
        case Compare(_, left, right) | Contains(left, right):
            return [left, right]
        case Within(value, options):
            return [value, *options]
        case Between(value, low, high):
            return [value, low, high]
        case Like(value) | IsNull(value) | IsTrue(value):
            return [value]
        case _:
            assert_never(tree)
