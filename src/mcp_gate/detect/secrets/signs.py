"""Whether a text may hold anything of a vendor's shape: until one does, the vendors' shapes need not be loaded.

Every key of a vendor's is a run of characters without a gap in which digits, or capitals behind small letters, stand;
or it is long; or it stands where other detectors look, too. Words of prose are neither.
`tests/detect/secrets/test_signs.py` holds it against samples of all shapes.
"""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect.secrets.triggers import fired

_RUN: Final = re.compile(rb"[0-9A-Za-z+/_-]{12,}")
_MIXED: Final = re.compile(rb"[0-9]|[a-z_-].*[A-Z]")
_LONG: Final = 20


def may_hold_shapes(data: bytes) -> bool:
    """Cheap, and wrong only on the side of caution."""
    return bool(fired(data)) or any(len(run) >= _LONG or _MIXED.search(run) for run in _RUN.findall(data))
