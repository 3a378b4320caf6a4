"""Times as they are written down: RFC 3339, UTC, milliseconds, `Z`."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as text, rounded down to the millisecond."""
    whole = int(seconds // 1)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((seconds - whole) * 1000):03d}Z"


def parse_rfc3339(text: str) -> float:
    """Seconds since the epoch.

    Raises:
        ValueError: no RFC 3339 time with an offset.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or "T" not in text.upper():
        raise ValueError("a time needs a date, a T, a time and an offset")
    return moment.astimezone(UTC).timestamp()
