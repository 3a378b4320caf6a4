"""Many patterns in few passes over some bytes: by hyperscan, whose compiled patterns are kept.

What makes it fast: words are patterns of their own each, which hyperscan finds as literals; and what means something
only near a digit or a separator is looked for where one is, block by block.
"""

from __future__ import annotations

import platform
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from mcp_gate.detect.kept import kept

Fired: TypeAlias = Mapping[int, Sequence[int]]
"""For every kind of pattern that matches, by its number, where matches end; ascending."""


class Group(NamedTuple):
    """Patterns that are looked for in one pass."""

    patterns: tuple[tuple[int, str], ...]
    """Each with the number of its kind."""
    guard: str | None = None
    """Characters of which one stands at most `AROUND` bytes from every place that matters; None where none does."""


class Engine(Protocol):
    def __call__(self, buffer: bytes, most: int | None = None) -> Fired:
        """Where matches end.

        Args:
            most: how many there may be, where nobody has time for more.

        Raises:
            TooMany: there are more.
        """
        ...


class TooMany(Exception):
    """There are more matches than somebody has time for."""


_SHORT: Final = 16_384
"""Bytes that are gone through as a whole: to ask what may be left out takes longer, or to count what is found."""
_BLOCK: Final = 2_048
"""Bytes that are asked at once whether a guard stands in them,"""
_BLOCKS: Final = 32_768
"""after that was asked of all these."""
AROUND: Final = 256
"""Bytes before and behind a block with a guard that are looked at with it: more than any cue reaches."""
_LONGEST: Final = 256
"""More than the bytes of any match of a guarded pattern."""


def hyperscan_engine(groups: Sequence[Group]) -> Engine:
    """Raises: ImportError: there is no wheel for this platform."""
    import hyperscan

    guards = [None if group.guard is None else [bytes((char,)) for char in group.guard.encode()] for group in groups]
    bases = [_database(hyperscan, group.patterns) for group in groups]
    numbers = [number for group in groups for number, _ in group.patterns]
    shared = frozenset(number for number in numbers if numbers.count(number) > 1)
    idle: list[list[Any]] = []
    """Scratch spaces not in use: one for each base, for every thread that is scanning."""

    def run(buffer: bytes, most: int | None = None) -> Fired:
        scratches = idle.pop() if idle else [*map(hyperscan.Scratch, bases)]
        found: defaultdict[int, list[int]] = defaultdict(list)
        try:
            if len(buffer) <= _SHORT:
                _at_once(buffer, zip(bases, guards, scratches, strict=True), found)
                if most is not None and sum(map(len, found.values())) > most:
                    raise TooMany
            else:
                for guard, base, scratch in zip(guards, bases, scratches, strict=True):
                    one = _Pass(base, scratch, most)
                    for start, stop in [(0, len(buffer))] if guard is None else _guarded(buffer, guard):
                        one.look(buffer, start, stop, found)
        except hyperscan.ScanTerminated:
            raise TooMany from None
        finally:
            idle.append(scratches)
        for number in found.keys() & shared:  # two may end in one place
            if len(found[number]) > 1:
                found[number] = [*dict.fromkeys(found[number])]
        found.default_factory = None
        return found

    return run


def plain_engine(patterns: Sequence[re.Pattern[bytes]]) -> Engine:
    """The same with nothing but the standard library, by one pattern for each kind: slower."""

    def run(buffer: bytes, most: int | None = None) -> Fired:
        found = ([match.end() for match in pattern.finditer(buffer)] for pattern in patterns)
        return {number: ends for number, ends in enumerate(found) if ends}

    return run


def _at_once(
    buffer: bytes, passes: Iterable[tuple[Any, Sequence[bytes] | None, Any]], found: dict[int, list[int]]
) -> None:
    """Note where it ends what a short buffer holds, in the fewest steps."""

    def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
        found[number].append(end)

    for base, guard, scratch in passes:
        if guard is None or _holds(buffer, guard):
            base.scan(buffer, match_event_handler=note, scratch=scratch)


class _Pass:
    """One base, for one buffer."""

    def __init__(self, base: Any, scratch: Any, most: int | None = None) -> None:
        self._base, self._scratch = base, scratch
        self._left = most

    def scan(self, part: bytes, found: dict[int, list[int]]) -> None:
        """Note for every kind where it ends."""

        def note(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found[number].append(end)

        def counted(number: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            found[number].append(end)
            assert self._left is not None
            self._left -= 1
            return self._left < 0

        self._base.scan(part, match_event_handler=note if self._left is None else counted, scratch=self._scratch)

    def look(self, buffer: bytes, start: int, stop: int, found: dict[int, list[int]]) -> None:
        """Add what ends behind `start`, up to `stop`."""
        if start == 0 and stop == len(buffer):
            self.scan(buffer, found)
            return
        first = max(0, start - _LONGEST)
        here: defaultdict[int, list[int]] = defaultdict(list)
        self.scan(buffer[first:stop], here)
        for number, ends in here.items():
            if more := [first + end for end in ends if first + end > start]:
                found[number] += more


def _holds(part: bytes, guard: Sequence[bytes]) -> bool:
    """Whether one of these bytes is in it: each is looked for a hundred times as fast as by a pattern."""
    for char in guard:  # noqa: SIM110 - a generator takes longer than the search
        if char in part:
            return True
    return False


def _guarded(buffer: bytes, guard: Sequence[bytes]) -> list[tuple[int, int]]:
    """The stretches near what guards, apart from each other."""
    stretches: list[tuple[int, int]] = []
    size = len(buffer)
    for first in range(0, size, _BLOCKS):
        if not _holds(buffer[first : first + _BLOCKS], guard):
            continue
        for block in range(first, min(size, first + _BLOCKS), _BLOCK):
            if not _holds(buffer[block : block + _BLOCK], guard):
                continue
            start, stop = max(0, block - AROUND), min(size, block + _BLOCK + AROUND)
            if stretches and stretches[-1][1] >= start:
                stretches[-1] = stretches[-1][0], stop
            else:
                stretches.append((start, stop))
    return stretches


def _database(hyperscan: Any, numbered: Sequence[tuple[int, str]]) -> Any:
    """Compiled in half a second, or kept from another process."""

    def compiled() -> Any:
        made = hyperscan.Database()
        made.compile(
            expressions=[pattern.encode() for _, pattern in numbered],
            ids=[number for number, _ in numbered],
            flags=[0] * len(numbered),
        )
        return made

    source = repr((hyperscan.__version__, platform.machine(), [*numbered])).encode()
    try:
        return hyperscan.loadb(kept(source, lambda: bytes(hyperscan.dumpb(compiled()))), hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:  # kept by another kind of processor
        return compiled()
