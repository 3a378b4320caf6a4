"""Where a text may hold a credential: a closer look at the rest of it is spared. Where nothing may be a key, vendors'
shapes need not even be loaded.

Every key of a vendor's is a run of characters without a gap in which digits, or capitals behind small letters, stand;
or it is long and of many different characters; or it stands where other detectors look, too. Words of prose are none
of these. `tests/detect/secrets/test_signs.py` holds it against samples of all shapes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from mcp_gate.detect.engine import Fired
from mcp_gate.detect.secrets import pem
from mcp_gate.detect.secrets.triggers import Trigger

_CHARACTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_MIXED: Final = re.compile(rb"[0-9]|[a-z_-].*[A-Z]")
_LONG: Final = 20
_VARIED: Final = 6
"""Different characters in a long one: what has fewer is as little of a key as a row of dashes is."""
_BLOCK: Final = 2_048
_CHUNK: Final = 65_536
_OF_KEY: Final = pem.LONGEST + 256
"""Bytes before and behind a line of a private key that may belong to it."""
_BESIDE: Final = 1_536
"""Bytes before and behind a block with a sign that are looked at with it: farther than any shape reaches."""


class Region(NamedTuple):
    """A stretch that is looked at, and what there are signs of in it."""

    start: int
    stop: int
    signs: frozenset[Trigger]
    separators: Sequence[int] = ()
    """Where those of `Trigger.NAMED` end, counted from its start."""
    vendors: bool = True
    """Whether vendors' shapes are looked for, too."""


def regions(data: bytes, fired: Fired, runs: Sequence[int]) -> list[Region]:
    """All that have to be looked at, in order, apart from each other. Wrong only on the side of caution.

    Args:
        fired: what `triggers.fired` says of the same data.
        runs: where runs of the characters of keys end, twelve of them at least, with the character behind.
    """
    if len(data) <= _BLOCK:
        some = bool(fired) or any(True for _ in _marked(data, runs, set()))
        return [_region(fired, 0, len(data))] if some else []
    blocks = {(end - 1) // _BLOCK for ends in fired.values() for end in ends}
    for first, last in _marked(data, runs, blocks):
        blocks.update(range(first, last + 1))
    stretches: list[tuple[int, int]] = []
    for block in sorted(blocks):
        start, stop = max(0, block * _BLOCK - _BESIDE), min(len(data), (block + 1) * _BLOCK + _BESIDE)
        if stretches and stretches[-1][1] >= start:
            stretches[-1] = stretches[-1][0], stop
        else:
            stretches.append((start, stop))
    found = [_region(fired, start, stop) for start, stop in stretches]
    if not (keys := fired.get(Trigger.KEY_BLOCK)):
        return found
    start, stop = max(0, keys[0] - _OF_KEY), min(len(data), keys[-1] + _OF_KEY)
    far = Region(start, stop, frozenset({Trigger.KEY_BLOCK}))
    return [far, *(_beside(one, far) for one in found)]


def _region(fired: Fired, start: int, stop: int) -> Region:
    signs = frozenset(
        Trigger(which) for which, ends in fired.items() if bisect_right(ends, start) < bisect_right(ends, stop)
    )
    if Trigger.NAMED not in signs:
        return Region(start, stop, signs)
    ends = fired[Trigger.NAMED]
    near = ends[bisect_right(ends, start) : bisect_right(ends, stop)]
    return Region(start, stop, signs, [end - start for end in near])


def _beside(region: Region, far: Region) -> Region:
    """What is left to look for where private keys were looked for, which have many lines."""
    vendors = region.start < far.start or region.stop > far.stop
    return region._replace(signs=region.signs - far.signs, vendors=vendors)


def _marked(data: bytes, runs: Sequence[int], blocks: set[int]) -> Iterator[tuple[int, int]]:
    """First and last block of every run that may be a key, but of those that lie in one of these `blocks`."""
    before = 0
    for end in runs:
        last = (end - 2) // _BLOCK
        before, begun = end, before > last * _BLOCK
        if begun and last in blocks:  # behind another that ends in this block it begins there
            continue
        start = _start(data, end - 1)
        if _may_be_key(data[start : end - 1]):
            yield start // _BLOCK, last


def _start(data: bytes, end: int) -> int:
    """Where the run begins that ends there."""
    start, size = end, 64
    while start:
        part = data[max(0, start - size) : start]
        if size == 64 or part.translate(None, _CHARACTERS):
            bare = part.rstrip(_CHARACTERS)
            start -= len(part) - len(bare)
            if bare:
                break
        else:  # megabytes are gone through so in no time
            start -= len(part)
        size = min(4 * size, _CHUNK)
    return start


def _may_be_key(run: bytes) -> bool:
    if len(run) >= _LONG:
        run = _different(run)
    return len(run) >= _LONG or _MIXED.search(run) is not None


def _different(run: bytes) -> bytes:
    """What a long run consists of, small letters first: all of it, if that is much."""
    seen = bytes(frozenset(run[:_LONG]))
    while len(seen) < _VARIED and (rest := run.translate(None, seen)):
        seen += bytes(frozenset(rest[:_LONG]))
    if len(seen) >= _VARIED:
        return run
    return bytes(sorted(seen, reverse=True))
