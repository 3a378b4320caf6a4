"""Conditions: a subset of OGC CQL2 text over paths, windows, exact numbers, and three truth values.

A path that leads nowhere, a value of the wrong kind, and a value the gate calls unknown make a comparison UNKNOWN.
`IS NULL` is true of a path that leads nowhere. A name in arguments or results that stands beside nearly the same one
(case, width) leads to what is unknown. Booleans are not numbers, and texts compare with texts alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mcp_gate.lang.evaluate import ABSENT, WINDOWS, Environment, Test, compile_tree
from mcp_gate.lang.grammar import Scope, parse
from mcp_gate.lang.syntax import ConditionError, Expression, Window, paths, windows

__all__ = ["ABSENT", "WINDOWS", "Condition", "ConditionError", "Truth", "Window", "compile_condition", "paths"]


class Truth(Enum):
    """What a condition comes to."""

    TRUE = True
    FALSE = False
    UNKNOWN = None


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
        return frozenset(str(path.parts[0]) for path in paths(self.tree))

    @property
    def windows(self) -> tuple[Window, ...]:
        """Every window, each once."""
        return tuple(dict.fromkeys(windows(self.tree)))


def compile_condition(
    text: str, roots: frozenset[str], *, near_is_unknown: bool = False, with_windows: bool = False
) -> Condition:
    """Parse and compile.

    Args:
        roots: what a path may start with.
        with_windows: whether `sum(…)` and `count(…)` have a meaning here.
        near_is_unknown: texts that differ only in what another program may overlook (case, space at the ends, width,
            hidden characters) are neither equal nor different.

    Raises:
        ConditionError: the text is not a condition, is too long or too deep, or a path starts with something else.
    """
    tree = parse(text, Scope(roots, with_windows))
    return Condition(text, tree, compile_tree(tree, near_is_unknown))
