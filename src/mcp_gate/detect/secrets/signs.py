"""Whether a text may hold anything of a vendor's shape: until one does, the vendors' shapes need not be loaded.

Every key of a vendor's is a run of characters without a gap in which digits, or capitals behind small letters, stand;
or it is long and of many different characters; or it stands where other detectors look, too. Words of prose are none
of these.
`tests/detect/secrets/test_signs.py` holds it against samples of all shapes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from mcp_gate.detect.secrets.triggers import Trigger

_RUN: Final = re.compile(rb"[0-9A-Za-z+/_-]{12,}")
_MIXED: Final = re.compile(rb"[0-9]|[a-z_-].*[A-Z]")
_LONG: Final = 20
_VARIED: Final = 6
"""Different characters in a long one: what has fewer is as little of a key as a row of dashes is."""


def may_hold_shapes(data: bytes, signs: Collection[Trigger]) -> bool:
    """Cheap, and wrong only on the side of caution.

    Args:
        signs: what `triggers.fired` says of the same data.
    """
    return bool(signs) or any(map(_may_be_key, _RUN.findall(data)))


def _may_be_key(run: bytes) -> bool:
    if len(run) >= _LONG:
        run = _different(run)
    return len(run) >= _LONG or _MIXED.search(run) is not None


def _different(run: bytes) -> bytes:
    """What a long run consists of, small letters first: all of it, if that is much."""
    seen = b""
    while rest := run.translate(None, seen):
        seen += bytes(frozenset(rest[:_LONG]))
        if len(seen) >= _VARIED:
            return run
    return bytes(sorted(seen, reverse=True))
