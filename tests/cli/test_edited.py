"""What a reviewer changes, told before he is asked."""

from __future__ import annotations

from mcp_gate.cli.edited import changes, parsed


def test_every_change_is_told_and_nothing_of_it_acts() -> None:
    request = {"call": {"arguments": {"amount": 120, "note": "a\u202eb"}}}
    assert changes(request, parsed('{"amount": 7, "to": "\\u001b[2J"}')).splitlines() == [
        "", "What you change", "  /amount: 120 → 7", '  /to: (nothing) → "⟨U+001B⟩[2J"',
        '  /note: "a⟨U+202E⟩b" → (nothing)',
    ]  # fmt: skip
    assert changes(request, request["call"]["arguments"]).endswith("  nothing")
