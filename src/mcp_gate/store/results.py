"""What the store answers where there is more than one answer. Closed sets: handle with `match` and `assert_never`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from mcp_gate.model.request import CallState, Request, RequestStatus


@dataclass(frozen=True, slots=True)
class Opened:
    """A new request waits for reviewers."""

    request: Request


@dataclass(frozen=True, slots=True)
class Joined:
    """The same call of the same agent is under way already: nothing new was opened, `request.attempts` was raised.

    By `state`: PENDING, wait for reviewers; APPROVED, claim and send it; REJECTED or EXPIRED, tell the agent and
    `consume_outcome`; DISPATCHED, it runs, wait for its end; EXECUTED, QUARANTINED, FAILED or UNKNOWN, the outcome is
    here and nobody has received it: hand it over and say `delivered`.
    """

    request: Request
    state: CallState
    """State of `request.call`."""
    result: bytes | None = None
    """What `finish` was given to keep for collection."""


@dataclass(frozen=True, slots=True)
class TooMany:
    """The agent has as many requests open as it may have. Nothing was written."""

    pending: int


Opening: TypeAlias = Opened | Joined | TooMany


@dataclass(frozen=True, slots=True)
class Claimed:
    """The approval is used up and the call is on record as sent: send it now."""

    request: Request


class WhyNot(StrEnum):
    """Why a claim was not granted."""

    NOT_APPROVED = "not_approved"
    ALREADY_USED = "already_used"
    EXPIRED = "expired"
    ARGUMENTS_CHANGED = "arguments_changed"
    TOOL_CHANGED = "tool_changed"
    POLICY_CHANGED = "policy_changed"
    LEVEL_CHANGED = "level_changed"
    STOPPED = "stopped"
    UNPROVED = "not_proved"
    """What is stored does not prove that people approved it."""
    STRICTER = "stricter_repeat"
    """People were asked for less than the call, made again, asks for."""


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Nothing was written; the call must not be sent."""

    reason: WhyNot


Claim: TypeAlias = Claimed | NotClaimed


@dataclass(frozen=True, slots=True)
class Closed:
    """The request and its call are closed now."""

    request: Request


@dataclass(frozen=True, slots=True)
class NotOpen:
    """Somebody else was quicker; nothing was written."""

    status: RequestStatus


Closing: TypeAlias = Closed | NotOpen


@dataclass(frozen=True, slots=True)
class Pin:
    """The definition of a tool that was accepted."""

    tool_hash: str
    definition: str
    """JSON text of the whole tool object as listed."""
