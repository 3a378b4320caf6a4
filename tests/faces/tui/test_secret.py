"""The letters that must be typed to approve."""

from __future__ import annotations

import pytest

from mcp_gate.faces.tui.secret import ALPHABET, letters, nonce
from mcp_gate.model.decision import Tier


def test_the_alphabet_has_no_vowels_and_no_y() -> None:
    assert not set("AEIOUY") & set(ALPHABET)
    assert len(ALPHABET) == 20


@pytest.mark.parametrize(("tier", "count"), [(Tier.LOW, 1), (Tier.MEDIUM, 2), (Tier.HIGH, 4)])
def test_higher_risk_takes_more_letters(tier: Tier, count: int) -> None:
    found = letters(nonce(), "sha256:00", tier)
    assert len(found) == count
    assert set(found) <= set(ALPHABET)


def test_the_letters_depend_on_the_call_and_on_the_nonce() -> None:
    assert letters("n", "sha256:01", Tier.HIGH) == letters("n", "sha256:01", Tier.HIGH)
    assert len({letters("n", f"sha256:{i}", Tier.HIGH) for i in range(50)}) > 45
    assert len({letters(nonce(), "sha256:01", Tier.HIGH) for _ in range(50)}) > 45


def test_all_letters_come_up() -> None:
    assert {letters(nonce(), "sha256:01", Tier.LOW) for _ in range(1_000)} == set(ALPHABET)
