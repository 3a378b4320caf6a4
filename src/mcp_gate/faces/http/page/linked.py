"""The page behind a one-time link: GET shows it, POST alone decides. Scanners and unfurlers that fetch it change
nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body
from mcp_gate.faces.http.asked import parameters
from mcp_gate.faces.http.page.bearer import shown_to_bearer
from mcp_gate.faces.http.page.common import go
from mcp_gate.faces.http.page.deciding import check_filled
from mcp_gate.faces.http.page.form import read_form
from mcp_gate.faces.http.page.render import html
from mcp_gate.faces.http.problem import Failure
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.faces.http.sight import Sight
from mcp_gate.faces.http.told import refusal
from mcp_gate.gate import reviewers
from mcp_gate.gate.reviewers import Carried
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request
from mcp_gate.notify.links import PATH, Link, opened

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

FIELDS = ("key", "word", "digest", "reason", "job_hash", "policy_snapshot", "nonce")


class Linked:
    """The one page of a link, for its bearer."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def routes(self) -> list[Route]:
        return [
            Route(PATH + "{token}", self._show, methods=["GET"]),
            Route(PATH + "{token}", self._decide, methods=["POST"]),
        ]

    async def _show(self, http: HttpRequest) -> Response:
        parameters(http)
        try:
            link, request = await self._found(http)
        except Failure as failure:
            return html("told", failure.status, failure=failure, back="/")
        return await self._page(http, link, request)

    async def _page(self, http: HttpRequest, link: Link, request: Request) -> Response:
        shown = await shown_to_bearer(self._gate, request)
        if request.min_assurance > Assurance.LINK:
            shown = {**shown, "sayings": [], "needs_more_proof": True}
        forms = {"key": "", "nonce": secrets.token_hex(16), "me": link.reviewer, "read_key": ""}
        return html("request", shown=shown, forms=forms, action=http.url.path, linked=True)

    async def _decide(self, http: HttpRequest) -> Response:
        try:
            link, request = await self._found(http, deciding=True)
            fields = await read_form(http, *FIELDS)
            saying = check_filled(self._json(request), fields, self._gate.clock.steady())
            if saying is not None and (saying.shown or (saying.bare and await self._covers(request))):
                text = "something of it is covered here; sign in to read it, and say this there"
                raise Failure(422, "not_shown", text)
            said = {
                "decision": fields["word"], "approver_id": link.reviewer, "job_hash": fields["job_hash"],
                "policy_snapshot": fields["policy_snapshot"], "decision_ts": rfc3339(self._gate.clock.wall()),
                "nonce": fields["nonce"], "reason": fields["reason"].strip(),
            }  # fmt: skip
            posted = body.decision_of({name: value for name, value in said.items() if value or name != "reason"})
            carried = Carried(link.reviewer, link.channel)
            outcome = await self._gate.reviewing.decide(request.id, posted, carried, link.mark)
            if isinstance(outcome, Refused):
                raise refusal(outcome)
        except Failure as failure:
            back = http.url.path if failure.status != 404 else "/"
            return html("told", failure.status, failure.headers, failure=failure, back=back)
        return go(http.url.path)

    async def _covers(self, request: Request) -> bool:
        """Whether something of it is not shown here."""
        return bool((await shown_to_bearer(self._gate, request))["covered"])

    async def _found(self, http: HttpRequest, *, deciding: bool = False) -> tuple[Link, Request]:
        """What the link is about, while it may be seen. The same answer whatever is wrong with it.

        Args:
            deciding: see `Routes.found`.

        Raises:
            Failure: 404.
        """
        link = opened(self._gate, http.path_params["token"])
        if link is not None and link.until_ts > rfc3339(self._gate.clock.steady()):
            request = await self._gate.store.requests.find(link.request_id)
            people = reviewers.people(self._gate.loaded.settings)
            if request is not None and people.decides_for(link.reviewer, request.group):
                blind = await Sight(self._gate).blind(Carried(link.reviewer, link.channel))
                if deciding or not blind.hides(request):
                    return link, request
        raise Failure(404, "not_found", "this link leads nowhere: it is too old, or was never made here")

    def _json(self, request: Request) -> JsonObject:
        return request_json(self._gate.reviewing.shown(request))
