"""The routes about webhooks: how each is doing, and another try for what was given up."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from mcp_gate.faces.http import body
from mcp_gate.faces.http.asked import one_page
from mcp_gate.faces.http.problem import Failure, answer
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.foreign import JsonObject
from mcp_gate.notify.post import RETRIED
from mcp_gate.store.outbox import Message, Tally

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate


class Webhooks:
    """Endpoints over one gate's webhooks."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def routes(self) -> list[Route]:
        return [
            Route("/v1/webhooks", self.webhooks, methods=["GET"]),
            Route("/v1/webhooks/{id}/retry", self.retry, methods=["POST"]),
        ]

    async def webhooks(self, http: HttpRequest) -> Response:
        one_page(http)
        outbox, specs = self._gate.store.outbox, self._gate.loaded.settings.webhooks
        return answer({"webhooks": [_shown(spec, await outbox.tally(spec.id)) for spec in specs], "next": None})

    async def retry(self, http: HttpRequest) -> Response:
        """Have everything that was given up sent again."""
        if await body.read_object(http):
            raise Failure(400, "bad_request", "retry takes an empty object")
        webhook = http.path_params["id"]
        if all(spec.id != webhook for spec in self._gate.loaded.settings.webhooks):
            raise Failure(404, "not_found", "there is no webhook with this id")
        retried = await self._gate.store.outbox.retry(webhook, rfc3339(self._gate.clock.steady()))
        self._gate.hub.publish({"event": RETRIED, "webhook": webhook})
        return answer({"id": webhook, "retried": retried})


def _shown(spec: WebhookSpec, tally: Tally) -> JsonObject:
    """Without the path of its url, which often is a secret."""
    parts = urlsplit(spec.url)
    out: JsonObject = {
        "id": spec.id, "to": f"{parts.scheme}://{parts.hostname}", "due": tally.due, "dead": tally.dead,
        "delivered": tally.delivered,
    }  # fmt: skip
    if spec.events is not None:
        out["events"] = sorted(spec.events)
    if tally.delivered_ts:
        out["delivered_ts"] = tally.delivered_ts
    if tally.error:
        out["error"] = tally.error
    out["letters"] = [_letter(letter) for letter in tally.letters]
    return out


def _letter(letter: Message) -> JsonObject:
    out: JsonObject = {
        "id": letter.id, "type": letter.kind, "ts": letter.created_ts, "attempts": letter.attempts,
        "error": letter.error,
    }  # fmt: skip
    if letter.request_id:
        out["request_id"] = letter.request_id
    return out
