"""News in a channel of Slack, with buttons: Block Kit, and every text of somebody else's as plain text."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

from mcp_gate.lang import strictjson
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.notify.deliver import Delivered, Delivery, Failed, deliver
from mcp_gate.store.outbox import Message
from mcp_gate.upstream.child import expanded
from mcp_gate.upstream.link import Down

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

ASKS: Final = frozenset({"request.opened", "request.escalated"})
ENDS: Final = frozenset({"request.decided", "request.expired", "request.cancelled"})
SIGNS: Final = {"low": "○ low", "medium": "◆ medium", "high": "▲ HIGH"}
ENOUGH: Final = frozenset(word.word for word in Assurance if word <= Assurance.LINK)
LONGEST: Final = 150


async def send(gate: Gate, spec: WebhookSpec, message: Message) -> Delivery:
    """Post, or change what was posted about the same request."""
    assert spec.slack is not None
    said = json.loads(message.body)
    kind, data = said["type"], said["data"]
    if kind in ENDS:
        posted = await gate.store.outbox.posted(spec.id, message.request_id)
        if posted is None or (kind == "request.decided" and not data.get("final")):
            return Delivered()  # there is no message to change, or nothing to say
        call = {"channel": posted[0], "ts": posted[1], **ended(kind, data)}
        changed = await api(spec, "chat.update", call)
        if isinstance(changed, Delivered):
            await gate.store.outbox.unpost(spec.id, message.request_id)
        return changed
    shown = asked(data) if kind in ASKS else {"text": line(kind, data)}
    answer = await api(spec, "chat.postMessage", {"channel": spec.slack.channel, "unfurl_links": False, **shown})
    if kind in ASKS and isinstance(answer, Delivered):
        told = _parsed(answer.answer)
        await gate.store.outbox.post(spec.id, message.request_id, str(told.get("channel")), str(told.get("ts")))
    return answer


async def api(spec: WebhookSpec, method: str, body: JsonObject) -> Delivery:
    """One call of Slack's API."""
    assert spec.slack is not None
    try:
        token = expanded(spec.slack.token, os.environ)
    except Down as down:
        return Failed(down.detail)
    headers = {
        "authorization": f"Bearer {token}", "content-type": "application/json; charset=utf-8",
        "accept": "application/json", "accept-encoding": "identity", "user-agent": "mcp-gate",
    }  # fmt: skip
    url = spec.url.rstrip("/") + "/" + method
    delivery = await deliver(url, headers, strictjson.dumps(body), allow_private=spec.allow_private)
    if isinstance(delivery, Delivered) and _parsed(delivery.answer).get("ok") is not True:
        return Failed(f"Slack answered: {_word(_parsed(delivery.answer).get('error'))}")
    return delivery


def _parsed(body: bytes) -> JsonObject:
    try:
        found = strictjson.parse_upstream(body)
    except strictjson.JsonError:
        return {}
    return found if isinstance(found, dict) else {}


def _word(value: Json) -> str:
    text = str(value)
    return text if text.isascii() and text.replace("_", "").isalnum() and len(text) < 64 else "something else"


# ---- what is shown. Pure.


def asked(data: JsonObject) -> JsonObject:
    """A held call, with what decides on it."""
    text = f"{data.get('agent', '')} wants to call {data.get('tool', data.get('topic', 'a tool'))}"
    facts = {
        "Tool": data.get("tool", ""), "Topic": data.get("topic", ""), "Agent": data.get("agent", ""),
        "Risk": f"{SIGNS.get(str(data.get('tier')), SIGNS['high'])}  {', '.join(data.get('risk_tags', ()))}",
        "Group": data.get("group", ""), "Due": data.get("due_ts", ""), "Request": data.get("request_id", ""),
    }  # fmt: skip
    blocks: list[Json] = [
        {"type": "header", "text": plain("A call waits for a person")},
        {"type": "section", "fields": [plain(f"{name}\n{value}") for name, value in facts.items() if value]},
    ]
    return {"text": escaped(text), "blocks": [*blocks, _actions(data)]}


def _actions(data: JsonObject) -> JsonObject:
    elements: list[Json] = []
    if "url" in data:
        elements.append({"type": "button", "action_id": "read", "text": plain("Read the call"), "url": data["url"]})
    if data.get("min_assurance") in ENOUGH:
        value = bound(data)
        elements += [
            {"type": "button", "action_id": "approve", "text": plain("Approve…"), "value": value},
            {"type": "button", "action_id": "deny", "text": plain("Deny…"), "value": value, "style": "danger"},
        ]
    if not elements:
        text = f"Its rule asks for the proof '{data.get('min_assurance')}': mcp-gate requests show {data['request_id']}"
        return {"type": "context", "elements": [plain(text)]}
    return {"type": "actions", "block_id": "decide", "elements": elements}


def bound(data: JsonObject) -> str:
    """What a button says of the request it decides on: an answer counts for this very call and policy."""
    return json.dumps([data["request_id"], data["job_hash"], data["policy_snapshot"]])


def ended(kind: str, data: JsonObject) -> JsonObject:
    """The same message once nothing can be decided any more."""
    how = {"request.expired": "expired", "request.cancelled": "withdrawn"}.get(kind)
    word = {"approve": "approved", "edit": "changed and approved", "deny": "denied"}.get(str(data.get("decision")))
    by = f" by {data['approver_id']}" if "approver_id" in data else ""
    text = f"{data.get('request_id', '')}: {how or word or 'decided'}{by} · {data.get('tool', data.get('topic', ''))}"
    return {"text": escaped(text), "blocks": [{"type": "section", "text": plain(text)}]}


def line(kind: str, data: JsonObject) -> str:
    """Any other news as one line."""
    if kind == "events.many":
        return escaped("Much happened at once: " + ", ".join(f"{n} {name}" for name, n in data["events"].items()))
    told = [f"{name} {data[name]}" for name in ("agent", "group", "tool", "upstream", "cause") if name in data]
    return escaped(f"{kind}: {', '.join(told)}" if told else kind)


def modal(word: str, value: str, problem: str = "") -> JsonObject:
    """What a button opens."""
    request_id = json.loads(value)[0]
    blocks: list[Json] = [{"type": "section", "text": plain(problem or f"Request {request_id}")}]
    if word == "approve":
        hint = "The first 8 digits of the digest, as its page or 'mcp-gate requests show' has them."
        blocks.append(_input("digest", "Digest", hint, {"min_length": 8, "max_length": 80}))
    blocks.append(_input("reason", "Reason", "The agent is told." if word == "deny" else "If you like.",
                         {"max_length": 2000}, optional=word == "approve"))  # fmt: skip
    return {
        "type": "modal", "callback_id": word, "private_metadata": value, "title": plain(f"{word.capitalize()} a call"),
        "submit": plain(word.capitalize()), "close": plain("Cancel"), "blocks": blocks,
    }  # fmt: skip


def told(text: str) -> JsonObject:
    """A modal that only says something."""
    blocks: list[Json] = [{"type": "section", "text": plain(text)}]
    return {"type": "modal", "title": plain("mcp-gate"), "close": plain("Close"), "blocks": blocks}


def _input(id_: str, label: str, hint: str, bounds: JsonObject, *, optional: bool = False) -> JsonObject:
    return {
        "type": "input", "block_id": id_, "label": plain(label), "hint": plain(hint), "optional": optional,
        "element": {"type": "plain_text_input", "action_id": id_, **bounds},
    }  # fmt: skip


def plain(text: str) -> JsonObject:
    """A text that Slack takes for nothing but text."""
    shown = reveal(text, lines=True)
    cut = shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
    return {"type": "plain_text", "text": cut, "emoji": False}


def escaped(text: str) -> str:
    """A text where Slack reads mark-up."""
    return reveal(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
