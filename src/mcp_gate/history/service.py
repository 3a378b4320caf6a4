"""How long people took, by their own words: the real times, and times to draw from for what nobody decided then."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from mcp_gate.history.past import Held, Past, Word
from mcp_gate.model.request import RequestStatus

GATE: Final = "gate"
"""The kind of requests whose queue this is about; others are about results and samples."""
SETTLED: Final = frozenset({RequestStatus.APPROVED, RequestStatus.REJECTED})
ANY: Final = ""
"""Where any group, or any tool, is meant."""


def timed(words: Iterable[Word]) -> Iterable[tuple[Word, float]]:
    """People's words, oldest first, and the seconds each took: from when the request came or the same person's word
    before, whichever was later. A night is part of it: nobody wrote down when people were away."""
    before: dict[str, float] = {}
    for word in sorted((word for word in words if word.by_a_person), key=lambda word: word.at):
        begun = max(word.came, before.get(word.by, word.came))
        before[word.by] = word.at
        yield word, max(0.0, word.at - begun)


class Service:
    """The times of one period, and who was active in it."""

    def __init__(self, words: Iterable[Word], staff: Callable[[str], int]) -> None:
        """
        Args:
            staff: how many reviewers a group has that nobody was active in.
        """
        self._staff = staff
        self._real: dict[str, list[float]] = defaultdict(list)
        self._settled: dict[str, float] = {}
        self._active: dict[str, set[str]] = defaultdict(set)
        pools: dict[tuple[str, str], list[float]] = defaultdict(list)
        for word, seconds in timed(words):
            if word.kind != GATE:
                continue
            self._real[word.request_id].append(seconds)
            self._settled[word.request_id] = word.at
            self._active[word.group].add(word.by)
            for key in _keys(word.group, word.tool):
                pools[key].append(seconds)
        self._pools = {key: array("d", sorted(pool)) for key, pool in pools.items()}

    def reviewers(self, group: str) -> int:
        """How many people a group's queue had, at least one."""
        return max(1, len(self._active[group]) if group in self._active else self._staff(group))

    def settled(self, held: Held) -> float | None:
        """When people settled a request, seconds since the epoch; None where they did not."""
        return self._settled.get(held.id) if held.status in SETTLED else None

    def of(self, past: Past, group: str, count: int) -> tuple[float, ...]:
        """Seconds of work that a held call takes, one for each person: the real ones where people settled it then.

        Empty where nobody ever decided anything. What is drawn for a call is always the same.
        """
        held = past.held
        if held is not None and self.settled(held) is not None:
            return tuple(self._real[held.id])
        pool = next((self._pools[key] for key in _keys(group, past.tool) if key in self._pools), None)
        if pool is None:
            return ()
        digest = hashlib.sha256(past.call.id.encode()).digest()
        draws = (int.from_bytes(digest[at : at + 4]) for at in range(0, 4 * count, 4))
        return tuple(pool[draw % len(pool)] for draw in draws)


def _keys(group: str, tool: str) -> tuple[tuple[str, str], ...]:
    """Where to look for times that fit, best first."""
    return (group, tool), (group, ANY), (ANY, tool), (ANY, ANY)
