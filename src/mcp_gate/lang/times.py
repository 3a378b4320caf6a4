"""Times as they are written down: RFC 3339, UTC, milliseconds, `Z`; and lengths of time for people."""

from __future__ import annotations

import math
import re
import time
from datetime import datetime
from typing import Final

_FORM: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as text, rounded down to the millisecond.

    What `parse_rfc3339` read comes out as it was: the last bits of the float do not cost a millisecond.
    """
    whole, millis = divmod(math.floor(round(seconds * 1000, 3)), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{millis:03d}Z"


def parse_rfc3339(text: str) -> float:
    """Seconds since the epoch.

    Raises:
        ValueError: no RFC 3339 time: date, T, time with seconds, and an offset.
    """
    if not _FORM.fullmatch(text):
        raise ValueError("no RFC 3339 time")
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("no RFC 3339 time") from None


def span(seconds: float) -> str:
    """A length of time: `0:45`, `14:02`, `3h 05m`, `2d 04h`."""
    whole = int(seconds)
    minutes, hours = whole // 60, whole // 3600
    if hours >= 48:
        return f"{hours // 24}d {hours % 24:02d}h"
    if hours:
        return f"{hours}h {minutes % 60:02d}m"
    return f"{minutes}:{whole % 60:02d}"
