"""What an admin decides about detection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Custom:
    """An entity of the admin's own."""

    entity: str
    pattern: str
    """RE2 syntax."""
    score: float = 0.8
    context: tuple[str, ...] = ()
    """Words of which one has to stand near it, or in the name of its field; none means anywhere."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Values that are not to be found, nor anything in them."""

    values: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    """RE2 syntax."""
    entities: frozenset[str] = frozenset()
    """Of these entities alone; empty means any."""


@dataclass(frozen=True, slots=True)
class Options:
    custom: tuple[Custom, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    ner: bool = True
    """Names and addresses in prose, where the extra `ner` is installed."""
    ner_budget_ms: int = 100
    """Time of a processor that names and addresses in prose may take for one result; what is left then is told."""
    vendor_shapes: bool = True
    """False: somebody said that the shapes of vendors' keys may be missing."""
