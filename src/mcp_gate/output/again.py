"""Values that were found once and stand elsewhere in the same payload, in words in which no detector knows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.merge import CREDENTIALS
from mcp_gate.output.decide import Found
from mcp_gate.output.exact import MOST_VALUES, SHORTEST, any_of
from mcp_gate.output.walked import Part, Walked

UNMISTAKABLE: Final = 8
"""Characters of a secret, and digits of a number, that mean the same wherever they stand."""
MOST_ANYWHERE: Final = 64
"""Such values; where there are more it is a table, and each row tells its own."""


def told_again(walked: Walked, there: Sequence[Found]) -> list[Found]:
    """The places of values that are to be taken out, where nothing was found.

    Texts repeat what the structured form says, which is not counted again (contract 9); a password or a number may
    stand anywhere once more.
    """
    out = list(_anywhere(walked, there))
    if walked.in_structure and walked.blocks:
        values: dict[str, Found] = {}
        for one in there:
            value = _value(walked, one)
            if walked.structured(one.leaf) and len(value) >= SHORTEST and len(values) < MOST_VALUES:
                values.setdefault(value, one)
        if values:
            out += _places(walked, walked.blocks, values, [*there, *out], again=True)
    return out


def _anywhere(walked: Walked, there: Sequence[Found]) -> Iterator[Found]:
    values: dict[str, Found] = {}
    taken: dict[str, int] = defaultdict(int)
    texts = walked.leaves
    for one in there:
        start, end, entity, _, _, _ = one.finding
        if end - start < UNMISTAKABLE:
            continue
        value = texts[one.leaf].text[start:end]
        for written in _unmistakable(value, entity):
            values.setdefault(written, one)
            taken[written] += written == value
        if len(values) > MOST_ANYWHERE:
            return
    if not values:
        return
    leaves = [at for at, part in enumerate(walked.parts) if part in (Part.TEXT, Part.NUMBER)]
    everything = "\n".join([walked.leaves[at].text for at in leaves])
    more = {value: one for value, one in values.items() if everything.count(value) > taken[value]}
    if more:
        yield from _places(walked, leaves, more, there, again=False)


def _unmistakable(value: str, entity: str) -> Sequence[str]:
    """The forms of a value that can mean nothing else."""
    if entity in CREDENTIALS:
        return (value,) if len(value) >= UNMISTAKABLE else ()
    digits = checks.digits_of(value) if value.isascii() else "".join(filter(str.isdigit, value))
    if len(digits) < UNMISTAKABLE:
        return ()
    return (value, digits) if len(digits) < len(value) else (value,)


def _places(
    walked: Walked, leaves: Iterable[int], values: Mapping[str, Found], there: Iterable[Found], *, again: bool
) -> Iterator[Found]:
    pattern = any_of(values)
    taken: dict[int, list[Finding]] = defaultdict(list)
    for one in there:
        taken[one.leaf].append(one.finding)
    for leaf in leaves:
        for match in pattern.finditer(walked.leaves[leaf].text):
            if all(match.end() <= f.start or f.end <= match.start() for f in taken[leaf]):
                said = values[match.group()]
                finding = Finding(match.start(), match.end(), said.finding.entity, said.finding.score, "twin")
                yield Found(leaf, finding, said.decision, said.reason, said.rule_id, again=again)


def _value(walked: Walked, one: Found) -> str:
    return walked.leaves[one.leaf].text[one.finding.start : one.finding.end]
