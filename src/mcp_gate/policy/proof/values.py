"""What stands at the end of a path, as far as conditions can tell: its kind, and what of that kind it is."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias

from mcp_gate.model.call import UNKNOWN, Unknown
from mcp_gate.model.foreign import Json
from mcp_gate.policy.proof.cnf import FALSE, TRUE, Cnf, Literal, Model, Variables
from mcp_gate.policy.proof.numbers import Number
from mcp_gate.policy.proof.texts import Texts

Scalar: TypeAlias = Decimal | str | bool
"""What a literal of a condition is."""


class Kind(Enum):
    """What may stand at the end of a path."""

    ABSENT = "an attribute that the tool's mapping does not declare"
    UNKNOWN = "a declared attribute that cannot be told"
    NOTHING = "a path that leads nowhere, or to null"
    NUMBER = "a number"
    TEXT = "a text"
    BOOLEAN = "true or false"
    LIST = "a list"
    OBJECT = "an object"


SCALARS: Final = (Kind.NUMBER, Kind.TEXT, Kind.BOOLEAN)


def kind_of(value: Scalar) -> Kind:
    """The kind of a literal."""
    if isinstance(value, bool):
        return Kind.BOOLEAN
    return Kind.NUMBER if isinstance(value, Decimal) else Kind.TEXT


class Value:
    """One of several kinds, and what is asked of it as that kind."""

    def __init__(self, cnf: Cnf, kinds: Collection[Kind], number: Number, text: Texts, items: Items) -> None:
        self._cnf = cnf
        self.kinds = {kind: TRUE if len(kinds) == 1 else cnf.new() for kind in kinds}
        if len(kinds) > 1:
            cnf.exactly_one(list(self.kinds.values()))
        self.number, self.text, self.items = number, text, items
        self._true: Literal | None = None
        self.earlier: Variables[str] = Variables(cnf)

    def is_(self, kind: Kind) -> Literal:
        return self.kinds.get(kind, FALSE)

    @property
    def true(self) -> Literal:
        """Of a boolean: whether it is true."""
        if self._true is None:
            self._true = self._cnf.new()
        return self._true

    def sorts_before(self, text: str) -> Literal:
        """Of a text: whether it comes before another. Apart from equality, this is taken to be free."""
        return self.earlier[text]

    def example(self, model: Model) -> Json | Unknown:
        """A value of this kind; None for what is not there."""
        kind = next(kind for kind, chosen in self.kinds.items() if model[chosen])
        match kind:
            case Kind.NUMBER:
                return self.number.example(model)
            case Kind.TEXT:
                return self.text.example(model)
            case Kind.BOOLEAN:
                return self._true is not None and model[self._true]
            case Kind.LIST:
                return self.items.example(model)
            case Kind.OBJECT:
                return {}
            case Kind.UNKNOWN:
                return UNKNOWN
            case Kind.ABSENT | Kind.NOTHING:
                return None


class Items:
    """What a list holds: literals that were asked for, others of each kind, and what compares with nothing."""

    OTHERS: Final[dict[Kind, Scalar]] = {Kind.NUMBER: Decimal("0.123456789"), Kind.TEXT: "(another)"}

    def __init__(self, cnf: Cnf) -> None:
        self._cnf = cnf
        self._held: Variables[tuple[Kind, Scalar]] = Variables(cnf)
        self._mixed: Variables[Kind] = Variables(cnf)
        self._others: Variables[Kind] = Variables(cnf)

    def holds(self, value: Scalar) -> Literal:
        """Whether an item equals this."""
        return self._held[kind_of(value), value]

    def mixed(self, value: Scalar) -> Literal:
        """Whether an item does not compare with this."""
        return self._mixed[kind_of(value)]

    def close(self) -> None:
        """Say what goes together, once everything was asked."""
        for kind, mixed in self._mixed.items():
            held = [literal for (other, _), literal in self._held.items() if other is not kind]
            others = [self._others[other] for other in (*self.OTHERS, Kind.OBJECT) if other is not kind]
            self._cnf.equal_to_any(mixed, [*held, *others])

    def example(self, model: Model) -> Json:
        items: list[Json] = [value for (_, value), held in self._held.items() if model[held]]
        items += [self.OTHERS.get(kind, {}) for kind, held in self._others.items() if model[held]]
        return items
