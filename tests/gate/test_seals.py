"""What the gate gives out comes back unchanged, or it is not the gate's."""

from __future__ import annotations

from mcp_gate.gate.seals import Seals

SEALS = Seals(b"k" * 32)


def test_a_text_comes_back_as_it_was_sealed() -> None:
    for text in ("", "a.b", "\ud800 é"):
        assert SEALS.unseal(SEALS.seal(text)) == text


def test_what_was_changed_or_never_sealed_or_sealed_with_another_key_is_nothing() -> None:
    sealed = SEALS.seal("text")
    for other in ("", "text", ".text", f"{sealed}s", f"é{sealed}", Seals(b"x" * 32).seal("text")):
        assert SEALS.unseal(other) is None
