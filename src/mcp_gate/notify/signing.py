"""Signatures by Standard Webhooks: ours on what goes out, theirs on what comes in."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping
from typing import Final

from standardwebhooks import Webhook

from mcp_gate.model.config import WebhookSpec
from mcp_gate.upstream.child import expanded
from mcp_gate.upstream.link import Down

TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
MESSAGE_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")
SIGNATURES: Final = re.compile(r"(v1[a-z]?,[A-Za-z0-9+/=]{1,128})( v1[a-z]?,[A-Za-z0-9+/=]{1,128}){0,9}")


class NoSecret(Exception):
    """There is none to sign with. The text is for the operator, and holds nothing of it."""


class NotSigned(Exception):
    """It bears no signature that counts. Nobody is told why."""


def secret_of(spec: WebhookSpec) -> str:
    """The secret itself.

    Raises:
        NoSecret: it is not set.
    """
    if spec.secret is None:
        raise NoSecret("it has no secret")
    try:
        return expanded(spec.secret, os.environ)
    except Down as down:
        raise NoSecret(down.detail) from None


def signed(spec: WebhookSpec, message_id: str, body: str, now: float) -> dict[str, str]:
    """The headers of a delivery.

    Raises:
        NoSecret: there should be one, and there is none that is usable.
    """
    sent = datetime.datetime.fromtimestamp(int(now), datetime.UTC)
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(now))}
    if spec.secret is not None:
        headers["webhook-signature"] = _key(secret_of(spec)).sign(message_id, sent, body)
    return headers


def _key(secret: str) -> Webhook:
    try:
        return Webhook(secret)
    except Exception as e:  # the library has one for every way in which it can be wrong
        raise NoSecret(f"its secret is not base64 text ({type(e).__name__})") from None


def verified(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """The id of a message that was signed with a secret, lately.

    Raises:
        NotSigned: for whatever reason.
    """
    id_, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (MESSAGE_ID.fullmatch(id_) and TIMESTAMP.fullmatch(sent) and SIGNATURES.fullmatch(signatures)):
        raise NotSigned
    given = {"webhook-id": id_, "webhook-timestamp": sent, "webhook-signature": signatures}
    try:
        _key(secret).verify(body, given, json_parse=False)
    except Exception:  # whatever a library makes of foreign bytes
        raise NotSigned from None
    return id_
