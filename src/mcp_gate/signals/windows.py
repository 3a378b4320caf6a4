"""What calls of the last while come to, kept as they come and go (contract 3.1: `count(24h)`, `sum(…, 24h)`).

Times are given by who asks; nothing here looks at a clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from heapq import heappop, heappush
from typing import Final, TypeAlias

from mcp_gate.lang.conditions import Window
from mcp_gate.lang.evaluate import folded
from mcp_gate.model.call import UNKNOWN, Call, Unknown
from mcp_gate.model.foreign import Json

MOST: Final = 10**18
"""An amount of more than that is none that can be added up."""
EXACT: Final = Context(prec=1000, traps=[Inexact, InvalidOperation, Overflow])
"""No sum of floats below `MOST` needs more digits; should one all the same, it fails rather than being rounded."""
ZERO: Final = Decimal(0)

Key: TypeAlias = tuple[str | None, ...]
"""What calls have in common; None: it cannot be told."""


@dataclass(frozen=True, slots=True)
class Deed:
    """The part of a call that windows look at."""

    agent: str
    upstream: str
    tool: str
    topic: str
    attributes: Mapping[str, Json]
    """As in `Call.attributes`."""

    @classmethod
    def of(cls, call: Call) -> Deed:
        return cls(call.agent, call.upstream, call.tool, call.topic, call.attributes)


class Windows:
    """Several windows over the same calls."""

    def __init__(self, windows: Iterable[Window] = ()) -> None:
        self._tallies = {window: Tally(window) for window in windows}

    def __bool__(self) -> bool:
        return bool(self._tallies)

    def open(self, windows: Iterable[Window]) -> tuple[Tally, ...]:
        """Keep these too; gives those that are new, and empty."""
        fresh = tuple(Tally(window) for window in windows if window not in self._tallies)
        self._tallies.update((tally.window, tally) for tally in fresh)
        return fresh

    def drop(self, windows: Iterable[Window]) -> None:
        for window in windows:
            self._tallies.pop(window, None)

    def keep(self, windows: Iterable[Window]) -> None:
        """Drop all others."""
        self.drop(self._tallies.keys() - set(windows))

    def values(
        self, windows: Iterable[Window], deed: Deed, now: float, again: str = ""
    ) -> dict[str, Decimal | Unknown]:
        """What windows come to with this deed, by their texts; those that it has no part in are left out.

        Args:
            again: the id of a call that is this very deed, asked for again: it is not counted twice.
        """
        found = {window.text: self._tallies[window].value(deed, now, again) for window in windows}
        return {text: value for text, value in found.items() if value is not None}

    def add(self, call_id: str, deed: Deed, at: float | None) -> None:
        """Count a call; without a time it counts until it is sent or taken out."""
        for tally in self._tallies.values():
            tally.add(call_id, deed, at)

    def sent(self, call_id: str, at: float) -> None:
        """A call that counted without a time has one now."""
        for tally in self._tallies.values():
            tally.sent(call_id, at)

    def remove(self, call_id: str) -> None:
        for tally in self._tallies.values():
            tally.remove(call_id)


def alone(windows: Iterable[Window], deed: Deed) -> dict[str, Decimal | Unknown]:
    """What windows come to with one deed where nothing else is known."""
    windows = tuple(windows)
    return Windows(windows).values(windows, deed, 0.0)


@dataclass(slots=True)
class _Group:
    """Calls that have in common what the window asks for."""

    count: int = 0
    total: Decimal = ZERO
    unknown: int = 0
    """How many of them have an amount that cannot be told."""


class Tally:
    """One window: its calls by what they have in common, and when each drops out."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self._needs = frozenset(window.attributes)
        self._calls: dict[str, tuple[Key, Decimal | None]] = {}
        self._groups: dict[Key, _Group] = {}
        self._ends: list[tuple[float, str]] = []
        """A heap. A call that was taken out stays in it until its time."""
        self._vague = 0
        """How many calls have a part of their key that cannot be told."""

    def value(self, deed: Deed, now: float, again: str) -> Decimal | Unknown | None:
        """See `Windows.values`; None: the deed has no part in it."""
        self._pass(now)
        key = self._key(deed)
        if key is None:
            return None
        own = self._amount(deed)
        if own is None or None in key or self._may_have_more(key):
            return UNKNOWN
        found = self._groups.get(key)
        if found is None:
            return own
        before = self._calls.get(again, (None, None))
        twice = before[1] if before[0] == key and before[1] is not None else ZERO
        unknown = found.unknown - (before[0] == key and before[1] is None)
        return UNKNOWN if unknown else EXACT.subtract(EXACT.add(found.total, own), twice)

    def add(self, call_id: str, deed: Deed, at: float | None) -> None:
        key = self._key(deed)
        if key is None or call_id in self._calls:
            return
        amount = self._amount(deed)
        self._calls[call_id] = key, amount
        group = self._groups.setdefault(key, _Group())
        group.count += 1
        group.unknown += amount is None
        group.total = EXACT.add(group.total, amount or ZERO)
        self._vague += None in key
        if at is not None:
            self.sent(call_id, at)

    def sent(self, call_id: str, at: float) -> None:
        if call_id in self._calls:
            heappush(self._ends, (at + self.window.seconds, call_id))

    def remove(self, call_id: str) -> None:
        found = self._calls.pop(call_id, None)
        if found is None:
            return
        key, amount = found
        group = self._groups[key]
        group.count -= 1
        group.unknown -= amount is None
        group.total = EXACT.subtract(group.total, amount or ZERO)
        self._vague -= None in key
        if not group.count:
            del self._groups[key]

    def __len__(self) -> int:
        return len(self._calls)

    def _pass(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now:
            self.remove(heappop(self._ends)[1])

    def _may_have_more(self, key: Key) -> bool:
        """Whether a call counts elsewhere that may belong here: nobody can tell."""
        return self._vague > 0 and any(
            None in other and all(a == b or b is None for a, b in zip(key, other, strict=True))
            for other in self._groups
        )

    def _key(self, deed: Deed) -> Key | None:
        if not deed.attributes.keys() >= self._needs:
            return None
        return tuple(_part(word, deed) for word in self.window.same)

    def _amount(self, deed: Deed) -> Decimal | None:
        """What a call adds; None: nobody can tell."""
        if self.window.of is None:
            return Decimal(1)
        value = deed.attributes[self.window.of]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= MOST:
            return None
        return Decimal(value) if isinstance(value, int) else Decimal(repr(value))


def _part(word: str, deed: Deed) -> str | None:
    """What a call has of what calls may have in common. Texts that another program may take for the same are the
    same here: a target that is spelled otherwise is not another target."""
    match word:
        case "agent":
            return deed.agent
        case "tool":
            return f"{deed.upstream} {deed.tool}"
        case "topic":
            return deed.topic
    value = deed.attributes[word.removeprefix("attributes.")]
    if isinstance(value, dict):
        return None
    return "".join(folded(str(value)).split())
