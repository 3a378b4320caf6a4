"""What a signed-in reviewer says on the page: every word goes the way that it goes from any other face."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.facts import DIGITS
from mcp_gate.faces.http import body
from mcp_gate.faces.http.door import Visitor
from mcp_gate.faces.http.page.common import Desk, check_key, form_of, go, plain, read_form_of, session_of, visitor_of
from mcp_gate.faces.http.page.form import read_form
from mcp_gate.faces.http.page.shown import story
from mcp_gate.faces.http.page.words import Saying
from mcp_gate.faces.http.problem import Failure
from mcp_gate.faces.http.told import there
from mcp_gate.gate.reviewers import Bearer
from mcp_gate.gate.reviewing import Answer, NoSuchRequest
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Refused
from mcp_gate.model.request import Request

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

FIELDS = ("key", "word", "digest", "reason", "job_hash", "policy_snapshot", "nonce")
"""Of the forms that decide. What was shown comes back with the word."""


class Deciding:
    """The forms about one request."""

    def __init__(self, gate: Gate, desk: Desk) -> None:
        self._gate = gate
        self._desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("/requests/{id}/decision", plain(self._decide), methods=["POST"]),
            Route("/requests/{id}/reveal", plain(self._reveal), methods=["POST"]),
            Route("/requests/{id}/claim", plain(self._claim), methods=["POST"]),
            Route("/requests/{id}/release-claim", plain(self._release_claim), methods=["POST"]),
        ]

    async def _decide(self, http: HttpRequest) -> Response:
        request, visitor, fields = await self._sent(http, *FIELDS, deciding=True)
        me = session_of(visitor).reviewer_id
        saying = check_filled(self._desk.json(request), fields, self._gate.clock.steady())
        if saying is not None and saying.bare and not session_of(visitor).made(read_form_of(request.id), fields["key"]):
            raise Failure(422, "not_shown", "something of it is still covered; have it shown before you say this")
        said = {
            "decision": fields["word"], "approver_id": me, "job_hash": fields["job_hash"], "nonce": fields["nonce"],
            "policy_snapshot": fields["policy_snapshot"], "decision_ts": rfc3339(self._gate.clock.wall()),
        }  # fmt: skip
        reason = fields["reason"].strip()
        posted = body.decision_of({**said, "reason": reason} if reason else said)
        return _told(request.id, await self._gate.reviewing.decide(request.id, posted, Bearer(me)))

    async def _reveal(self, http: HttpRequest) -> Response:
        """What is covered, shown at once: that somebody saw it is recorded, so that this is no GET."""
        request, visitor, _ = await self._sent(http, "key")
        me = session_of(visitor).reviewer_id
        found = await self._gate.reviewing.reveal(request.id, me, Bearer(me))
        match found:
            case Request() | Refused() | NoSuchRequest():
                return await self._desk.page(there(found), visitor, bare=True)
            case _:
                return await self._desk.page(request, visitor, bare=True, result=found)

    async def _claim(self, http: HttpRequest) -> Response:
        request, visitor, _ = await self._sent(http, "key")
        me = session_of(visitor).reviewer_id
        return _told(request.id, await self._gate.reviewing.claim(request.id, me, Bearer(me)))

    async def _release_claim(self, http: HttpRequest) -> Response:
        request, visitor, _ = await self._sent(http, "key")
        me = session_of(visitor).reviewer_id
        return _told(request.id, await self._gate.reviewing.release_claim(request.id, me, Bearer(me)))

    async def _sent(
        self, http: HttpRequest, *known: str, deciding: bool = False
    ) -> tuple[Request, Visitor, dict[str, str]]:
        """What a form is about, who sent it, and its fields.

        Raises:
            Failure: he is not signed in, the form is not his, or he may not see the request.
        """
        visitor = visitor_of(http)
        session = session_of(visitor)
        fields = await read_form(http, *known)
        id = http.path_params["id"]
        if not session.made(read_form_of(id), fields["key"]):
            check_key(session, form_of(id), fields["key"])
        return await self._desk.request(http, visitor, deciding=deciding), visitor, fields


def check_filled(request: JsonObject, fields: dict[str, str], now: float) -> Saying | None:
    """The form was filled in as its word asks; None: it is over, and the gate says how it ended.

    Raises:
        Failure: 422, it was not; nothing was said.
    """
    shown = story(request, now)
    if not shown["open"]:
        return None
    saying: Saying | None = next((one for one in shown["sayings"] if one.word == fields["word"]), None)
    if saying is None:
        raise Failure(422, "bad_decision", "this cannot be said of this request here")
    typed = "".join(fields["digest"].split()).lower().removeprefix("sha256:")
    whole = fields["job_hash"].removeprefix("sha256:")
    if saying.typed and (len(typed) < DIGITS or not whole.startswith(typed)):
        text = f"these are not the first {DIGITS} digits of the digest under the call; read it again"
        raise Failure(422, "wrong_digest", text)
    if saying.reasoned and not fields["reason"].strip():
        raise Failure(422, "no_reason", f"'{saying.label}' needs a reason")
    return saying


def _told(id: str, outcome: Answer) -> Response:
    there(outcome)
    return go(f"/requests/{id}")
