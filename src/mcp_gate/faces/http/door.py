"""Who stands at the door of the review API: a token, or a browser that showed one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from mcp_gate.faces.http.attempts import Attempts
from mcp_gate.faces.http.page.sessions import PageSession, Sessions
from mcp_gate.faces.http.problem import Failure
from mcp_gate.gate.reviewers import Bearer, Identity, NotAReviewer, bearer, digest_of
from mcp_gate.model.event import Event

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request."""

    identity: Identity | None
    """None: nobody showed who he is."""
    session: PageSession | None = None
    secret: str = ""
    """Of the session."""
    digest: str = ""
    """Of the token that was shown with this very request."""


class Door:
    """One door of one gate, with its memory of wrong tokens and of browsers that are signed in."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._attempts = Attempts(gate.clock.steady)
        self.sessions = Sessions(gate.clock.steady)

    def visitor(self, headers: Headers) -> Visitor:
        """
        Raises:
            Failure: see `prove`.
        """
        shown = headers.get("authorization")
        if shown is not None:
            scheme, _, token = shown.partition(" ")
            if scheme.lower() != "bearer" or not token.strip():
                raise unauthorized()
            return Visitor(self.prove(token.strip()), digest=digest_of(token.strip()))
        secret = self._cookie(headers)
        session = self.sessions.find(secret)
        if session is None or not self._still(session):
            return Visitor(None)
        return Visitor(Bearer(session.reviewer_id), session, secret)

    def prove(self, token: str) -> Bearer:
        """The reviewer behind a token.

        Raises:
            Failure: 401 it is nobody's, 403 it is an agent's, 429 there were too many wrong ones.
        """
        digest = digest_of(token)
        seconds = self._attempts.wait(digest)
        if seconds:
            text = f"too many wrong tokens were shown here; come again in {seconds} s, or use the local socket"
            raise Failure(429, "too_many_attempts", text, headers={"Retry-After": str(seconds)})
        try:
            found = bearer(self._gate.loaded.settings, digest)
        except NotAReviewer as e:
            self._attempts.wrong()
            event = "security.agent_credential" if e.agent else "security.auth_failed"
            self._gate.note(Event(event, {"policy_snapshot": self._gate.loaded.snapshot.id}))
            if e.agent:
                raise Failure(403, "agent_credential", "agents do not review") from None
            raise unauthorized() from None
        self._attempts.right(digest)
        return found

    # ---- browsers

    def cookie(self, secret: str, *, tls: bool) -> str:
        """What the browser is to keep; with "" it is to forget it.

        Args:
            tls: whether the browser came through TLS. Over plain HTTP on this machine no prefix can be had.
        """
        name = f"__Host-{self._name}" if tls else self._name
        lasts = f"{name}={secret}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if tls else "")
        return lasts if secret else f"{lasts}; Max-Age=0"

    @property
    def _name(self) -> str:
        """Of the cookie: browsers keep those of all ports of a machine together."""
        return f"mcp-gate-{self._gate.id}"

    def _cookie(self, headers: Headers) -> str:
        pairs = [pair.strip().partition("=") for pair in headers.get("cookie", "").split(";")]
        for name in (f"__Host-{self._name}", self._name):
            found = [value for key, _, value in pairs if key == name]
            if found:
                return found[0] if len(found) == 1 else ""
        return ""

    def admits(self, visitor: Visitor) -> bool:
        """Whether who was let in a while ago would be let in now."""
        if visitor.session is not None:
            return self.sessions.find(visitor.secret) is not None and self._still(visitor.session)
        return not isinstance(visitor.identity, Bearer) or self._opens(visitor.digest, visitor.identity.reviewer_id)

    def _still(self, session: PageSession) -> bool:
        """Whether the token that was shown would open the door today."""
        return self._opens(session.token_digest, session.reviewer_id)

    def _opens(self, digest: str, reviewer: str) -> bool:
        try:
            return bearer(self._gate.loaded.settings, digest).reviewer_id == reviewer
        except NotAReviewer:
            return False


def unauthorized() -> Failure:
    """The same answer whatever was wrong."""
    text = "show a reviewer's token: Authorization: Bearer …"
    return Failure(401, "unauthorized", text, headers={"WWW-Authenticate": "Bearer"})
