"""Conditions as literals, in three truth values, as `lang.evaluate` has them.

Comparisons of a path with a constant are exact. What is not modelled is free: two paths, the order of texts, a position
in a list beside what the list contains. So there may be models that no call has, and never a call without a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from mcp_gate.lang.evaluate import compile_tree
from mcp_gate.lang.syntax import (
    And,
    Between,
    Compare,
    Contains,
    Expression,
    IsNull,
    IsTrue,
    Like,
    Not,
    Or,
    Path,
    Window,
    Within,
)
from mcp_gate.lang.syntax import Literal as Constant
from mcp_gate.policy.proof.cnf import FALSE, TRUE, Literal
from mcp_gate.policy.proof.patterns import containing, of_like, of_text
from mcp_gate.policy.proof.space import Space, Tri
from mcp_gate.policy.proof.values import Kind, Scalar, Value, kind_of

MIRRORED: Final = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


def condition(space: Space, tree: Expression, restrictive: bool) -> Tri:
    """Where a condition is true and where it is false.

    Args:
        restrictive: of a restrictive rule, for which no comparison with an absent attribute holds; for a permissive one
            it is unknown.
    """
    return _Reading(space, restrictive).read(tree)


class _Reading:
    def __init__(self, space: Space, restrictive: bool) -> None:
        self._space, self._restrictive = space, restrictive

    def read(self, tree: Expression) -> Tri:
        match tree:
            case Not(inner):
                yes, no = self.read(inner)
                return Tri(no, yes)
            case And(parts):
                return self._all([self.read(part) for part in parts])
            case Or(parts):
                return self._any([self.read(part) for part in parts])
            case Within(value, options):
                return self._any([self.read(Compare("=", value, option)) for option in options])
            case Between(value, low, high):
                return self._all([self.read(Compare(">=", value, low)), self.read(Compare("<=", value, high))])
            case _:
                return self._test(tree) or self._space.atom((tree, self._restrictive))

    def _test(self, tree: Expression) -> Tri | None:
        """A single test of one path; None where that is not modelled."""
        match tree:
            case (
                Compare(_, Constant(), Constant()) | Contains(Constant(), Constant())
                | Like(Constant()) | IsTrue(Constant()) | IsNull(Constant())
            ):  # fmt: skip
                found = compile_tree(tree, near=False)({})
                return Tri(TRUE if found is True else FALSE, TRUE if found is False else FALSE)
            case Compare(op, Constant() as constant, (Path() | Window()) as operand):
                return self._test(Compare(MIRRORED[op], operand, constant))
            case Compare(op, Window() as window, Constant(constant)):
                return self._compared(self._space.window(window), op, constant)
            case Compare(op, Path(parts), Constant(constant)):
                return self._of(parts, lambda value: self._compared(value, op, constant))
            case Like(Path(parts), pattern):
                return self._of(
                    parts, lambda value: self._known(value, Kind.TEXT, value.text.passes([of_like(pattern)]))
                )
            case IsTrue(Path(parts)):
                return self._of(parts, lambda value: self._known(value, Kind.BOOLEAN, value.true))
            case IsNull(Path(parts)):
                return self._of(parts, self._is_null)
            case Contains(Path(("call", "risk_tags")), Constant(str(tag))):
                return Tri(self._space.tags[tag], -self._space.tags[tag])
            case Contains(Path(parts), Constant(part)) if parts != ("call", "risk_tags"):
                return self._of(parts, lambda value: self._contains(value, part))
            case _:
                return None

    def _of(self, parts: Sequence[str | int], test: Callable[[Value], Tri]) -> Tri | None:
        value = self._space.value(tuple(parts))
        return None if value is None else test(value)

    def _known(self, value: Value, kind: Kind, holds: Literal) -> Tri:
        """A test that values of one kind pass or not; of all others it is unknown, but for the absent."""
        all_of, is_kind = self._space.cnf.all_of, value.is_(kind)
        fails = all_of([is_kind, -holds])
        return Tri(all_of([is_kind, holds]), self._space.cnf.any_of([fails, self._absent(value)]))

    def _compared(self, value: Value, op: str, constant: Scalar) -> Tri:
        """A path and a constant. Values of another kind are neither equal nor different."""
        if isinstance(constant, bool) and op not in ("=", "<>"):
            return Tri(FALSE, self._absent(value))  # booleans have no order
        less, equal, at_most = self._order(value, constant)
        holds = {"=": equal, "<>": -equal, "<": less, "<=": at_most, ">": -at_most, ">=": -less}[op]
        return self._known(value, kind_of(constant), holds)

    def _order(self, value: Value, constant: Scalar) -> tuple[Literal, Literal, Literal]:
        """Less than a constant, equal to it, either."""
        cnf = self._space.cnf
        if isinstance(constant, bool):
            equal = value.true if constant else -value.true
            return FALSE, equal, equal
        if isinstance(constant, Decimal):
            less, at_most = value.number.below(constant), value.number.at_most(constant)
            return less, cnf.all_of([at_most, -less]), at_most
        less, equal = value.sorts_before(constant), value.text.passes([of_text(constant)])
        cnf.add(-less, -equal)
        return less, equal, cnf.any_of([less, equal])

    def _contains(self, value: Value, part: Scalar) -> Tri:
        """A part of a text, or an item of a list: where none equals it and one does not compare, it is unknown."""
        all_of, any_of = self._space.cnf.all_of, self._space.cnf.any_of
        is_list, held, mixed = value.is_(Kind.LIST), value.items.holds(part), value.items.mixed(part)
        yes, no = [all_of([is_list, held])], [all_of([is_list, -held, -mixed]), self._absent(value)]
        if isinstance(part, str):
            of_text_ = self._known(value, Kind.TEXT, value.text.passes([containing(part)]))
            yes.append(of_text_.yes)
            no.append(of_text_.no)
        return Tri(any_of(yes), any_of(no))

    def _is_null(self, value: Value) -> Tri:
        nothing = self._space.cnf.any_of([value.is_(Kind.NOTHING), value.is_(Kind.ABSENT)])
        return Tri(nothing, self._space.cnf.all_of([-nothing, -value.is_(Kind.UNKNOWN)]))

    def _absent(self, value: Value) -> Literal:
        """Where the attribute is absent in a way that makes a comparison false."""
        return value.is_(Kind.ABSENT) if self._restrictive else FALSE

    def _all(self, parts: Sequence[Tri]) -> Tri:
        cnf = self._space.cnf
        return Tri(cnf.all_of(part.yes for part in parts), cnf.any_of(part.no for part in parts))

    def _any(self, parts: Sequence[Tri]) -> Tri:
        cnf = self._space.cnf
        return Tri(cnf.any_of(part.yes for part in parts), cnf.all_of(part.no for part in parts))
