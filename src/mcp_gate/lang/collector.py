"""The collector of rings of objects: it need not go through what stays, nor come by all the time."""

from __future__ import annotations

import gc
from typing import Final

_THRESHOLDS: Final = (20_000, 20, 50)
"""Looking at a megabyte makes a million objects and few rings: at Python's own thresholds a seventh of the time goes
by in looking for some."""


def quieten() -> None:
    """What was made so far stays, and is not looked at again (a full pass takes tens of milliseconds)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
