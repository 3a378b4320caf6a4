"""Globs, the patterns of LIKE and plain texts as one kind of pattern, and every kind of text that they tell apart.

All patterns together are one automaton, made deterministic as far as it is walked: a state is the set of places where
some pattern may stand, one bit each. Walking it breadth first finds, for every set of tests that some text passes
together, a shortest text that does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Final, TypeAlias

MOST_STATES: Final = 100_000
EXAMPLES: Final = "xyzwvutsrqponmlkjihgfedcbaXYZWVUTSRQPONMLKJIHGFEDCBA0123456789_-"
"""What an example has where any character will do, best first."""
BEYOND: Final = 0xE0
"""Where letters go on, should all of those have a meaning."""


class Mark(Enum):
    """What stands in a pattern for characters that it does not name."""

    ONE = "one character"
    RUN = "any run of characters"


Pattern: TypeAlias = tuple[str | Mark, ...]
Test: TypeAlias = frozenset[Pattern]
"""Passed by a text that matches any of the patterns."""


class Words(Enum):
    """Which texts there are."""

    TOPICS = "parts that are not empty, joined by dots"
    NAMES = "texts that are not empty"
    TEXTS = "all texts"


class Explodes(Exception):
    """More states than can be looked at; the text says which patterns to simplify."""


def of_glob(text: str) -> Pattern:
    """The pattern of a glob."""
    return _pattern(text, "*", "?")


def of_like(text: str) -> Pattern:
    """The pattern of a condition's LIKE."""
    return _pattern(text, "%", "_")


def of_text(text: str) -> Pattern:
    """The text itself and nothing else."""
    return tuple(text)


def containing(text: str) -> Pattern:
    """The pattern of all texts that contain a text."""
    return (Mark.RUN, *text, Mark.RUN) if text else (Mark.RUN,)


def _pattern(text: str, run: str, one: str) -> Pattern:
    marks: dict[str, Mark] = {run: Mark.RUN, one: Mark.ONE}
    found: list[str | Mark] = []
    for char in text:
        mark = marks.get(char, char)
        if mark is not Mark.RUN or found[-1:] != [Mark.RUN]:
            found.append(mark)
    return tuple(found)


def classes(tests: Sequence[Test], words: Words, most: int = MOST_STATES) -> dict[frozenset[int], str]:
    """Every set of tests (by position) that some text passes, and no others, with a shortest such text.

    Raises:
        Explodes: the patterns need more than `most` states.
    """
    walk = _Walk(_Machine(tests), words, most)
    try:
        return walk.classes()
    except _TooMany as e:
        worst = sorted(
            {pattern for test in tests for pattern in test}, key=lambda one: (-one.count(Mark.RUN), len(one))
        )
        shown = ", ".join(f"'{_shown(pattern)}'" for pattern in worst[:3])
        message = f"globs explode: {most} states after {e.args[0]} characters; simplify those with several '*': {shown}"
        raise Explodes(message) from None


def _shown(pattern: Pattern) -> str:
    marks = {Mark.RUN: "*", Mark.ONE: "?"}
    return "".join(token if isinstance(token, str) else marks[token] for token in pattern)


class _TooMany(Exception):
    """More states than wanted; how long the texts are that lead to them."""


class _Machine:
    """All patterns side by side. A run is one place: at it the pattern may stay, or go on without a character."""

    def __init__(self, tests: Sequence[Test]) -> None:
        self._letters: dict[str, int] = {}
        self._ones = self._runs = self._ends = start = 0
        self._passes: dict[int, list[int]] = {}
        places: dict[Pattern, int] = {}
        at = 0
        for number, test in enumerate(tests):
            for pattern in sorted(test, key=repr):
                if pattern not in places:
                    start |= 1 << at
                    at = self._place(pattern, at)
                    places[pattern] = at - 1
                    self._ends |= 1 << (at - 1)
                self._passes.setdefault(places[pattern], []).append(number)
        self.start = self._free(start)
        self._known: dict[int, frozenset[int]] = {}

    def _place(self, pattern: Pattern, at: int) -> int:
        """Lay a pattern out from a bit on, and one more for its end; the first bit that is free after it."""
        for token in pattern:
            if token is Mark.RUN:
                self._runs |= 1 << at
            elif token is Mark.ONE:
                self._ones |= 1 << at
            else:
                self._letters[token] = self._letters.get(token, 0) | 1 << at
            at += 1
        return at + 1

    def _free(self, state: int) -> int:
        """No pattern has two runs side by side: one step is enough."""
        return state | (state & self._runs) << 1

    def step(self, state: int, char: str | None) -> int:
        """After a character, or after one that no pattern waits for."""
        fits = self._ones if char is None else self._ones | self._letters.get(char, 0)
        return self._free((state & fits) << 1 | (state & self._runs))

    def awaited(self, state: int) -> list[str]:
        """The characters that some pattern waits for by name; all others lead to one state."""
        return [char for char, places in self._letters.items() if state & places]

    def passed(self, state: int) -> frozenset[int]:
        """The tests that a text ending here passes."""
        ends = state & self._ends
        found = self._known.get(ends)
        if found is None:
            found = self._known[ends] = frozenset(number for bit in _bits(ends) for number in self._passes[bit])
        return found


def _bits(value: int) -> Iterator[int]:
    while value:
        low = value & -value
        yield low.bit_length() - 1
        value ^= low


_State: TypeAlias = tuple[int, bool]
"""Of the machine, and whether a text may end here (in topics: whether a part has begun)."""


class _Walk:
    """Breadth first through the states that texts can reach."""

    def __init__(self, machine: _Machine, words: Words, most: int) -> None:
        self._machine, self._words, self._most = machine, words, most
        self._before: dict[_State, tuple[_State, str] | None] = {(machine.start, words is Words.TEXTS): None}

    def classes(self) -> dict[frozenset[int], str]:
        found: dict[frozenset[int], str] = {}
        todo = deque(self._before)
        while todo:
            state = todo.popleft()
            if state[1]:
                passed = self._machine.passed(state[0])
                if passed not in found:
                    found[passed] = self._text(state)
            for char, after in self._steps(state):
                if after not in self._before:
                    if len(self._before) >= self._most:
                        raise _TooMany(len(self._text(state)) + 1)
                    self._before[after] = state, char
                    todo.append(after)
        return found

    def _steps(self, state: _State) -> Iterator[tuple[str, _State]]:
        places, inside = state
        awaited = self._machine.awaited(places)
        dotted = self._words is Words.TOPICS
        yield _other({*awaited, "."}), (self._machine.step(places, None), True)
        for char in awaited:
            if not (dotted and char == "."):
                yield char, (self._machine.step(places, char), True)
        if dotted and inside:
            yield ".", (self._machine.step(places, "."), False)

    def _text(self, state: _State) -> str:
        chars = []
        while (before := self._before[state]) is not None:
            state, char = before
            chars.append(char)
        return "".join(reversed(chars))


def _other(taken: Iterable[str]) -> str:
    """A character that is none of these."""
    plain = next((char for char in EXAMPLES if char not in taken), None)
    return plain or next(char for char in map(chr, range(BEYOND, 0x110000)) if char not in taken)
