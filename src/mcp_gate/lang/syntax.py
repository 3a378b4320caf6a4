"""The tree of a condition: for those who evaluate conditions, and for those who reason about them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias, assert_never


class ConditionError(ValueError):
    """The text is no condition; `column` counts the characters of the text from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column


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
