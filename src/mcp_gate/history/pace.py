"""How fast each person decides: who is asked too much ends up approving without reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mcp_gate.history.cases import FAST_SEC
from mcp_gate.history.past import Word
from mcp_gate.history.service import timed
from mcp_gate.model.foreign import JsonObject
from mcp_gate.review.queue import quantile


@dataclass(frozen=True, slots=True)
class Pace:
    """One person's decisions of a period; seconds are None where there are none."""

    decisions: int = 0
    median_sec: float | None = None
    p95_sec: float | None = None
    hasty: int = 0
    """How many took less than two seconds: nobody reads a call in that."""

    def as_json(self) -> JsonObject:
        out: JsonObject = {"decisions": self.decisions}
        if self.median_sec is not None and self.p95_sec is not None:
            out["median_decision_sec"] = round(self.median_sec, 1)
            out["p95_decision_sec"] = round(self.p95_sec, 1)
            out["under_two_sec_share"] = round(self.hasty / self.decisions, 4)
        return out


NOTHING: Final = Pace()


def paces(words: Iterable[Word]) -> dict[str, Pace]:
    """Everybody who decided, by name."""
    taken: dict[str, list[float]] = defaultdict(list)
    for word, seconds in timed(words):
        taken[word.by].append(seconds)
    return {who: _pace(sorted(seconds)) for who, seconds in sorted(taken.items())}


def _pace(ascending: list[float]) -> Pace:
    hasty = sum(seconds < FAST_SEC for seconds in ascending)
    return Pace(len(ascending), quantile(ascending, 0.5), quantile(ascending, 0.95), hasty)
