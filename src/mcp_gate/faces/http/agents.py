"""The routes about agents: their levels, and what people do about them. The id `*` stops or resumes everybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body
from mcp_gate.faces.http.asked import caller, identity_of, one_page
from mcp_gate.faces.http.problem import answer
from mcp_gate.faces.http.told import told
from mcp_gate.gate.governing import Answer, Governing, Said
from mcp_gate.gate.reviewers import Identity


class Agents:
    """Endpoints over one gate's agents."""

    def __init__(self, governing: Governing) -> None:
        self._governing = governing

    def routes(self) -> list[Route]:
        return [
            Route("/v1/agents", self.agents, methods=["GET"]),
            Route("/v1/agents/{id}/promote", self.promote, methods=["POST"]),
            Route("/v1/agents/{id}/demote", self.demote, methods=["POST"]),
            Route("/v1/agents/{id}/incident", self.incident, methods=["POST"]),
            Route("/v1/agents/{id}/stop", self.stop, methods=["POST"]),
            Route("/v1/agents/{id}/resume", self.resume, methods=["POST"]),
        ]

    async def agents(self, http: HttpRequest) -> Response:
        one_page(http)
        return answer({"agents": await self._governing.listed(), "next": None})

    async def promote(self, http: HttpRequest) -> Response:
        return await _done(http, self._governing.promote, reasoned=False)

    async def demote(self, http: HttpRequest) -> Response:
        return await _done(http, self._governing.demote, reasoned=False)

    async def incident(self, http: HttpRequest) -> Response:
        return await _done(http, self._governing.incident)

    async def stop(self, http: HttpRequest) -> Response:
        return await _done(http, self._governing.stop, reasoned=False)

    async def resume(self, http: HttpRequest) -> Response:
        return await _done(http, self._governing.resume, reasoned=False)


async def _done(
    http: HttpRequest, act: Callable[[Said, Identity], Awaitable[Answer]], *, reasoned: bool = True
) -> Response:
    named, reason = body.word_of(await body.read_object(http), reasoned=reasoned)
    return told(await act(Said(http.path_params["id"], caller(http, named), reason), identity_of(http)))
