"""Who may speak to the review API at all: in front of every route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_gate.faces.http.problem import Failure, problem
from mcp_gate.gate.reviewers import Identity, NotAReviewer, Session, bearer
from mcp_gate.model.event import Event

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

IDENTITY: Final = "mcp_gate.identity"
"""Where the caller's identity stands in the ASGI scope."""

ONCE: Final = ("host", "origin", "authorization", "content-type", "content-encoding", "content-length")
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
        self._origins = {f"{scheme}://{host}" for scheme in ("http", "https") for host in self._hosts or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            self._addressed(headers)
            identity = self._identify(headers)
            if identity is None and not (scope["path"] == "/" and scope["method"] in ("GET", "HEAD")):
                raise Failure(401, "unauthorized", "show a reviewer's token: Authorization: Bearer …")
        except Failure as failure:
            challenge = {"WWW-Authenticate": "Bearer"} if failure.status == 401 else None
            await problem(failure, challenge)(scope, receive, send)
            return
        scope[IDENTITY] = identity
        await self._app(scope, receive, send)

    def _addressed(self, headers: Headers) -> None:
        for name in ONCE:
            if len(headers.getlist(name)) > 1:
                raise Failure(400, "bad_request", "a header stands there twice", (name,))
        if self._hosts is None:
            if "origin" in headers:
                raise Failure(403, "bad_origin", "no page speaks to the local socket")
            return
        if headers.get("host", "").lower() not in self._hosts:
            raise Failure(421, "bad_host", "this is not the host you asked for")
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            raise Failure(403, "bad_origin", "pages of other origins may not speak to this gate")

    def _identify(self, headers: Headers) -> Identity | None:
        """Who calls; None: nobody showed who he is."""
        shown = headers.get("authorization")
        if shown is None:
            return Session() if self._hosts is None else None
        scheme, _, token = shown.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Failure(401, "unauthorized", "show a reviewer's token: Authorization: Bearer …")
        try:
            return bearer(self._gate.loaded.settings, token.strip())
        except NotAReviewer as e:
            if not e.agent:
                raise Failure(401, "unauthorized", "the token belongs to no reviewer") from None
            self._gate.note(Event("security.agent_credential", {"policy_snapshot": self._gate.loaded.snapshot.id}))
            raise Failure(403, "agent_credential", "agents do not review") from None
