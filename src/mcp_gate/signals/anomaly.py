"""How unusual a call is for its agent: conformal p-values of a few features against the agent's own past calls.

Of each feature we ask what share of the past was at least as extreme: that needs no model and no assumption about how
values are distributed, is the same on every machine, and explains itself.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Final, TypeAlias

from mcp_gate.model.foreign import JsonMapping, JsonObject

MOST: Final = 1000
"""Past calls of an agent that are compared with."""
AWAKE: Final = 50
"""Past calls from which on there is a score; before, nothing is unusual."""
ENOUGH: Final = 20
"""Past values of a feature from which on it is looked at."""
NAMES: Final = 8
"""Numeric arguments of a tool that are looked at, those seen first. An agent cannot dilute its score with more."""
DEPTH: Final = 3
KEYS: Final = 64
"""How deep, and at how many members, arguments are looked through for numbers."""
LARGEST: Final = 10**18
SCALE: Final = 1.6
"""A score of 0.8 is about one call in twenty, 1 one in forty."""
DIGITS: Final = 3
"""What machines may compute differently is far behind them."""
SHOWN_BELOW: Final = 0.1
SHOWN: Final = 3
"""Features that are told as reasons: how unusual at least, and how many."""
SIZE: Final = "bytes of arguments"
PACE: Final = "calls in the last minute"
STEP: Final = "tool after another"


@dataclass(frozen=True, slots=True)
class Act:
    """The part of a call that is compared."""

    tool: str
    """Upstream and tool, apart by a space."""
    size: int
    """Bytes of the arguments."""
    pace: int
    """The agent's calls in the minute up to this one."""
    numbers: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """One way in which a call may be unusual, as it is told."""

    name: str
    """Holds names of arguments and tools, which are not ours: reveal it."""
    value: int | float
    p: float
    """The share of past values that were at least as extreme."""

    def as_json(self) -> JsonObject:
        return {"feature": self.name, "value": self.value, "p": self.p}


@dataclass(frozen=True, slots=True)
class Anomaly:
    """How unusual a call is, 0 to 1."""

    score: Decimal = Decimal(0)
    features: tuple[Feature, ...] = ()
    """Why: the most unusual first; those of a usual call are left out."""


QUIET: Final = Anomaly()


_Share: TypeAlias = tuple[float, int, int, str, float]
"""How much of the past was at least as extreme: p, which is k / n; k; n; of which feature; and its value. No class of
its own: four of them are made for every call."""
_p: Final = itemgetter(0)


@dataclass(frozen=True, slots=True)
class _Learned:
    """A past call, and what of it was put where."""

    act: Act
    after: str | None
    numbers: tuple[tuple[str, float], ...]


class Profile:
    """What one agent usually does: its last calls that were executed, in order."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._past: deque[_Learned] = deque()
        self._paces: list[float] = []
        self._tails: dict[str, dict[str, list[float]]] = {}
        """Sorted values by tool and name."""
        self._steps: dict[str, dict[str, int]] = {}
        """How often a tool came after another."""
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self._past)

    def score(self, act: Act) -> Anomaly:
        """How unusual an act would be now."""
        if len(self._past) < AWAKE:
            return QUIET
        shares = self._shares(act)
        if not shares:
            return QUIET
        _, k, n, _, _ = min(shares, key=_p)
        corrected = k * len(shares)  # Bonferroni: the more we look at, the less one oddity says
        if corrected >= n:
            return QUIET
        score = Decimal(str(min(1.0, round(math.log10(n / corrected) / SCALE, DIGITS))))
        reasons = sorted((share for share in shares if share[0] <= SHOWN_BELOW), key=_p)[:SHOWN]
        return Anomaly(score, tuple(self._feature(act, name, value, p) for p, _, _, name, value in reasons))

    def learn(self, act: Act) -> None:
        """An act was executed."""
        if len(self._past) == self._most:
            self._forget(self._past.popleft())
        tails = self._tails.setdefault(act.tool, {SIZE: []})
        kept = []
        for name, value in act.numbers:
            if name in tails or len(tails) <= NAMES:
                insort(tails.setdefault(name, []), value)
                kept.append((name, value))
        insort(tails[SIZE], act.size)
        insort(self._paces, act.pace)
        if self._last is not None:
            after = self._steps.setdefault(self._last, {})
            after[act.tool] = after.get(act.tool, 0) + 1
        self._past.append(_Learned(act, self._last, tuple(kept)))
        self._last = act.tool

    def _shares(self, act: Act) -> list[_Share]:
        """Of every feature that there is enough to compare with; what says most of the call first."""
        found = []
        tails = self._tails.get(act.tool)
        if tails is not None:
            for name, value in (*act.numbers, (SIZE, act.size)):
                tail = tails.get(name)
                if tail is not None and len(tail) >= ENOUGH:
                    found.append(_tail(name, tail, value))
        steps = self._steps.get(self._last or "")
        if steps is not None and (of := sum(steps.values())) >= ENOUGH:
            times = steps.get(act.tool, 0)
            rarer = sum(n for n in steps.values() if n <= times)
            found.append(((rarer + 1) / (of + 1), rarer + 1, of + 1, STEP, times))
        if len(self._paces) >= ENOUGH:
            found.append(_tail(PACE, self._paces, act.pace))
        return found

    def _feature(self, act: Act, name: str, value: float, p: float) -> Feature:
        shown = f"{act.tool} after {self._last}" if name == STEP else name
        return Feature(shown, int(value) if value == int(value) else value, round(p, 4))

    def _forget(self, old: _Learned) -> None:
        act, tails = old.act, self._tails[old.act.tool]
        for name, value in (*old.numbers, (SIZE, act.size)):
            _remove(tails[name], value)
            if name != SIZE and not tails[name]:
                del tails[name]
        if not tails[SIZE]:
            del self._tails[act.tool]
        _remove(self._paces, act.pace)
        if old.after is not None:
            steps = self._steps[old.after]
            steps[act.tool] -= 1
            if not steps[act.tool]:
                del steps[act.tool]
            if not steps:
                del self._steps[old.after]


def unusual_told(signals: JsonMapping) -> str:
    """What stands in a call's signals about how unusual it is, for people; "" for a usual call. Reveal it."""
    if isinstance(signals.get("anomaly_score"), dict):
        return "it cannot be told"
    why = [f"{one['feature']} {one['value']} (1 in {round(1 / one['p'])})" for one in signals.get("anomaly", ())]
    return f"{signals['anomaly_score']}: {', '.join(why)}" if why else ""


def numbers_of(arguments: JsonMapping) -> tuple[tuple[str, float], ...]:
    """Every number in the arguments by its path, lists aside."""
    found: list[tuple[str, float]] = []
    _collect(found, "args.", arguments, KEYS, DEPTH)
    return tuple(found)


def _collect(found: list[tuple[str, float]], prefix: str, members: JsonMapping, left: int, depth: int) -> int:
    """Adds what is in one object; gives how many members may still be looked at."""
    for key, value in members.items():
        if not left:
            break
        left -= 1
        kind = type(value)
        if kind is int or kind is float:
            found.append((prefix + key, float(max(-LARGEST, min(LARGEST, value)))))
        elif kind is dict and depth > 1:
            left = _collect(found, f"{prefix}{key}.", value, left, depth - 1)
    return left


def _tail(name: str, past: Sequence[float], value: float) -> _Share:
    k, n = 1 + len(past) - bisect_left(past, value), len(past) + 1
    return k / n, k, n, name, value


def _remove(past: list[float], value: float) -> None:
    del past[bisect_left(past, value)]
