"""The routes about requests and calls (contract 7). GET never changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body
from mcp_gate.faces.http.asked import caller, flag, identity_of, no_page, one_page, parameters, status
from mcp_gate.faces.http.problem import Failure, answer
from mcp_gate.faces.http.shapes import nearest_json, request_json, server_json
from mcp_gate.faces.http.sight import UNTOLD, Blind, Sight
from mcp_gate.faces.http.told import no_request, refusal, there
from mcp_gate.gate.erasing import Erased, NoSuchCall, erase
from mcp_gate.gate.masked import masked
from mcp_gate.gate.mistakes import found_in, mark, proposed
from mcp_gate.gate.personal import personal
from mcp_gate.gate.reviewers import Identity, Session
from mcp_gate.gate.reviewing import Answer, NoSuchRequest, Reviewing
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request
from mcp_gate.scanning.settings import options

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

PAGE_SIZE: Final = 100
BRIEF_PAGE_SIZE: Final = 1000
MOST_SHOWN: Final = 1 << 20
"""Bytes of a withheld result that a request is shown with."""
PRIVATE: Final = ("arguments", "attributes", "claims")
"""What a reviewer who proved himself sees only of calls that are his group's to decide."""


class Routes:
    """Endpoints over one gate."""

    def __init__(self, gate: Gate, reviewing: Reviewing) -> None:
        self._gate = gate
        self._reviewing = reviewing
        self.sight = Sight(gate)

    def routes(self) -> list[Route]:
        return [
            Route("/v1/requests", self.requests, methods=["GET"]),
            Route("/v1/requests/{id}", self.request, methods=["GET"]),
            Route("/v1/requests/{id}/decision", self.decision, methods=["POST"]),
            Route("/v1/requests/{id}/claim", self.claim, methods=["POST"]),
            Route("/v1/requests/{id}/release-claim", self.release_claim, methods=["POST"]),
            Route("/v1/requests/{id}/extend", self.extend, methods=["POST"]),
            Route("/v1/requests/{id}/reveal", self.reveal, methods=["POST"]),
            Route("/v1/requests/{id}/false-positive", self.false_positive, methods=["POST"]),
            Route("/v1/false-positives", self.false_positives, methods=["GET"]),
            Route("/v1/requests/{id}/escalate", self.escalate, methods=["POST"]),
            Route("/v1/calls/{id}", self.call, methods=["GET"]),
            Route("/v1/calls/{id}/erase", self.erase, methods=["POST"]),
        ]

    # ---- reading

    async def requests(self, http: HttpRequest) -> Response:
        """A page of requests, oldest first; a reviewer sees those of his groups. With `brief=true` the pages are
        larger, and calls are without what a list does not show."""
        query = parameters(http, "status", "group", "after", "brief")
        wanted, brief = status(query), flag(query, "brief")
        size = BRIEF_PAGE_SIZE if brief else PAGE_SIZE
        stored = self._gate.store.requests
        identity = identity_of(http)
        seen, blind = self.sight.groups(identity), await self.sight.blind(identity)
        rows = await stored.page(wanted, query.get("group"), query.get("after"), size + 1, brief=brief, groups=seen)
        if not rows and "after" in query and await stored.find(query["after"]) is None:
            raise no_page()
        page = rows[:size]
        shown = [blind.over(self._json(row, brief=brief)) for row in page if not blind.hides(row)]
        return answer({"requests": shown, "next": page[-1].id if len(rows) > size else None})

    async def request(self, http: HttpRequest) -> Response:
        """One request. With `personal=true` it says what among its arguments is personal, or secret."""
        query = parameters(http, "personal")
        found = await self.found(http.path_params["id"], identity_of(http))
        out = await self.whole(found, identity_of(http))
        return answer(out | await self.personal(found) if flag(query, "personal") else out)

    async def found(self, id: str, identity: Identity, *, deciding: bool = False) -> Request:
        """A request that a caller may read.

        Args:
            deciding: he says his word on it: that he came too late is told, and recorded.

        Raises:
            Failure: 404.
        """
        found = await self._gate.store.requests.find(id)
        if found is None or not self.sight.visible(identity, found.group):
            raise no_request()
        if not deciding and (await self.sight.blind(identity)).hides(found):
            raise Failure(404, "not_found", "what was decided is not told to you: a second look at it may be yours")
        return found

    async def personal(self, request: Request) -> JsonObject:
        """The member `personal`: what among the arguments is personal, or secret; and `personal_asked`, the same of
        those that the agent asked with, where a reviewer changed them."""
        gate = self._gate
        out = {"personal": request.call.arguments}
        if request.asked is not None:
            out["personal_asked"] = request.asked["arguments"]
        found = options(gate.loaded.outgoing.detection)
        return {name: await personal(gate.scanner, arguments, found) for name, arguments in out.items()}

    async def whole(self, request: Request, identity: Identity) -> JsonObject:
        """All that there is to read of a request, for one who may see it."""
        blind = await self.sight.blind(identity)
        out = blind.over(self._json(request)) | await self._nearest(request, identity, blind)
        out |= server_json(self._gate.catalog.lookup(request.call.listed_name))
        return out | await self._withheld(request) if request.kind == "quarantine" else out

    async def _withheld(self, request: Request) -> JsonObject:
        """The member `result`: a withheld result, masked, where it is still there and not too large to read."""
        shown = await masked(self._gate, request)
        if shown is None or sum(map(len, strictjson.pieces(shown))) > MOST_SHOWN:
            return {}
        found = [{"n": n, **one.as_json()} for n, one in enumerate(await found_in(self._gate, request), start=1)]
        return {"result": strictjson.unpacked(shown), "found": found}

    async def false_positive(self, http: HttpRequest) -> Response:
        """Findings of a withheld result that a reviewer says are none."""
        named, numbers = body.findings_of(await body.read_object(http))
        approver = caller(http, named)
        marked = there(await mark(self._gate, http.path_params["id"], numbers, approver, identity_of(http)))
        return answer({"false_positives": marked, "next": None})

    async def false_positives(self, http: HttpRequest) -> Response:
        """What reviewers marked, with what it says: for the user who runs the gate alone."""
        one_page(http)
        if not isinstance(identity_of(http), Session):
            raise Failure(403, "local_only", "only the user who runs the gate reads this, over the local socket")
        return answer({"false_positives": await proposed(self._gate), "next": None})

    async def reveal(self, http: HttpRequest) -> Response:
        """What is covered: a withheld result as it came, else what is personal among the arguments, which faces have
        and do not show. That somebody saw it is recorded: this is no GET."""
        approver = caller(http, body.approver_of(await body.read_object(http)))
        await self.found(http.path_params["id"], identity_of(http))
        found = await self._reviewing.reveal(http.path_params["id"], approver, identity_of(http))
        match found:
            case Request() | Refused() | NoSuchRequest():
                return answer(request_json(there(found)))
            case _:
                return answer({"result": found})

    async def _nearest(self, request: Request, identity: Identity, blind: Blind) -> JsonObject:
        """The member `nearest`: an approved call to compare with, if the caller may read that one, too."""
        found = await self._gate.store.requests.nearest(request)
        if found is None or not self.sight.visible(identity, found.group) or found.request_id in blind.ids:
            return {}
        return {"nearest": nearest_json(found)}

    async def call(self, http: HttpRequest) -> Response:
        """One call. A reviewer sees those that are his groups' to decide, and of calls that nobody had to decide all
        but what was asked for."""
        parameters(http)
        found = await self._gate.store.call(http.path_params["id"])
        groups, identity = await self._groups_of_call(http), identity_of(http)
        if found is None:
            raise _no_call()
        if not groups and not isinstance(identity, Session):
            found = {name: value for name, value in found.items() if name not in PRIVATE}
        if found["id"] in (await self.sight.blind(identity)).ids:
            found["state"] = UNTOLD
        return answer({name: value for name, value in found.items() if value is not None})

    async def erase(self, http: HttpRequest) -> Response:
        named, reason = body.word_of(await body.read_object(http), reasoned=True)
        await self._groups_of_call(http)
        id = http.path_params["id"]
        outcome = await erase(self._gate, id, caller(http, named), reason, identity_of(http))
        match outcome:
            case Erased(scrubbed):
                return answer({"call_id": id, "erased": True, "scrubbed": scrubbed})
            case Refused():
                raise refusal(outcome)
            case NoSuchCall():
                raise _no_call()
            case _:
                assert_never(outcome)

    async def _groups_of_call(self, http: HttpRequest) -> list[str]:
        """The groups that had to decide on a call.

        Raises:
            Failure: 404, they are others' alone.
        """
        groups = await self._gate.store.groups_of(http.path_params["id"])
        if groups and not any(self.sight.visible(identity_of(http), group) for group in groups):
            raise _no_call()
        return groups

    # ---- deciding

    async def decision(self, http: HttpRequest) -> Response:
        posted = body.decision_of(await body.read_object(http))
        return await self._told(http, await self._reviewing.decide(http.path_params["id"], posted, identity_of(http)))

    async def claim(self, http: HttpRequest) -> Response:
        approver = caller(http, body.approver_of(await body.read_object(http)))
        return await self._told(http, await self._reviewing.claim(http.path_params["id"], approver, identity_of(http)))

    async def release_claim(self, http: HttpRequest) -> Response:
        approver = caller(http, body.approver_of(await body.read_object(http)))
        return await self._told(
            http, await self._reviewing.release_claim(http.path_params["id"], approver, identity_of(http))
        )

    async def extend(self, http: HttpRequest) -> Response:
        named, seconds = body.extension_of(await body.read_object(http))
        approver = caller(http, named)
        return await self._told(
            http, await self._reviewing.extend(http.path_params["id"], approver, identity_of(http), seconds)
        )

    async def escalate(self, http: HttpRequest) -> Response:
        named, reason = body.word_of(await body.read_object(http), reasoned=False)
        approver = caller(http, named)
        return await self._told(
            http, await self._reviewing.escalate(http.path_params["id"], approver, identity_of(http), reason)
        )

    # ---- showing

    def _json(self, request: Request, *, brief: bool = False) -> JsonObject:
        return request_json(self._reviewing.shown(request), brief=brief)

    async def _told(self, http: HttpRequest, outcome: Answer) -> Response:
        request = there(outcome)
        return answer((await self.sight.blind(identity_of(http))).over(request_json(request)))


def _no_call() -> Failure:
    return Failure(404, "not_found", "there is no call with this id")
