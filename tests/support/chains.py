"""A whole chain checked at once."""

from collections.abc import Iterable

from mcp_gate.evidence.chain import Checker, Verification
from mcp_gate.model.foreign import Json


def verify(records: Iterable[Json]) -> Verification:
    """Check a chain, or an unbroken part of one, oldest record first."""
    checker = Checker()
    for record in records:
        fault = checker.step(record)
        if fault is not None:
            return fault
    return checker.end()
