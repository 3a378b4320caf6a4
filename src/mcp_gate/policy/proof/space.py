"""Everything that a call can be, as variables of one formula. Several policies may speak of the same call."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias

from mcp_gate.lang.syntax import Window
from mcp_gate.policy.mapping import AMOUNTS
from mcp_gate.policy.proof.cnf import Cnf, Literal, Variables
from mcp_gate.policy.proof.numbers import Number
from mcp_gate.policy.proof.patterns import MOST_STATES, Words, of_glob
from mcp_gate.policy.proof.texts import Texts
from mcp_gate.policy.proof.values import SCALARS, Items, Kind, Value

Path: TypeAlias = tuple[str | int, ...]

WINDOW: Final = "window"
"""The root of windows, among the paths."""
UNMAPPED: Final = "unmapped"
"""The tag of calls without a mapping, and how their topics begin."""
MOST_VALUE_STATES: Final = 5_000
"""States for the patterns that one argument is compared with."""


class Tri(NamedTuple):
    """Where a condition is true, and where it is false; elsewhere it is unknown."""

    yes: Literal
    no: Literal


class Space:
    """One call."""

    def __init__(self, most: int = MOST_STATES) -> None:
        """
        Args:
            most: states that the globs of each of topic, agent, upstream and tool may need.
        """
        self.cnf = cnf = Cnf()
        self.topic = Texts(cnf, Words.TOPICS, "job.x", most=most)
        self.agent = Texts(cnf, Words.NAMES, "default", most=most)
        self.upstream = Texts(cnf, Words.NAMES, "upstream", most=most)
        self.tool = Texts(cnf, Words.NAMES, "tool", most=most)
        self._parts: list[Texts | Number | Items] = [self.topic, self.agent, self.upstream, self.tool]
        self.tags: Variables[str] = Variables(cnf)
        self.values: dict[Path, Value] = {}
        self._windows: list[Window] = []
        self._atoms: dict[object, Tri] = {}
        self.unmapped = cnf.new()
        cnf.add(-self.unmapped, self.topic.passes([of_glob(f"{UNMAPPED}.*.*")]))
        cnf.add(-self.unmapped, self.tags[UNMAPPED])

    def value(self, path: Path) -> Value | None:
        """What a condition finds at a path; None where that is not modelled."""
        if path[:2] == ("call", "risk_tags") and len(path) > 2:
            return None
        if path not in self.values:
            self.values[path] = self._value(path)
            self._nest(path)
        return self.values[path]

    def window(self, window: Window) -> Value:
        """What the calls of a while come to, this one included."""
        path = (WINDOW, window.text)
        if path not in self.values:
            absent = (Kind.ABSENT,) if window.attributes else ()
            number = Number(self.cnf, least=0) if window.of else Number(self.cnf, least=1, whole=True)
            text, items = Texts(self.cnf, Words.TEXTS), Items(self.cnf)
            self._parts += [number, text, items]
            self.values[path] = Value(self.cnf, (Kind.NUMBER, Kind.UNKNOWN, *absent), number, text, items)
            self._windows.append(window)
            for name in window.attributes:
                self.value(("attributes", name))
        return self.values[path]

    def atom(self, key: object) -> Tri:
        """What is not modelled: true, false or unknown, whatever else holds. The same for the same key."""
        if key not in self._atoms:
            yes, no = self.cnf.new(), self.cnf.new()
            self.cnf.add(-yes, -no)
            self._atoms[key] = Tri(yes, no)
        return self._atoms[key]

    def free(self) -> list[Literal]:
        """What is not modelled: literals that hold or not whatever else does."""
        atoms = [literal for atom in self._atoms.values() for literal in atom]
        return atoms + [literal for value in self.values.values() for literal in value.earlier.values()]

    def close(self) -> None:
        """Say what goes together in a call, once everything was asked of it.

        Raises:
            Explodes: the globs need too many states.
        """
        for window in self._windows:
            self._close_window(window, self.window(window))
        for tag, literal in self.tags.items():
            if tag != UNMAPPED:
                self.cnf.add(-self.unmapped, -literal)
        for value in self.values.values():
            if Kind.ABSENT in value.kinds:
                self.cnf.add(-self.unmapped, value.is_(Kind.ABSENT))
        for part in self._parts:
            part.close()

    def _close_window(self, window: Window, value: Value) -> None:
        """A call has part in a window if it has all of its attributes; the sum can be told if they can."""
        has, add = [self.values["attributes", name] for name in window.attributes], self.cnf.add
        if has:
            self.cnf.equal_to_any(value.is_(Kind.ABSENT), [one.is_(Kind.ABSENT) for one in has])
        for one in has:
            add(-value.is_(Kind.NUMBER), -one.is_(Kind.UNKNOWN))
        if window.of is not None:
            own = self.values["attributes", window.of]
            add(-value.is_(Kind.NUMBER), own.is_(Kind.NUMBER))
            add(-value.is_(Kind.NUMBER), -own.number.below(Decimal(0)))
            value.number.no_less_than(own.number, value.is_(Kind.NUMBER))

    def _value(self, path: Path) -> Value:
        of_call = {"agent": self.agent, "upstream": self.upstream, "tool": self.tool, "topic": self.topic}
        shared = of_call.get(str(path[1])) if path[0] == "call" and len(path) == 2 else None
        text = shared or Texts(self.cnf, Words.TEXTS, most=MOST_VALUE_STATES, loose=True)
        number, items = NUMBERS.get(path, Number)(self.cnf), Items(self.cnf)
        self._parts += [number, items] if shared else [number, items, text]
        return Value(self.cnf, _kinds(path), number, text, items)

    def _nest(self, path: Path) -> None:
        """What stands at a path below `args` needs an object or a list around it."""
        if path[0] != "args" or len(path) < 3:
            return
        around = self.value(path[:-1])
        assert around is not None
        kind = Kind.LIST if isinstance(path[-1], int) else Kind.OBJECT
        self.cnf.add(self.values[path].is_(Kind.NOTHING), around.is_(kind))


def _unit(cnf: Cnf) -> Number:
    return Number(cnf, least=0, most=1)


NUMBERS: Final[dict[Path, Callable[[Cnf], Number]]] = {
    ("attributes", "confidence"): _unit,
    ("attributes", "anomaly_score"): _unit,
    ("attributes", "retry_count"): lambda cnf: Number(cnf, least=0, whole=True),
    **{("attributes", name): lambda cnf: Number(cnf, least=0) for name in AMOUNTS},
}
"""Numbers that do not go everywhere."""
SIGNALS: Final[dict[str, tuple[Kind, ...]]] = {
    "confidence": (Kind.NUMBER, Kind.UNKNOWN),
    "anomaly_score": (Kind.NUMBER, Kind.UNKNOWN),
    "retry_count": (Kind.NUMBER,),
    "first_time_action": (Kind.BOOLEAN,),
    "tainted": (Kind.BOOLEAN,),
}
"""What the gate supplies, among the attributes."""


def _kinds(path: Path) -> tuple[Kind, ...]:
    match path:
        case ("args" | "attributes" | "call",):
            return (Kind.OBJECT,)
        case ("args", *_):
            return (Kind.NOTHING, *SCALARS, Kind.LIST, Kind.OBJECT)
        case ("attributes", str(name)) if name in SIGNALS:
            return SIGNALS[name]
        case ("attributes", str(name)):
            kinds = (Kind.NUMBER,) if name in AMOUNTS else SCALARS
            return (Kind.ABSENT, Kind.UNKNOWN, *kinds)
        case ("call", "agent" | "upstream" | "tool" | "topic"):
            return (Kind.TEXT,)
        case ("call", "risk_tags"):
            return (Kind.LIST,)
        case _:
            return (Kind.NOTHING,)
