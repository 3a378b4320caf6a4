"""The shapes that vendors give to keys: kingfisher's rules, in this process, without its validators and the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mcp_gate.detect.secrets.values import is_in_address, is_stand_in

_SCORES: Final = {"high": 0.97, "medium": 0.8}


class NoShapes(Exception):
    """Vendors' shapes cannot be recognised here; the text says why and what helps."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A stretch of bytes that has a vendor's shape."""

    start: int
    end: int
    entity: str
    score: float
    rule: str


class Shapes:
    """Kingfisher's rules, compiled. Building it takes seconds once, a quarter of one from the cache."""

    def __init__(self, cache: Path | None = None) -> None:
        """
        Args:
            cache: a directory of the caller's, in which compiled rules are kept; without one nothing is kept.

        Raises:
            NoShapes: there is no kingfisher on this platform, or it does not start.
        """
        try:
            from kingfisher_sdk import Rules, Scanner
        except ImportError as e:
            raise NoShapes("kingfisher-secret-scanner is not there for this platform") from e
        try:
            rules = Rules(cache=cache is not None, cache_dir=cache)
            self._scanner = Scanner(rules, base64=False)  # what is encoded is seen through elsewhere
            self.size = len(rules)
        except (RuntimeError, ValueError, OSError) as e:
            raise NoShapes(f"the rules of kingfisher-secret-scanner cannot be compiled: {e}") from e

    def find(self, data: bytes) -> Iterator[Shape]:
        """What has a vendor's shape. Helpers that only make sense beside another finding are left out."""
        for found in self._scanner.scan(data):
            if found.visible and _can_be(found.rule_id, found.secret):
                yield _shape(found)


def _can_be(rule: str, secret: str) -> bool:
    """Whether it is more than an example of how to write one."""
    return is_in_address(secret) if "credential-uri" in rule else not is_stand_in(secret)


def _shape(found: Any) -> Shape:
    rule = str(found.rule_id)
    start, end = found.location["start_offset"], found.location["end_offset"]
    if "auth-user" in rule and ":" in found.secret:  # who it is may stay
        start += found.secret.index(":") + 1
    return Shape(start, end, _entity(rule.lower()), _SCORES.get(found.confidence, 0.6), f"shape:{rule}")


def _entity(rule: str) -> str:
    if rule.endswith("private-key") and "polymarket" not in rule:
        return "PRIVATE_KEY"
    if "jwt" in rule:
        return "JWT"
    if "connection-string" in rule:
        return "CONNECTION_STRING"
    return "PASSWORD" if any(word in rule for word in ("credential-uri", "password", "auth-user")) else "API_KEY"
