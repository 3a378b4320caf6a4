"""What a reviewer is told of what was found in a withheld result: what, where, how often, and which rule says what.
Pure; texts are as sent, and whoever shows one reveals it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mcp_gate.model.foreign import JsonObject

MOST: Final = 12
"""Lines; what is told beyond them is counted."""
_INDEX: Final = re.compile(r"\[[0-9]+\]")


def found_in(request: JsonObject) -> Iterator[str]:
    """A line for each kind of finding, with the numbers that `requests false-positive` takes; of a result that cannot
    be looked at any more, or holds what cannot be scanned, the places that the record has."""
    quarantine = request["verdict"].get("quarantine", {})
    lines = list(_numbered(request.get("found", ())) or _places(quarantine.get("details", ())))
    yield from lines[:MOST]
    if len(lines) > MOST:
        yield f"and {len(lines) - MOST} other kinds"


def _numbered(found: Sequence[JsonObject]) -> list[str]:
    kinds: dict[tuple[str, ...], list[JsonObject]] = {}
    for one in found:
        says = f"{one['says']}{', by ' + one['rule_id'] if 'rule_id' in one else ''}"
        kinds.setdefault((one["entity"], _INDEX.sub("[*]", one["field"]), one["recogniser"], says), []).append(one)
    return [
        f"{_ranges([one['n'] for one in ones])}: {_often(len(ones))}{entity} in {_place(ones)} ({recogniser}): {says}"
        for (entity, _, recogniser, says), ones in kinds.items()
    ]


def _places(details: Sequence[JsonObject]) -> list[str]:
    kinds: dict[tuple[str, str], list[JsonObject]] = {}
    for one in details:
        kinds.setdefault((_INDEX.sub("[*]", one["field"]), one["reason"]), []).append(one)
    return [f"{_often(len(ones))}{_place(ones)}: {reason}" for (_, reason), ones in kinds.items()]


def _place(ones: Sequence[JsonObject]) -> str:
    """The one field, or what several have in common."""
    fields = {one["field"] for one in ones}
    return str(fields.pop() if len(fields) == 1 else _INDEX.sub("[*]", ones[0]["field"]))


def _often(count: int) -> str:
    return f"{count:,} x " if count > 1 else ""


def _ranges(numbers: Iterable[int]) -> str:
    """1, 2, 3, 7 as `1-3, 7`."""
    out: list[list[int]] = []
    for number in numbers:
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    told = [str(first) if first == last else f"{first}-{last}" for first, last in out]
    return ", ".join(told[:4]) + (", …" if len(told) > 4 else "")
