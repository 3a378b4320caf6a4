"""Which agent speaks: ids that the operator listed, proved by a token where one is set (contract 9, Identity)."""

from __future__ import annotations

import hashlib
import hmac
import re

from mcp_gate.model.config import AgentSpec, GateSettings

AGENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class NotAdmitted(Exception):
    """The agent is not who it says, or is not listed. The text is fit for the client."""


def admit_local(settings: GateSettings, agent: str, token: str | None) -> str:
    """The id of an agent that came over the local socket.

    Raises:
        NotAdmitted: the id is malformed, unknown, or its token is missing or wrong.
    """
    if not AGENT_ID.fullmatch(agent):
        raise NotAdmitted("an agent id is 1 to 64 of A-Z a-z 0-9 . _ -")
    if settings.reviewers is not None and agent in settings.reviewers:
        raise NotAdmitted(f"'{agent}' is a reviewer, and no reviewer is an agent")
    if settings.agents is None:
        return agent
    spec = settings.agents.get(agent)
    if spec is None:
        raise NotAdmitted(f"agent '{agent}' is not listed in gate.yaml")
    if spec.token_sha256 is not None and not token:
        raise NotAdmitted(f"agent '{agent}' must show its token (MCP_GATE_TOKEN)")
    if spec.token_sha256 is not None and not _proves(token or "", spec):
        raise NotAdmitted(f"the token (MCP_GATE_TOKEN) is not that of agent '{agent}'")
    return agent


def agent_of_token(settings: GateSettings, token: str) -> str:
    """The agent that a bearer token belongs to; every agent's digest is compared, whichever matches.

    Raises:
        NotAdmitted: it belongs to none.
    """
    found = None
    for spec in (settings.agents or {}).values():
        if spec.token_sha256 is not None and _proves(token, spec):
            found = spec.id
    if found is None:
        raise NotAdmitted("the token belongs to no agent")
    return found


def _proves(token: str, spec: AgentSpec) -> bool:
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    return spec.token_sha256 is not None and hmac.compare_digest(digest, spec.token_sha256.lower())
