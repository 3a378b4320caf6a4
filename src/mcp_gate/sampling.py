"""Which executed calls a person looks at afterwards (contract 3.3). Pure: the same key and the same call, the same
answer, which nobody without the key can foresee."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from mcp_gate.model.call import Facts
from mcp_gate.policy.clauses import subject_of
from mcp_gate.policy.read_sampling import Sampling
from mcp_gate.policy.terms import Terms

UNLISTED: Final = Decimal(1)
"""Weight of a tag that the policy gives none, and of a call without tags: the rate as it is."""
PURPOSE: Final = b"mcp-gate sampled audit\n"
"""Before the call's id under the key, which makes other proofs too."""
DRAWN_BITS: Final = 64


class Why(StrEnum):
    """`sample.selected.data.why`."""

    RATE = "rate"
    MANDATORY = "mandatory"


def why(sampling: Sampling, facts: Facts, call_id: str, key: bytes) -> Why | None:
    """Why an executed call is looked at; None: it is not."""
    told = facts.description
    subject = subject_of(facts)
    if any(one.concerns(subject) and one.matches(facts) for one in sampling.mandatory):
        return Why.MANDATORY
    return Why.RATE if drawn(key, call_id) < probability(sampling, told.risk_tags) else None


def probability(sampling: Sampling, tags: frozenset[str]) -> Decimal:
    """The rate times the largest weight among a call's tags, at most 1. `uniform` ignores weights."""
    if sampling.strategy == "uniform":
        return sampling.rate
    return min(Decimal(1), sampling.rate * max((sampling.weights.get(tag, UNLISTED) for tag in tags), default=UNLISTED))


def drawn(key: bytes, call_id: str, purpose: bytes = PURPOSE) -> Decimal:
    """The number that a call draws, from 0 to below 1: whoever has the key can compute it again."""
    digest = hmac.digest(key, purpose + call_id.encode(), hashlib.sha256)
    return Decimal(int.from_bytes(digest[: DRAWN_BITS // 8])) / (1 << DRAWN_BITS)


def group(sampling: Sampling, terms: Terms, tags: frozenset[str]) -> str:
    """Who looks at a sample: by the audit section's own routing, else as held calls are routed."""
    return replace(terms, routing=sampling.routing or terms.routing).group(tags)
