"""Which reviewer speaks: named by himself over the local socket, proved by a token elsewhere (contract 9, Identity)."""

from __future__ import annotations

import hashlib
import hmac
import os
import pwd
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from mcp_gate.model.config import GateSettings
from mcp_gate.model.decision import Assurance
from mcp_gate.review.people import People, Reviewer


@dataclass(frozen=True, slots=True)
class Session:
    """The user who runs the gate, over the local socket: the reviewer he names is taken at his word."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Somebody who showed a reviewer's token."""

    reviewer_id: str


@dataclass(frozen=True, slots=True)
class Carried:
    """Somebody whose word was brought by something that was sent to him: a one-time link, a signed callback."""

    reviewer_id: str
    channel: str
    """What brought it: `link:…`, `callback:…`, `slack:…`."""


Identity: TypeAlias = Session | Bearer | Carried


class NotAReviewer(Exception):
    """A token that opens nothing here."""

    def __init__(self, agent: bool) -> None:
        super().__init__("agents do not review" if agent else "the token belongs to no reviewer")
        self.agent = agent
        """Whether it is an agent's token: known, and refused."""


def operator() -> str:
    """Name of the operating-system user that runs this process."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def people(settings: GateSettings) -> People:
    """The reviewers of a gate that this process runs."""
    return People.of(settings, operator())


def digest_of(token: str) -> str:
    """What the gate knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def bearer(settings: GateSettings, digest: str) -> Bearer:
    """The reviewer behind a token; every digest is compared, whichever matches.

    Args:
        digest: `digest_of` what was shown.

    Raises:
        NotAReviewer: it is an agent's, or nobody's.
    """
    found = None
    for reviewer in (settings.reviewers or {}).values():
        if _same(reviewer.token_sha256, digest):
            found = reviewer.id
    agent = False
    for spec in (settings.agents or {}).values():
        agent |= _same(spec.token_sha256, digest)
    if found is None or agent:
        raise NotAReviewer(agent)
    return Bearer(found)


def reviewer(known: People, identity: Identity, approver_id: str | None) -> Reviewer | None:
    """Who speaks, and how he proved it; None: nobody the gate knows."""
    channel = ""
    match identity:
        case Session():
            person, assurance = known.find(approver_id or ""), Assurance.SESSION
        case Bearer(reviewer_id):
            person, assurance = known.find(reviewer_id), Assurance.TOKEN
        case Carried(reviewer_id, channel):
            person, assurance = known.find(reviewer_id), Assurance.LINK
        case _:
            assert_never(identity)
    return None if person is None else Reviewer(person, assurance, channel)


def speaker(settings: GateSettings, identity: Identity, approver_id: str | None) -> Reviewer | None:
    """`reviewer` among those who are enrolled now."""
    return reviewer(people(settings), identity, approver_id)


def _same(expected: str | None, digest: str) -> bool:
    return expected is not None and hmac.compare_digest(expected.lower(), digest)
