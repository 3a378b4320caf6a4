"""Whether a call keeps within what its constraints allow before it is sent (contract 3.1)."""

from __future__ import annotations

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.call import UNKNOWN, Facts
from mcp_gate.model.constraints import Constraints
from mcp_gate.signals.hosts import hosts

SHOWN: int = 80


def broken(constraints: Constraints, facts: Facts) -> str:
    """Why the constraints forbid a call, or "". For reviewers and records; it tells no threshold."""
    return _amount(constraints, facts) or _hosts(constraints, facts)


def _amount(constraints: Constraints, facts: Facts) -> str:
    """An amount that cannot be told is over every limit; one that nobody declared is none."""
    limit, attributes = constraints.max_amount_usd, facts.description.attributes
    if limit is None or "amount_usd" not in attributes:
        return ""
    amount = attributes["amount_usd"]
    if amount is UNKNOWN or isinstance(amount, (str, bool)):
        return "the amount cannot be told, and it is limited"
    return "the amount is over the limit" if amount > limit else ""


def _hosts(constraints: Constraints, facts: Facts) -> str:
    if constraints.network_allowlist is None:
        return ""
    listed = set(constraints.network_allowlist)
    strange = next((named.text for named in hosts(facts.arguments) if named.host not in listed), None)
    return "" if strange is None else f"the host '{reveal(strange[:SHOWN])}' is not on the allowlist"
