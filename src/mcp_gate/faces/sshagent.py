"""The running ssh-agent: which keys it holds, and what it signs (draft-miller-ssh-agent)."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import Final

from mcp_gate.evidence.sshsig import armour, signed_bytes
from mcp_gate.lang.sshkey import RSA, Fields, checked, string
from mcp_gate.model.key import PublicKey

LIST: Final = b"\x0b"
LISTED: Final = b"\x0c"
SIGN: Final = b"\x0d"
SIGNED: Final = b"\x0e"
RSA_SHA2_512: Final = 4
ANSWER_SEC: Final = 5.0
CONSENT_SEC: Final = 120.0
"""How long the agent may ask its owner, or wait for a device to be touched."""
MOST_BYTES: Final = 1 << 20


class AgentError(Exception):
    """No agent runs, it does not answer, or it refuses; says which."""


def agent_keys() -> list[PublicKey]:
    """The keys that the agent can sign decisions with.

    Raises:
        AgentError: no agent runs, or it does not answer.
    """
    answer = _asked(LIST, LISTED, ANSWER_SEC)
    out = []
    try:
        for _ in range(answer.number()):
            blob, comment = answer.string(), answer.string()
            with suppress(ValueError):  # certificates, and kinds that sign nothing here
                out.append(PublicKey(checked(blob), blob, comment.decode("utf-8", "replace")))
    except ValueError:
        raise AgentError("the ssh-agent's answer makes no sense") from None
    return out


def agent_sign(key: PublicKey, message: bytes, namespace: str) -> str:
    """The text of a signature by a key that the agent holds.

    Raises:
        AgentError: it refused, or nobody consented in time.
    """
    flags = RSA_SHA2_512 if key.kind == RSA else 0
    asked = SIGN + string(key.blob) + string(signed_bytes(message, namespace)) + flags.to_bytes(4)
    try:
        return armour(key.blob, _asked(asked, SIGNED, CONSENT_SEC).string(), namespace)
    except ValueError:
        raise AgentError("the ssh-agent's answer makes no sense") from None


def _asked(request: bytes, wanted: bytes, timeout: float) -> Fields:
    path = os.environ.get("SSH_AUTH_SOCK")
    if not path:
        raise AgentError("no ssh-agent runs (SSH_AUTH_SOCK is not set)")
    try:
        with socket.socket(socket.AF_UNIX) as agent:
            agent.settimeout(timeout)
            agent.connect(path)
            agent.sendall(string(request))
            size = int.from_bytes(_exactly(agent, 4))
            if size > MOST_BYTES:
                raise AgentError("the ssh-agent's answer makes no sense")
            answer = _exactly(agent, size)
    except OSError as error:
        raise AgentError(f"the ssh-agent does not answer: {error.strerror or error}") from None
    if answer[:1] != wanted:
        raise AgentError("the ssh-agent refused")
    return Fields(answer[1:])


def _exactly(agent: socket.socket, size: int) -> bytes:
    out = b""
    while len(out) < size:
        part = agent.recv(size - len(out))
        if not part:
            raise AgentError("the ssh-agent closed the connection")
        out += part
    return out
