"""Values that are looked for once more, in texts, just as they were found."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

SHORTEST: Final = 5
"""Characters of a value that can be told from a word that only happens to be there."""
MOST_VALUES: Final = 256
"""Values that are looked for; the others are left to what finds them by itself."""


def any_of(values: Iterable[str]) -> re.Pattern[str]:
    """Finds each of some values where it stands by itself, the longest first."""
    longest_first = sorted(values, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")
