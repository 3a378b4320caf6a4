"""How much of a text the network is shown: what it takes grows with every token, and a name needs a line around it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

REACH: Final = 20
"""Tokens before and behind a word that could be a name from which the network tells whether it is one."""
_NUMBER: Final = re.compile(r"(?=(?:[A-Za-z+/_=-]*\d){3})[0-9A-Za-z+/_=-]{9,}")
"""A long number, a key, something encoded: no words, and they would take more time than all the rest of a text."""
OF_NUMBER: Final = 4
"""Tokens from its beginning that are shown."""


def near(
    text: str, places: Sequence[tuple[int, int]], of_word: Sequence[int | None], names: Iterable[tuple[int, int]]
) -> list[int]:
    """Which of a text's tokens are shown, ascending: whole words, but for long numbers.

    Args:
        places: where each of the tokens stands.
        of_word: to which word it belongs.
        names: where words stand that could be names, in order.
    """
    left = _without_numbers(text, places)
    starts = [places[token][0] for token in left]
    out: list[int] = []
    done = 0
    for start, end in names:
        begin = max(done, bisect_right(starts, start) - 1 - REACH)
        while begin > done and of_word[left[begin]] == of_word[left[begin - 1]]:
            begin -= 1
        stop = min(len(left), bisect_left(starts, end) + REACH)
        while stop < len(left) and of_word[left[stop]] == of_word[left[stop - 1]]:
            stop += 1
        if stop > begin:
            out += left[begin:stop]
            done = stop
    return out


def _without_numbers(text: str, places: Sequence[tuple[int, int]]) -> list[int]:
    left = [*range(len(places))]
    for number in reversed([*_NUMBER.finditer(text)]):
        begin, end = (bisect_left(places, (at,)) for at in number.span())
        del left[begin + OF_NUMBER : end]
    return left
