"""What a reviewer is told of what was found in a withheld result: what, where, how often, and which rule says what.
Pure; texts are as sent, and whoever shows one reveals it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import OutputDecision

MOST: Final = 12
"""Lines; what is told beyond them is counted."""
_PLAIN: Final = re.compile(r"[\w.$\[\]*-]+(?:\[REDACTED[\w:#]*\][\w.$\[\]*-]*)*")
_INDEX: Final = re.compile(r"\[[0-9]+\]")


def found_in(request: JsonObject, most: int = MOST) -> Iterator[str]:
    """A line for each kind of finding, what withholds it first, with the numbers that `requests false-positive` takes;
    of a result that cannot be looked at any more, or holds what cannot be scanned, the places that the record has."""
    quarantine = request["verdict"].get("quarantine", {})
    lines = list(_numbered(request.get("found", ())) or _places(quarantine.get("details", ())))
    yield from lines[:most]
    if len(lines) > most:
        yield f"and {len(lines) - most} other kinds"


def _numbered(found: Sequence[JsonObject]) -> list[str]:
    kinds: dict[tuple[str, ...], list[JsonObject]] = {}
    for one in sorted(found, key=lambda one: one["says"] != OutputDecision.QUARANTINE.word):
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
    field = str(fields.pop() if len(fields) == 1 else _INDEX.sub("[*]", ones[0]["field"]))
    return field if _PLAIN.fullmatch(field) else json.dumps(field, ensure_ascii=False)  # it might read like more


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
