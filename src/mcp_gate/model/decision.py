"""The closed sets a policy speaks in. Order is strictness, so `max` joins."""

from __future__ import annotations

from enum import IntEnum


class Decision(IntEnum):
    """What the policy says of a call, from mildest to strictest."""

    ALLOW = 0
    ALLOW_WITH_CONSTRAINTS = 1
    REQUIRE_APPROVAL = 2
    DENY = 3

    @property
    def word(self) -> str:
        """The spelling in policies, results and records."""
        return self.name.lower()

    @property
    def restrictive(self) -> bool:
        """Whether an unknown value makes a rule with this decision match (contract 3.1)."""
        return self >= Decision.REQUIRE_APPROVAL


class OnTimeout(IntEnum):
    """What happens to a request nobody decided, from mildest to strictest."""

    APPROVE = 0
    ESCALATE = 1
    DENY = 2

    @property
    def word(self) -> str:
        return self.name.lower()


class Assurance(IntEnum):
    """How a reviewer proved who he is, from weakest to strongest."""

    SESSION = 0
    LINK = 1
    TOKEN = 2
    SIGNED = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Tier(IntEnum):
    """Risk tier of a call."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2

    @property
    def word(self) -> str:
        return self.name.lower()
