"""The routes of break-glass: one person asks, another confirms, anybody who reviews ends it."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body
from mcp_gate.faces.http.asked import caller, identity_of, one_page
from mcp_gate.faces.http.problem import answer
from mcp_gate.faces.http.told import told
from mcp_gate.gate.glass import Glass


class BreakGlass:
    """Endpoints over one gate's glass."""

    def __init__(self, glass: Glass) -> None:
        self._glass = glass

    def routes(self) -> list[Route]:
        return [
            Route("/v1/break-glass", self.listed, methods=["GET"]),
            Route("/v1/break-glass", self.ask, methods=["POST"]),
            Route("/v1/break-glass/{id}", self.confirm, methods=["POST"]),
            Route("/v1/break-glass/{id}/end", self.end, methods=["POST"]),
        ]

    async def listed(self, http: HttpRequest) -> Response:
        one_page(http)
        return answer({"break_glass": self._glass.listed(), "next": None})

    async def ask(self, http: HttpRequest) -> Response:
        wanted, word = body.glass_of(await body.read_object(http))
        caller(http, word.approver_id)
        return told(await self._glass.ask(wanted, word, identity_of(http)))

    async def confirm(self, http: HttpRequest) -> Response:
        word = body.signed_of(await body.read_object(http))
        caller(http, word.approver_id)
        return told(await self._glass.confirm(http.path_params["id"], word, identity_of(http)))

    async def end(self, http: HttpRequest) -> Response:
        named = caller(http, body.approver_of(await body.read_object(http)))
        return told(await self._glass.end(http.path_params["id"], named, identity_of(http)))
