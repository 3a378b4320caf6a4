"""`POST /v1/callbacks/{webhook}`: a receiver's answer, signed with the secret of its webhook (assurance `link`)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body, slack
from mcp_gate.faces.http.asked import parameters
from mcp_gate.faces.http.guard import CALLBACKS
from mcp_gate.faces.http.problem import Failure, answer
from mcp_gate.faces.http.told import there
from mcp_gate.gate.reviewers import Carried
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.event import Event
from mcp_gate.notify.signing import NoSecret, NotSigned, secret_of, verified
from mcp_gate.store.once import Once
from mcp_gate.upstream.rate import Rate

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

MOST_BYTES: Final = 65_536
REMEMBERED_SEC: Final = 86_400
"""How long the id of a message is known: its signature counts for minutes."""
HEADERS: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")
NOBODY: Final = "whsec_" + "A" * 32
"""What is compared with where there is no secret, so that it takes the same time."""


class Callbacks:
    """The endpoint of one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._noted = Rate(1.0)

    def routes(self) -> list[Route]:
        return [Route(CALLBACKS + "{id}", self.callback, methods=["POST"])]

    async def callback(self, http: HttpRequest) -> Response:
        parameters(http)
        data = await body.read(http, MOST_BYTES)
        spec = next((s for s in self._gate.loaded.settings.webhooks if s.id == http.path_params["id"]), None)
        if spec is not None and spec.slack is not None:
            try:
                pressed = slack.verified(http, spec, data)
            except NotSigned:
                raise self._unsigned(spec) from None
            return await slack.take(self._gate, pressed)
        message_id = self._verified(http, spec, data)
        assert spec is not None
        posted = body.object_of(http, data)
        request_id = posted.pop("request_id", None)
        if not isinstance(request_id, str):
            raise Failure(400, "bad_request", "the body names no request", ("request_id",))
        word = body.decision_of({"nonce": message_id, **posted})
        if word.approver_id not in spec.reviewers:
            text = "this webhook speaks only for the people whom its 'reviewers:' names"
            raise Failure(403, "unknown_reviewer", text, ("approver_id",))
        until = rfc3339(self._gate.clock.steady() + REMEMBERED_SEC)
        channel = f"callback:{spec.id}"
        mark = Once(channel, message_id, until, however=True)
        by = Carried(str(word.approver_id), channel)
        request = there(await self._gate.reviewing.decide(request_id, word, by, mark))
        return answer({"request_id": request.id, "status": request.status.value})  # no more than it was told

    def _verified(self, http: HttpRequest, spec: WebhookSpec | None, data: bytes) -> str:
        """The id of the message.

        Raises:
            Failure: 401, the same whatever is wrong.
        """
        try:
            if any(len(http.headers.getlist(name)) > 1 for name in HEADERS):
                raise NotSigned
            id_ = verified(_secret(spec), http.headers, data)
            if spec is None or spec.secret is None:
                raise NotSigned
        except NotSigned:
            raise self._unsigned(spec) from None
        return id_

    def _unsigned(self, spec: WebhookSpec | None) -> Failure:
        """The one answer, and a record that there was something; not of each, for anybody may send many."""
        if self._noted.take(self._gate.clock.steady()):
            fields = {"policy_snapshot": self._gate.loaded.snapshot.id}
            told = "" if spec is None else spec.id
            self._gate.note(Event("security.callback_refused", fields, {"webhook": told}))
        return Failure(401, "unauthorized", "sign the body with the secret of this webhook")


def _secret(spec: WebhookSpec | None) -> str:
    try:
        return NOBODY if spec is None else secret_of(spec)
    except NoSecret:
        return "whsec_" + secrets.token_urlsafe(24)
