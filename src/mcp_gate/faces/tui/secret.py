"""What must be typed to approve: letters that nobody can know before they were shown."""

from __future__ import annotations

import hashlib
import os
from typing import Final, assert_never

from mcp_gate.model.decision import Tier

ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, no y: nothing that is typed from habit, and no words."""


def nonce() -> str:
    """128 random bits, made when a call is shown; without it an agent could try arguments until the letters suit it."""
    return os.urandom(16).hex()


def letters(nonce: str, job_hash: str, tier: Tier) -> str:
    """The letters for one call and one nonce: one for low risk, two for medium, four for high."""
    number = int(hashlib.sha256(f"{nonce} {job_hash}".encode()).hexdigest(), 16)
    out = ""
    for _ in range(_count(tier)):
        number, place = divmod(number, len(ALPHABET))
        out += ALPHABET[place]
    return out


def _count(tier: Tier) -> int:
    match tier:
        case Tier.LOW:
            return 1
        case Tier.MEDIUM:
            return 2
        case Tier.HIGH:
            return 4
        case _:
            assert_never(tier)
