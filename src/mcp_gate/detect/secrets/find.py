"""All that is known of credentials, put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.secrets.assigned import assigned
from mcp_gate.detect.secrets.joined import Joined, join
from mcp_gate.detect.secrets.names import Kind, kind_of
from mcp_gate.detect.secrets.pem import keys
from mcp_gate.detect.secrets.shapes import NoShapes, Shape, Shapes
from mcp_gate.detect.secrets.signs import may_hold_shapes
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

    def find(
        self, leaves: Sequence[Leaf], joined: Joined | None = None, signs: frozenset[Trigger] | None = None
    ) -> list[list[Finding]]:
        """For every leaf the credentials in it, sorted, none overlapping another.

        Args:
            joined: the leaves put together, if somebody did so already;
            signs: and what triggers say of them.
        """
        joined = joined or join(leaves)
        signs = fired(joined.data) if signs is None else signs
        found: list[list[Finding]] = [[] for _ in leaves]
        for shape in self._shapes_in(joined, signs):
            for which, start, end in joined.places(shape.start, shape.end):
                found[which].append(Finding(start, end, shape.entity, shape.score, shape.rule))
        for leaf, own in zip(leaves, found, strict=True):
            if leaf.keys and (kind := kind_of(leaf.keys[-1])) is not None:
                own.extend(_by_name(leaf.text, kind))
        return [_merged(own) if own else own for own in found]

    def _shapes_in(self, joined: Joined, signs: frozenset[Trigger]) -> Iterator[Shape]:
        if self._shapes is not None and may_hold_shapes(joined.data, signs):
            yield from self._shapes.find(joined.data)
        if Trigger.KEY_BLOCK in signs:
            yield from keys(joined.data)
        if Trigger.CLAIMS in signs:
            yield from with_claims(joined.data)
        if Trigger.VENDOR in signs:
            yield from of_vendors(joined.data)
        if Trigger.ADDRESS in signs:
            yield from addresses(joined.data)
        if Trigger.ORACLE in signs or Trigger.PAIR in signs:
            yield from strings(joined.data)
        yield from assigned(joined.data, signs)


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
    """What `find` uses in this process."""

    cache: Path | None = None
    own: Final = Secrets(None)
    """As long as nothing was seen that a vendor's shape could fit."""
    loaded: Secrets | None = None


def prepare(cache: Path | None) -> None:
    """Say once in a process, before the first `find`, where compiled rules are kept.

    Args:
        cache: as for `Shapes`.
    """
    if cache != _Prepared.cache:
        _Prepared.cache, _Prepared.loaded = cache, None


def find(leaves: Sequence[Leaf], *, shapes: bool = True, at_once: bool = False) -> list[list[Finding]]:
    """For every leaf the credentials in it, sorted, none overlapping another.

    Args:
        shapes: False, knowingly, where the vendors' shapes may be missing.
        at_once: whether nobody has the time to wait until the vendors' shapes are loaded.

    Raises:
        NoShapes: they are missing, and they may not.
        ShapesWanted: they are wanted at once.
    """
    joined = join(leaves)
    signs = fired(joined.data)
    if not _loaded(shapes) and may_hold_shapes(joined.data, signs):
        if at_once:
            raise ShapesWanted
        load_shapes(needed=shapes)
    return (_Prepared.loaded or _Prepared.own).find(leaves, joined, signs)


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
