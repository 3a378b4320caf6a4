"""The routes of taking old records out: one person asks, another confirms."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body
from mcp_gate.faces.http.asked import caller, identity_of
from mcp_gate.faces.http.problem import Failure
from mcp_gate.faces.http.told import told
from mcp_gate.gate.purging import Purging


class Purges:
    """Endpoints over one gate's old records."""

    def __init__(self, purging: Purging) -> None:
        self._purging = purging

    def routes(self) -> list[Route]:
        return [
            Route("/v1/purges", self.ask, methods=["POST"]),
            Route("/v1/purges/{id}/confirm", self.confirm, methods=["POST"]),
        ]

    async def ask(self, http: HttpRequest) -> Response:
        posted = await body.read_object(http)
        before = posted.pop("before", None)
        named, reason = body.word_of(posted, reasoned=True)
        if not isinstance(before, str):
            raise Failure(400, "bad_request", "before is a time", ("before",))
        return told(await self._purging.ask(before, caller(http, named), reason, identity_of(http)))

    async def confirm(self, http: HttpRequest) -> Response:
        named = body.approver_of(await body.read_object(http))
        return told(await self._purging.confirm(http.path_params["id"], caller(http, named), identity_of(http)))
