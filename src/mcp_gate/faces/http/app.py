"""The review API as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request as HttpRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from mcp_gate.faces.http import body, events, status
from mcp_gate.faces.http.agents import Agents
from mcp_gate.faces.http.asked import caller, identity_of, one_page, parameters
from mcp_gate.faces.http.callbacks import Callbacks
from mcp_gate.faces.http.door import Door, Visitor
from mcp_gate.faces.http.glass import BreakGlass
from mcp_gate.faces.http.guard import VISITOR, Guard
from mcp_gate.faces.http.page.linked import Linked
from mcp_gate.faces.http.page.pages import Pages
from mcp_gate.faces.http.problem import SAFE_HEADERS, Failure, answer, problem
from mcp_gate.faces.http.purges import Purges
from mcp_gate.faces.http.routes import Routes
from mcp_gate.faces.http.webhooks import Webhooks
from mcp_gate.faces.people import reviewer_json
from mcp_gate.gate.reviewers import Bearer, Session, operator
from mcp_gate.model.foreign import JsonObject
from mcp_gate.store.database import Unavailable
from mcp_gate.upstream import report
from mcp_gate.upstream.report import BadPin, NoSuchUpstream, NotAsShown

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

CODES: Final = {404: "not_found", 405: "method_not_allowed"}


def make_app(gate: Gate, *, hosts: Iterable[str] | None, closing: asyncio.Event) -> ASGIApp:
    """The application.

    Args:
        hosts: the names under which it is reached over TCP; None: it serves the local socket.
        closing: set when open event streams are to end.
    """
    routes = Routes(gate, gate.reviewing)
    door = Door(gate)
    app = Starlette(
        routes=[
            *routes.routes(),
            *_Rest(gate, routes, door, closing).routes(),
            *BreakGlass(gate.glass).routes(),
            *Agents(gate.governing).routes(),
            *Callbacks(gate).routes(),
            *Linked(gate).routes(),
            *Purges(gate.purging).routes(),
            *Webhooks(gate).routes(),
            *Pages(gate, routes, door).routes(),
        ],
        exception_handlers={
            Failure: _failed,
            Unavailable: _unavailable,
            NoSuchUpstream: _no_upstream,
            BadPin: _bad_pin,
            NotAsShown: _not_as_shown,
            HTTPException: _no_route,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, gate, door, hosts)


class _Rest:
    """Endpoints that are not about one request or call."""

    def __init__(self, gate: Gate, routes: Routes, door: Door, closing: asyncio.Event) -> None:
        self._gate = gate
        self._routes = routes
        self._door = door
        self._closing = closing

    def routes(self) -> list[Route]:
        return [
            Route("/v1/status", self.status, methods=["GET"]),
            Route("/v1/reviewers", self.reviewers, methods=["GET"]),
            Route("/v1/events", self.events, methods=["GET"]),
            Route("/v1/upstreams", self.upstreams, methods=["GET"]),
            Route("/v1/upstreams/{id}/tools", self.tools, methods=["GET"]),
            Route("/v1/upstreams/{id}/pin", self.pin, methods=["POST"]),
            Route("/v1/stop", self.stop, methods=["POST"]),
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/openapi.json", self.openapi, methods=["GET"]),
        ]

    async def status(self, http: HttpRequest) -> Response:
        parameters(http)
        return answer(await status.status(self._gate))

    async def reviewers(self, http: HttpRequest) -> Response:
        one_page(http)
        listed = self._gate.loaded.settings.reviewers
        alone: JsonObject = {"id": operator(), "keys": [], "token": False}
        found = [alone] if listed is None else [reviewer_json(one) for one in listed.values()]
        return answer({"reviewers": found, "next": None})

    async def healthz(self, http: HttpRequest) -> Response:
        parameters(http)
        health = status.healthz(self._gate)
        return answer(health, 503 if health["status"] == "failing" else 200)

    async def metrics(self, http: HttpRequest) -> Response:
        from mcp_gate.faces.http.metrics import metrics

        parameters(http)
        return await metrics(self._gate)

    async def openapi(self, http: HttpRequest) -> Response:
        from mcp_gate.faces.http.openapi import openapi

        parameters(http)
        return answer(openapi(http.app.routes))

    async def events(self, http: HttpRequest) -> Response:
        """`?as=` names who has the queue before him; over TCP that is whose token was shown."""
        named = parameters(http, "as").get("as")
        identity = identity_of(http)
        if isinstance(identity, Bearer):
            named = caller(http, named or identity.reviewer_id)
        watching = nullcontext() if named is None else self._gate.presence.watching(named)

        told = partial(self._routes.sight.told, identity)
        resumed = "last-event-id" in http.headers
        visitor: Visitor = http.scope[VISITOR]
        admitted = partial(self._door.admits, visitor)
        messages = events.stream(self._gate.hub, self._closing, told, watching, admitted, resumed=resumed)
        return StreamingResponse(messages, 200, SAFE_HEADERS, "text/event-stream")

    async def upstreams(self, http: HttpRequest) -> Response:
        one_page(http)
        return answer({"upstreams": await report.upstreams(self._gate), "next": None})

    async def tools(self, http: HttpRequest) -> Response:
        one_page(http)
        return answer({"tools": await report.tools(self._gate, http.path_params["id"]), "next": None})

    async def pin(self, http: HttpRequest) -> Response:
        self._local_only(http)
        posted = await body.read_object(http)
        return answer(await report.pin(self._gate, http.path_params["id"], posted))

    async def stop(self, http: HttpRequest) -> Response:
        self._local_only(http)
        if await body.read_object(http):
            raise Failure(400, "bad_request", "stop takes an empty object")
        self._gate.stop()
        return answer({"status": "stopping"}, 202)

    @staticmethod
    def _local_only(http: HttpRequest) -> None:
        if not isinstance(identity_of(http), Session):
            raise Failure(403, "local_only", "only the user who runs the gate does this, over the local socket")


async def _failed(_: HttpRequest, failure: Exception) -> Response:
    assert isinstance(failure, Failure)
    return problem(failure)


async def _no_upstream(_: HttpRequest, __: Exception) -> Response:
    return problem(Failure(404, "not_found", "there is no upstream with this id"))


async def _bad_pin(_: HttpRequest, error: Exception) -> Response:
    return problem(Failure(400, "bad_request", str(error), ("tools",)))


async def _not_as_shown(_: HttpRequest, error: Exception) -> Response:
    return problem(Failure(409, "tool_changed", str(error)))


async def _unavailable(_: HttpRequest, __: Exception) -> Response:
    return problem(Failure(503, "unavailable", "the gate cannot read or write its record; nothing was changed"))


async def _no_route(_: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "bad_request")
    text = "there is nothing here" if error.status_code == 404 else "this method is not allowed here"
    return problem(Failure(error.status_code, code, text, headers=error.headers))


async def _broken(_: HttpRequest, __: Exception) -> Response:
    return problem(Failure(500, "internal", "the gate failed; its log says where"))
