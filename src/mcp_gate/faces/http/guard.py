"""Who may speak to the review API at all: in front of every route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_gate.faces.http.attempts import Attempts
from mcp_gate.faces.http.problem import Failure, problem
from mcp_gate.gate.reviewers import Bearer, Identity, NotAReviewer, Session, bearer, digest_of
from mcp_gate.model.event import Event

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

IDENTITY: Final = "mcp_gate.identity"
"""Where the caller's identity stands in the ASGI scope."""

ONCE: Final = ("host", "origin", "authorization", "cookie", "content-type", "content-encoding", "content-length")
"""Headers that two readers could read in two ways if they came twice."""


class Guard:
    """Over the local socket everyone who got through to it may speak; over TCP only reviewers with their token.

    Agents' tokens are refused everywhere. Nobody's browser is let in from another page: no CORS, and the names under
    which the gate is reached are known.
    """

    def __init__(self, app: ASGIApp, gate: Gate, hosts: Iterable[str] | None) -> None:
        """
        Args:
            hosts: values of the Host header that are this gate's; None: the local socket.
        """
        self._app = app
        self._gate = gate
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)
        self._attempts = Attempts(gate.clock.steady)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            self._addressed(scope, headers)
            identity = self._identify(headers)
            if identity is None and not (scope["path"] == "/" and scope["method"] in ("GET", "HEAD")):
                raise unauthorized()
        except Failure as failure:
            await problem(failure)(scope, receive, send)
            return
        scope[IDENTITY] = identity
        await self._app(scope, receive, send)

    # ---- where

    def _addressed(self, scope: Scope, headers: Headers) -> None:
        for name in ONCE:
            if len(headers.getlist(name)) > 1:
                raise Failure(400, "bad_request", "a header stands there twice", (name,))
        if self._hosts is None:
            if "origin" in headers:
                raise Failure(403, "bad_origin", "no page speaks to the local socket")
            return
        hosts, origins = self._names(self._hosts)
        if headers.get("host", "").lower() not in hosts or not scope["raw_path"].startswith(b"/"):
            raise Failure(421, "bad_host", "this is not the host you asked for")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in origins:
            raise Failure(403, "bad_origin", "pages of other origins may not speak to this gate")

    def _names(self, own: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
        """Hosts and origins of this gate: its socket's, and those of the proxy before it."""
        origins = frozenset(f"{scheme}://{host}" for scheme in ("http", "https") for host in own)
        url = self._gate.loaded.settings.review_url
        return (own, origins) if url is None else (own | {url.removeprefix("https://")}, origins | {url})

    # ---- who

    def _identify(self, headers: Headers) -> Identity | None:
        """Who calls; None: nobody showed who he is."""
        shown = headers.get("authorization")
        if shown is None:
            return Session() if self._hosts is None else None
        scheme, _, token = shown.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized()
        return self.prove(token.strip())

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
            found = bearer(self._gate.loaded.settings, token)
        except NotAReviewer as e:
            self._attempts.wrong()
            event = "security.agent_credential" if e.agent else "security.auth_failed"
            self._gate.note(Event(event, {"policy_snapshot": self._gate.loaded.snapshot.id}))
            if e.agent:
                raise Failure(403, "agent_credential", "agents do not review") from None
            raise unauthorized() from None
        self._attempts.right(digest)
        return found


def unauthorized() -> Failure:
    """The same answer whatever was wrong."""
    text = "show a reviewer's token: Authorization: Bearer …"
    return Failure(401, "unauthorized", text, headers={"WWW-Authenticate": "Bearer"})
