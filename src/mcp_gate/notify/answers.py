"""What may be said of a request by a button in Slack. Pure."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.request import LOOKS, PROMOTION, QUARANTINE

BUTTONS: Final = {
    "gate": ("approve", "deny"),
    PROMOTION: ("approve", "deny"),
    QUARANTINE: ("drop",),
    **dict.fromkeys(LOOKS, ("good", "bad", "incident")),
}
"""Words by the kind of a request; what is withheld is let out where it can be seen, and here it cannot."""
WORDS: Final = frozenset(word for words in BUTTONS.values() for word in words)
TYPED: Final = frozenset({"approve", "drop"})
"""Words that need the digest."""
REASONED: Final = frozenset({"deny", "bad", "incident"})
"""Words that need a reason."""
