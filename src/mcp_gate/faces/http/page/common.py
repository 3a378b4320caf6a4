"""What all pages have in common: who looks, whether a form is theirs, and refusals with the way back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from starlette.requests import Request as HttpRequest
from starlette.responses import RedirectResponse, Response

from mcp_gate.faces.http.door import Visitor
from mcp_gate.faces.http.guard import VISITOR
from mcp_gate.faces.http.page.render import html
from mcp_gate.faces.http.page.sessions import PageSession
from mcp_gate.faces.http.page.shown import story
from mcp_gate.faces.http.problem import SAFE_HEADERS, Failure
from mcp_gate.faces.http.routes import Routes
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.faces.http.told import no_request
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

OWN: Final = re.compile(r"/requests/[A-Za-z0-9._-]{1,64}")
"""Where the way may go on: the page of a request."""

Handler: TypeAlias = Callable[[HttpRequest], Awaitable[Response]]


class Desk:
    """Requests as one visitor may see them."""

    def __init__(self, gate: Gate, routes: Routes) -> None:
        self._gate = gate
        self._routes = routes

    def groups(self, visitor: Visitor) -> frozenset[str] | None:
        """The groups whose requests he may see; None: all."""
        return frozenset() if visitor.identity is None else self._routes.sight.groups(visitor.identity)

    async def request(self, http: HttpRequest, visitor: Visitor, *, deciding: bool = False) -> Request:
        """The request that a path is about.

        Raises:
            Failure: 404, there is none that the visitor may see.
        """
        if visitor.identity is None:
            raise no_request()
        return await self._routes.found(http.path_params["id"], visitor.identity, deciding=deciding)

    def json(self, request: Request, *, brief: bool = False) -> JsonObject:
        return request_json(self._gate.reviewing.shown(request), brief=brief)

    async def page(
        self, request: Request, visitor: Visitor, *, bare: bool = False, result: JsonObject | None = None
    ) -> Response:
        """Everything about a request, with the forms of a visitor who is signed in.

        Args:
            bare: nothing is covered: that he sees it is on the record.
            result: the withheld result as it came.
        """
        assert visitor.identity is not None
        told = await self._routes.whole(request, visitor.identity)
        if not bare:
            told |= await self._routes.personal(request)
        if result is not None:
            told["result"] = strictjson.unpacked(result)
        shown = story(told, self._gate.clock.steady(), bare=bare)
        forms: JsonObject = {}
        if visitor.session is not None:
            key, read = (visitor.session.form_key(form) for form in (form_of(request.id), read_form_of(request.id)))
            forms = {"key": key, "nonce": secrets.token_hex(16), "me": visitor.session.reviewer_id, "read_key": read}
        action = f"/requests/{quote(request.id, safe='')}/decision"
        return html("request", shown=shown, forms=forms, action=action, linked=False, **frame(visitor))


def visitor_of(http: HttpRequest) -> Visitor:
    """Who looks at a page, as the guard found out."""
    visitor: Visitor = http.scope[VISITOR]
    return visitor


def session_of(visitor: Visitor) -> PageSession:
    """
    Raises:
        Failure: 403, he did not sign in here.
    """
    if visitor.session is None:
        raise Failure(403, "not_signed_in", "sign in on this page first")
    return visitor.session


def frame(visitor: Visitor) -> JsonObject:
    """What every page of a signed-in reviewer shows."""
    session = visitor.session
    if session is None:
        return {"me": "", "sign_out_key": ""}
    return {"me": session.reviewer_id, "sign_out_key": session.form_key("sign-out")}


def read_form_of(request_id: str) -> str:
    """Names the forms that are there once all of a request was shown."""
    return f"all of request {request_id}"


def form_of(request_id: str) -> str:
    """Names the forms about a request."""
    return f"request {request_id}"


def check_key(session: PageSession, form: str, key: str) -> None:
    """
    Raises:
        Failure: 403, the form is none that this session was given.
    """
    if not session.made(form, key):
        raise Failure(403, "bad_form_key", "this form was not made here for you; go back and send it from there")


def plain(handler: Handler) -> Handler:
    """Refusals as a page with the way back."""

    async def shown(http: HttpRequest) -> Response:
        try:
            return await handler(http)
        except Failure as failure:
            path = f"/requests/{http.path_params.get('id', '')}"
            back = path if OWN.fullmatch(path) and failure.status != 404 else "/"
            return html("told", failure.status, failure.headers, failure=failure, back=back)

    return shown


def go(to: str, cookie: str | None = None) -> Response:
    """After a POST: the browser reads what came of it, and a reload sends nothing twice."""
    headers = {**SAFE_HEADERS, "Referrer-Policy": "same-origin"}
    if cookie is not None:
        headers["Set-Cookie"] = cookie
    return RedirectResponse(to, 303, headers)
