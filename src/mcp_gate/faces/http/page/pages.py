"""The pages a reviewer reads, and the way in. GET changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http.asked import parameters
from mcp_gate.faces.http.door import Door, Visitor
from mcp_gate.faces.http.page.common import OWN, Desk, check_key, frame, go, plain, session_of, visitor_of
from mcp_gate.faces.http.page.deciding import Deciding
from mcp_gate.faces.http.page.form import read_form
from mcp_gate.faces.http.page.render import html
from mcp_gate.faces.http.page.shown import card
from mcp_gate.faces.http.problem import Failure
from mcp_gate.faces.http.routes import Routes
from mcp_gate.faces.stages import ends
from mcp_gate.gate.reviewers import digest_of
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import RequestStatus

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

SHOWN: Final = 50
"""Requests on one page of the queue."""


class Pages:
    """The pages of one door."""

    def __init__(self, gate: Gate, routes: Routes, door: Door) -> None:
        self._gate = gate
        self._desk = Desk(gate, routes)
        self._door = door

    def routes(self) -> list[Route]:
        return [
            Route("/", plain(self._queue), methods=["GET"]),
            Route("/sign-in", plain(self._sign_in), methods=["POST"]),
            Route("/sign-out", plain(self._sign_out), methods=["POST"]),
            Route("/requests/{id}", plain(self._request), methods=["GET"]),
            *Deciding(self._gate, self._desk).routes(),
        ]

    # ---- reading

    async def _queue(self, http: HttpRequest) -> Response:
        visitor = visitor_of(http)
        after = parameters(http, "after").get("after")
        if visitor.identity is None:
            return self._way_in("/")
        requests, more = await self._open(visitor, after)
        now = self._gate.clock.steady()
        return html(
            "queue", cards=[card(request, now) for request in sorted(requests, key=ends)], after=after, more=more,
            policy_is_stale=bool(self._gate.stale), **frame(visitor),
        )  # fmt: skip

    async def _open(self, visitor: Visitor, after: str | None) -> tuple[list[JsonObject], str | None]:
        """Open requests that the visitor may see, and after which one there are more."""
        seen, store = self._desk.groups(visitor), self._gate.store
        rows = await store.requests.page(RequestStatus.PENDING, None, after, SHOWN + 1, brief=True, groups=seen)
        page = [self._desk.json(row, brief=True) for row in rows[:SHOWN]]
        return page, rows[SHOWN - 1].id if len(rows) > SHOWN else None

    async def _request(self, http: HttpRequest) -> Response:
        visitor = visitor_of(http)
        parameters(http)
        if visitor.identity is None:
            return self._way_in(http.url.path, status=401)
        return await self._desk.page(await self._desk.request(http, visitor), visitor)

    # ---- signing in and out

    def _way_in(self, to: str, status: int = 200, problem: str = "") -> Response:
        reviewers = (self._gate.loaded.settings.reviewers or {}).values()
        nobody = not any(reviewer.token_sha256 for reviewer in reviewers)
        return html("sign_in", status, to=to, problem=problem, nobody=nobody)

    async def _sign_in(self, http: HttpRequest) -> Response:
        origin = http.headers.get("origin")
        if origin is None:
            raise Failure(403, "bad_origin", "a browser says which page it sends from; this one did not")
        fields = await read_form(http, "token", "to")
        to = fields["to"] if OWN.fullmatch(fields["to"]) else "/"
        token = fields["token"].strip()
        try:
            reviewer = self._door.prove(token)
        except Failure as failure:
            text = "this token belongs to no reviewer" if failure.status == 401 else failure.detail
            return self._way_in(to, failure.status, text)
        secret = self._door.sessions.open(reviewer.reviewer_id, digest_of(token))
        return go(to, self._door.cookie(secret, tls=origin.startswith("https:")))

    async def _sign_out(self, http: HttpRequest) -> Response:
        visitor = visitor_of(http)
        fields = await read_form(http, "key")
        check_key(session_of(visitor), "sign-out", fields["key"])
        self._door.sessions.close(visitor.secret)
        return go("/", self._door.cookie("", tls=http.headers["origin"].startswith("https:")))
