"""One-time links: whoever has one speaks for the reviewer it was made for, on one request, once (assurance `link`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mcp_gate.gate import reviewers
from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import RequestStatus
from mcp_gate.store.once import Once
from mcp_gate.store.outbox import News

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

LABEL: Final = "link"
"""What a sealed link begins with: nothing else that the gate seals does."""
PATH: Final = "/links/"
LINKED: Final = frozenset({"request.opened", "request.escalated"})
ENOUGH: Final = frozenset(word.word for word in Assurance if word <= Assurance.LINK)


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says."""

    webhook: str
    reviewer: str
    request_id: str
    until_ts: str
    digest: str
    """Of its token."""

    @property
    def channel(self) -> str:
        return f"{LABEL}:{self.webhook}"

    @property
    def mark(self) -> Once:
        return Once(LABEL, self.digest, self.until_ts, however=False)


def base_of(gate: Gate) -> str | None:
    """Where people reach the review page; None: it is not served over TCP."""
    address = gate.faces.listening.get("review")
    if address is None:
        return None
    return gate.loaded.settings.review_url or f"http://{address}"


def links(gate: Gate, spec: WebhookSpec, one: News) -> JsonObject:
    """What goes along with news of an open request: the address of its page, and a link for each reviewer of the
    webhook who may decide on it by one."""
    base, request = base_of(gate), one.request
    request_id = one.body.get("request_id")
    if base is None or request is None or not isinstance(request_id, str):
        return {}
    out: JsonObject = {"url": f"{base}/requests/{quote(request_id, safe='')}"}
    pending = request["status"] == RequestStatus.PENDING.value
    if one.body["event"] not in LINKED or not pending or request["min_assurance"] not in ENOUGH:
        return out
    people = reviewers.people(gate.loaded.settings)
    made = [
        {"reviewer": id_, "url": base + PATH + token(gate, spec.id, id_, request_id, request["due_ts"])}
        for id_ in spec.reviewers
        if people.decides_for(id_, request["grp"])
    ]
    return {**out, "links": made} if made else out


def token(gate: Gate, webhook: str, reviewer: str, request_id: str, until_ts: str) -> str:
    """A token that this gate alone can make."""
    sealed = gate.seals.seal(json.dumps([LABEL, webhook, reviewer, request_id, until_ts]))
    return base64.urlsafe_b64encode(sealed.encode()).decode().rstrip("=")


def opened(gate: Gate, token: str) -> Link | None:
    """What a token says; None where this gate did not make it, it is too old, or its webhook speaks for that reviewer
    no more."""
    try:
        sealed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), b"-_", validate=True).decode()
    except (UnicodeError, binascii.Error):
        return None
    text = gate.seals.unseal(sealed)
    said = json.loads(text) if text is not None else None
    if not isinstance(said, list) or said[:1] != [LABEL] or len(said) != 5:
        return None
    _, webhook, reviewer, request_id, until_ts = said
    link = Link(webhook, reviewer, request_id, until_ts, hashlib.sha256(sealed.encode()).hexdigest())
    spec = next((spec for spec in gate.loaded.settings.webhooks if spec.id == link.webhook), None)
    if spec is None or link.reviewer not in spec.reviewers:
        return None
    return link
