"""The windows of a policy: what its rules ask about other calls than the one that is decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcp_gate.lang.conditions import Window
from mcp_gate.lang.reader import Reader
from mcp_gate.policy.rules import Match, Rule

MOST: Final = 32
"""Different windows of one policy: each is kept for every call."""


def windows_of(matches: Iterable[Match]) -> tuple[Window, ...]:
    """Every window, each once, in the order of their texts."""
    found = {window for match in matches if match.when is not None for window in match.when.windows}
    return tuple(sorted(found, key=lambda window: window.text))


def check_windows(reader: Reader, rules: Iterable[Rule]) -> None:
    """Report the first rule with which there are too many."""
    seen: set[Window] = set()
    for rule in rules:
        before = len(seen)
        seen.update(windows_of([rule.match]))
        if before <= MOST < len(seen):
            message = f"with this rule the policy has more than {MOST} different windows"
            reader.error(rule.place, message, "look back over the same time in several rules")
