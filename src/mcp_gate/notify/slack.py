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
from mcp_gate.model.request import PROMOTION, QUARANTINE, SAMPLE, SECOND_REVIEW, RequestStatus
from mcp_gate.notify.answers import BUTTONS, REASONED, TYPED
from mcp_gate.notify.deliver import Delivered, Delivery, Failed, deliver
from mcp_gate.notify.news import ASKS, ENDS, named
from mcp_gate.store.outbox import Message
from mcp_gate.upstream.child import expanded
from mcp_gate.upstream.link import Down

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

SIGNS: Final = {"low": "○ low", "medium": "◆ medium", "high": "▲ HIGH"}
HEADS: Final = {
    "gate": "A call waits for a person", SAMPLE: "A call that ran is to be looked at",
    SECOND_REVIEW: "A decided call is to be looked at again", PROMOTION: "An agent may rise to the next level",
    QUARANTINE: "The result of a call was withheld",
}  # fmt: skip
SAID: Final = {
    "approve": "approved", "edit": "changed and approved", "deny": "denied", "release": "released",
    "redact": "released redacted", "drop": "dropped", "good": "found good", "bad": "found bad",
    "incident": "found an incident",
}  # fmt: skip
ENOUGH: Final = frozenset(word.word for word in Assurance if word <= Assurance.LINK)
LONGEST: Final = 150


async def send(gate: Gate, spec: WebhookSpec, message: Message) -> Delivery:
    """Post, or change what was posted about the same request."""
    said = json.loads(message.body)
    kind, data = said["type"], said["data"]
    if kind in ENDS:
        if kind == "request.decided" and not data.get("final"):
            return Delivered()  # others have to speak, too
        return await _change(gate, spec, message, ended(kind, data))
    if kind in ASKS:
        return await _ask(gate, spec, message, kind, data)
    return await _post(spec, {"text": line(kind, data)})


async def _ask(gate: Gate, spec: WebhookSpec, message: Message, kind: str, data: JsonObject) -> Delivery:
    """Post a request with its buttons, and take those away that it was posted with before."""
    request, escalated = await gate.store.requests.find(message.request_id), kind == "request.escalated"
    if request is None or request.status is not RequestStatus.PENDING or (request.stage > 1 and not escalated):
        return Delivered()  # what is late is no news any more: what came of it was told, or follows
    if escalated:
        changed = await _change(gate, spec, message, moved(data))
        if not isinstance(changed, Delivered):
            return changed
    if not named(spec, kind):
        return Delivered()
    answer = await _post(spec, asked(data))
    if isinstance(answer, Delivered):
        told = _parsed(answer.answer)
        await gate.store.outbox.post(spec.id, message.request_id, str(told.get("channel")), str(told.get("ts")))
    return answer


async def _post(spec: WebhookSpec, shown: JsonObject) -> Delivery:
    assert spec.slack is not None
    return await api(spec, "chat.postMessage", {"channel": spec.slack.channel, "unfurl_links": False, **shown})


async def _change(gate: Gate, spec: WebhookSpec, message: Message, shown: JsonObject) -> Delivery:
    """Put something else in the place of a request's message, if there is one."""
    outbox = gate.store.outbox
    posted = await outbox.posted(spec.id, message.request_id)
    if posted is None:
        return Delivered()
    changed = await api(spec, "chat.update", {"channel": posted[0], "ts": posted[1], **shown})
    if isinstance(changed, Failed) and changed.why == _refusal("message_not_found"):
        changed = Delivered()  # somebody took it away
    if isinstance(changed, Delivered):
        await outbox.unpost(spec.id, message.request_id)
    return changed


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
        return Failed(_refusal(_word(_parsed(delivery.answer).get("error"))))
    return delivery


def _refusal(error: str) -> str:
    return f"Slack answered: {error}"


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
    """A request, with what decides on it."""
    kind, tool = str(data.get("kind", "gate")), data.get("tool", data.get("topic", "a tool"))
    text = f"{data.get('agent', '')} wants to call {tool}" if kind == "gate" else f"{_head(kind)}: {tool}"
    facts = {
        "Tool": data.get("tool", ""), "Topic": data.get("topic", ""), "Agent": data.get("agent", ""),
        "Risk": f"{SIGNS.get(str(data.get('tier')), SIGNS['high'])}  {', '.join(data.get('risk_tags', ()))}",
        "Group": data.get("group", ""), "Due": data.get("due_ts", ""), "Request": data.get("request_id", ""),
    }  # fmt: skip
    blocks: list[Json] = [
        {"type": "header", "text": plain(_head(kind))},
        {"type": "section", "fields": [plain(f"{name}\n{value}") for name, value in facts.items() if value]},
    ]
    if kind == QUARANTINE:
        blocks.append(
            _context("What was withheld is not shown here: it is let out by its page, or by mcp-gate review.")
        )
    return {"text": escaped(text), "blocks": [*blocks, _actions(kind, data)]}


def _head(kind: str) -> str:
    return HEADS.get(kind, "Something waits for a person")


def _actions(kind: str, data: JsonObject) -> JsonObject:
    elements: list[Json] = []
    if "url" in data:
        elements.append({"type": "button", "action_id": "read", "text": plain("Read the call"), "url": data["url"]})
    if data.get("min_assurance") in ENOUGH:
        elements += [_button(word, bound(data)) for word in BUTTONS.get(kind, ())]
    if not elements:
        proof = f"Its rule asks for the proof '{data['min_assurance']}': " if "min_assurance" in data else ""
        return _context(f"{proof}mcp-gate requests show {data['request_id']}")
    return {"type": "actions", "block_id": "decide", "elements": elements}


def _button(word: str, value: str) -> JsonObject:
    button: JsonObject = {
        "type": "button", "action_id": word, "text": plain(f"{word.capitalize()}…"), "value": value,
    }  # fmt: skip
    return {**button, "style": "danger"} if word == "deny" else button


def _context(text: str) -> JsonObject:
    return {"type": "context", "elements": [plain(text)]}


def bound(data: JsonObject) -> str:
    """What a button says of the request it decides on: an answer counts for this very call and policy."""
    return json.dumps([data["request_id"], data["job_hash"], data["policy_snapshot"]])


def ended(kind: str, data: JsonObject) -> JsonObject:
    """The same message once nothing can be decided any more."""
    closed = "withdrawn, and decided anew" if data.get("cause") == "superseded" else "withdrawn"
    how = {"request.expired": "expired", "request.cancelled": closed}.get(kind)
    word = SAID.get(str(data.get("decision")), "decided")
    return _instead(f"{how or word}{_by(data)}", data)


def moved(data: JsonObject) -> JsonObject:
    """The same message once another group decides."""
    return _instead(f"now for group {data.get('group', data.get('to', ''))}{_by(data)}", data)


def _by(data: JsonObject) -> str:
    return f" by {data['approver_id']}" if "approver_id" in data else ""


def _instead(what: str, data: JsonObject) -> JsonObject:
    text = f"{data.get('request_id', '')}: {what} · {data.get('tool', data.get('topic', ''))}"
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
    if word in TYPED:
        hint = "The first 8 digits of the digest, as its page or 'mcp-gate requests show' has them."
        blocks.append(_input("digest", "Digest", hint, {"min_length": 8, "max_length": 80}))
    hint = "The agent is told." if word == "deny" else "For the record." if word in REASONED else "If you like."
    blocks.append(_input("reason", "Reason", hint, {"max_length": 2000}, optional=word not in REASONED))
    return {
        "type": "modal", "callback_id": word, "private_metadata": value, "title": plain(word.capitalize()),
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
