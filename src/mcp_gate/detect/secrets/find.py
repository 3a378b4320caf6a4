"""All that is known of credentials, put together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.joined import Joined
from mcp_gate.detect.secrets.assigned import assigned
from mcp_gate.detect.secrets.names import Kind, kind_of
from mcp_gate.detect.secrets.pem import keys
from mcp_gate.detect.secrets.shapes import NoShapes, Shape, Shapes
from mcp_gate.detect.secrets.signs import Region, regions
from mcp_gate.detect.secrets.telling import telling
from mcp_gate.detect.secrets.tokens import of_vendors, with_claims
from mcp_gate.detect.secrets.triggers import Trigger, fired
from mcp_gate.detect.secrets.urls import addresses, strings
from mcp_gate.detect.secrets.values import is_key, is_password

_RANK: Final = {"PRIVATE_KEY": 0, "CONNECTION_STRING": 1, "JWT": 2, "API_KEY": 3, "PASSWORD": 4}
"""What two findings on one place are called."""


class Secrets:
    """Looks for credentials. One may be used for any number of texts, by one thread at a time."""

    def __init__(self, shapes: Shapes | None) -> None:
        """
        Args:
            shapes: the vendors' shapes; None, knowingly, where there are none: own rules then stand alone.
        """
        self._shapes = shapes

    @property
    def has_shapes(self) -> bool:
        """Whether it knows the vendors' shapes."""
        return self._shapes is not None

    @classmethod
    def load(cls, cache: Path | None = None) -> Secrets:
        """With everything there is.

        Raises:
            NoShapes: the vendors' shapes cannot be had.
        """
        return cls(Shapes(cache))

    def find(self, leaves: Sequence[Leaf], joined: Joined, where: Sequence[Region]) -> dict[int, list[Finding]]:
        """The credentials in leaves that hold any, by which it is, sorted, none overlapping another.

        Args:
            joined: the leaves put together;
            where: and what `regions` says of them.
        """
        found: dict[int, list[Finding]] = defaultdict(list)
        for region in where:
            for shape in self._shapes_in(joined.data, region):
                for which, start, end in joined.places(shape.start, shape.end):
                    found[which].append(Finding(start, end, shape.entity, shape.score, shape.rule))
        if any(map(kind_of, {keys[-1] for _, keys in leaves if keys})):
            for which, (text, keys) in enumerate(leaves):
                if keys and (kind := kind_of(keys[-1])) is not None:
                    found[which].extend(_by_name(text, kind))
        return {which: _merged(own) for which, own in found.items() if own}

    def _shapes_in(self, data: bytes, region: Region) -> Iterator[Shape]:
        start, stop = region.start, region.stop
        if not start and stop == len(data):
            yield from self._shapes_of(data, region)
            return
        for shape in self._shapes_of(data[start:stop], region):
            yield replace(shape, start=start + shape.start, end=start + shape.end)

    def _shapes_of(self, data: bytes, region: Region) -> Iterator[Shape]:
        signs = region.signs
        if self._shapes is not None and region.vendors:
            yield from self._shapes.find(data)
        if Trigger.KEY_BLOCK in signs:
            yield from keys(data)
        if Trigger.CLAIMS in signs:
            yield from with_claims(data)
        if Trigger.VENDOR in signs:
            yield from of_vendors(data)
        if Trigger.ADDRESS in signs:
            yield from addresses(data)
        if Trigger.ORACLE in signs or Trigger.PAIR in signs:
            yield from strings(data)
        yield from assigned(data, signs, region.separators)


def _by_name(text: str, kind: Kind) -> Iterator[Finding]:
    """A text that is a secret as a whole, because of the name it stands under."""
    value = text.strip()
    if (kind == "PASSWORD" and is_password(value, written=True)) or (kind == "API_KEY" and is_key(value)):
        start = text.index(value)
        yield Finding(start, start + len(value), kind, 0.85, "name of the field")


def _merged(found: list[Finding]) -> list[Finding]:
    """Those that overlap become one, from the first character of any to the last."""
    found.sort(key=lambda f: (f.start, f.end))
    out = [found[0]]
    for one in found[1:]:
        last = out[-1]
        if one.start >= last.end:
            out.append(one)
            continue
        best = min(last, one, key=lambda f: (_RANK[f.entity], -f.score))
        out[-1] = Finding(last.start, max(last.end, one.end), best.entity, max(last.score, one.score), best.rule)
    return out


class ShapesWanted(Exception):
    """The vendors' shapes are wanted and not loaded yet, which takes a quarter of a second: see `load_shapes`."""


class _Prepared:
    """What `find_in` uses in this process."""

    cache: Path | None = None
    own: Final = Secrets(None)
    """As long as nothing was seen that a vendor's shape could fit."""
    loaded: Secrets | None = None


def prepare(cache: Path | None) -> None:
    """Say once in a process, before the first `find_in`, where compiled rules are kept.

    Args:
        cache: as for `Shapes`.
    """
    if cache != _Prepared.cache:
        _Prepared.cache, _Prepared.loaded = cache, None


def find_in(
    leaves: Sequence[Leaf], joined: Joined, runs: Sequence[int], *, shapes: bool, most_signs: int | None = None
) -> dict[int, list[Finding]]:
    """The credentials in leaves that hold any, by which it is, sorted, none overlapping another.

    Args:
        joined: the leaves put together;
        runs: as of `regions`.
        shapes: False, knowingly, where the vendors' shapes may be missing.
        most_signs: how many signs there may be where nobody has the time for more, nor for vendors' shapes to be
            loaded.

    Raises:
        NoShapes: the vendors' shapes are missing, and they may not.
        TooMany: there are more signs.
        ShapesWanted: they are wanted at once.
    """
    signs = {**fired(joined.data, most_signs)}
    if told := telling(joined.data, signs.pop(Trigger.NAMED, ())):
        signs[Trigger.NAMED] = told
    where = regions(joined.data, signs, runs)
    if where and not _loaded(shapes):
        if most_signs is not None:
            raise ShapesWanted
        load_shapes(needed=shapes)
    return (_Prepared.loaded or _Prepared.own).find(leaves, joined, where)


def _loaded(needed: bool) -> bool:
    """Whether there is nothing more to load."""
    return _Prepared.loaded is not None and (_Prepared.loaded.has_shapes or not needed)


def load_shapes(*, needed: bool) -> None:
    """Load the vendors' shapes, once in a process.

    Raises:
        NoShapes: they are missing, and needed.
    """
    if not _loaded(needed):
        try:
            _Prepared.loaded = Secrets.load(_Prepared.cache)
        except NoShapes:
            if needed:
                raise
            _Prepared.loaded = _Prepared.own
