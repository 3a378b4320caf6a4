"""Who may speak to the review API at all: in front of every route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_gate.faces.http.door import Door, Visitor, unauthorized
from mcp_gate.faces.http.problem import Failure, problem
from mcp_gate.gate.reviewers import Session
from mcp_gate.notify.links import PATH as LINKS

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

VISITOR: Final = "mcp_gate.visitor"
"""Where the caller stands in the ASGI scope."""

ONCE: Final = ("host", "origin", "authorization", "cookie", "content-type", "content-encoding", "content-length")
"""Headers that two readers could read in two ways if they came twice."""
READS: Final = ("GET", "HEAD")
CALLBACKS: Final = "/v1/callbacks/"


class Guard:
    """Over the local socket everyone who got through to it may speak; over TCP only reviewers with their token, or in
    a browser in which they showed it.

    Agents' tokens are refused everywhere. Nobody's browser is let in from another page: no CORS, and the names under
    which the gate is reached are known.
    """

    def __init__(self, app: ASGIApp, gate: Gate, door: Door, hosts: Iterable[str] | None) -> None:
        """
        Args:
            hosts: values of the Host header that are this gate's; None: the local socket.
        """
        self._app = app
        self._gate = gate
        self._door = door
        self._hosts = None if hosts is None else frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        try:
            self._addressed(scope, headers)
            visitor = self._visitor(headers)
            if visitor.identity is None and not _for_anyone(scope["method"], scope["path"]):
                raise unauthorized()
            if visitor.session is not None and scope["method"] not in READS and "origin" not in headers:
                raise Failure(403, "bad_origin", "a browser says which page it sends from; this one did not")
        except Failure as failure:
            await problem(failure)(scope, receive, send)
            return
        scope[VISITOR] = visitor
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

    def _visitor(self, headers: Headers) -> Visitor:
        if self._hosts is None and "authorization" not in headers:
            return Visitor(Session())
        return self._door.visitor(headers)


def _for_anyone(method: str, path: str) -> bool:
    """The pages show nothing but the way in to one who is not signed in; links and callbacks prove themselves."""
    if method in READS:
        return path == "/" or path.startswith(("/requests/", LINKS))
    return method == "POST" and (path == "/sign-in" or path.startswith((LINKS, CALLBACKS)))
