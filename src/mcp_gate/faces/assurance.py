"""How far the gate can be relied on, and against whom, in plain words. Pure."""

from __future__ import annotations

from typing import Final

SHORT: Final = {
    "A0": "same user: whoever runs as you can walk around the gate",
    "A1": "same user, but approvals take a touch that no program can give",
    "A2": "the gate has its own user",
    "A3": "the gate has its own machine",
}
STOPS: Final = {
    "A0": "calls through MCP that are mistaken or talked into: they are decided, held for people, recorded",
    "A1": "the same, and approvals that no person gave",
    "A2": "the same, and going around the gate: servers' credentials, policy and record are another user's",
    "A3": "the same, and whoever takes over the agent's machine",
}
DOES_NOT_STOP: Final = {
    "A0": "an agent that can run commands as this user: it can start the servers itself, edit policy and record, "
    "approve by 'mcp-gate requests', type into the review screen, or end the gate",
    "A1": "an agent that can run commands as this user: it cannot approve, but it can start the servers itself, edit "
    "the policy, or end the gate",
    "A2": "root, faults of the system, and what a server does with an approved call",
    "A3": "a reviewer who does not read, and what a server does with an approved call",
}


def in_words(level: str) -> str:
    """One line for a level, as `status` and the screen show it."""
    return f"{level} {SHORT[level]}" if level in SHORT else level
