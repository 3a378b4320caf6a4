"""Reads `webhooks:` of gate.yaml (contract 4): where news of the gate goes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, urlsplit

from mcp_gate.lang.hostnames import public
from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.config import SlackSpec, WebhookSpec
from mcp_gate.model.event import EVENTS
from mcp_gate.policy.read_variables import Variables

ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
KEYS: Final = frozenset({"id", "url", "secret", "events", "allow_private", "reviewers", "slack", "token", "team"})
SLACK_USER: Final = re.compile(r"[UW][A-Z0-9]{2,20}")
SLACK_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{2,20}")
SLACK_TEAM: Final = re.compile(r"T[A-Z0-9]{2,20}")
SLACK_API: Final = "https://slack.com/api/"
"""News that is not a line of the record."""


def read_webhooks(
    reader: Reader, node: Node | None, variables: Variables, reviewers: Collection[str] | None
) -> tuple[WebhookSpec, ...]:
    """All of them.

    Args:
        reviewers: the enrolled ones; None: whoever runs the gate is the only one.
    """
    found: dict[str, WebhookSpec] = {}
    for item in reader.sequence(node, "a list of webhooks"):
        spec = _webhook(reader, item, variables, reviewers)
        if spec is None:
            continue
        if spec.id in found:
            reader.error(item.place, f"a webhook '{reveal(spec.id)}' stands above already", "give one another id")
        found[spec.id] = spec
    return tuple(found.values())


def _webhook(reader: Reader, node: Node, variables: Variables, reviewers: Collection[str] | None) -> WebhookSpec | None:
    block = reader.mapping(node, KEYS, "a webhook")
    if block is None:
        return None
    get = block.entries.get
    id_ = reader.name(reader.need(block, "id", "add an id"), ID, "an id")
    allow_private = reader.boolean(get("allow_private")) or False
    slack = _slack(reader, block, variables)
    url = SLACK_API if slack is not None else None
    if slack is None or "url" in block.entries:
        url = _url(reader, reader.need(block, "url", "add the URL"), allow_private=allow_private)
    secret = get("secret")
    if secret is None and slack is not None:
        reader.error(block.place, "nothing proves that an answer is Slack's", "add secret: the app's signing secret")
        kept = None
    elif secret is None:
        reader.warn(block.place, "without a secret its receiver cannot tell who sent the news", "add secret: ${env:…}")
        kept = None
    else:
        kept = variables.text(reader, secret, "the secret", name="secret", empty=False)
    events = reader.each(get("events"), lambda item: _event(reader, item))
    speaks = reader.each(get("reviewers"), lambda item: _reviewer(reader, item, reviewers))
    if id_ is None or url is None:
        return None
    return WebhookSpec(
        id_, url, kept, frozenset(events) if "events" in block.entries else None, allow_private,
        tuple(dict.fromkeys(speaks)), slack,
    )  # fmt: skip


def _slack(reader: Reader, block: Mapping_, variables: Variables) -> SlackSpec | None:
    get = block.entries.get
    channel = reader.name(get("slack"), SLACK_CHANNEL, "a channel's id in Slack")
    if "slack" not in block.entries:
        for key in {"token", "team"} & block.entries.keys():
            reader.error(block.keys[key], f"'{key}' belongs to a channel in Slack", "add slack: C0123…")
        return None
    node = reader.need(block, "token", "add token: the app's bot token")
    token = None if node is None else variables.text(reader, node, "the token", name="token", empty=False)
    team = reader.name(get("team"), SLACK_TEAM, "a workspace's id in Slack")
    return None if channel is None or token is None else SlackSpec(channel, token, team)


def _url(reader: Reader, node: Node | None, *, allow_private: bool) -> str | None:
    text = reader.text(node, "a URL")
    if node is None or text is None:
        return None
    parts = _split(text)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        reader.error(node.place, "this is not an http(s) URL", "write https://host/path")
        return None
    if parts.username is not None or parts.fragment:
        reader.error(node.place, "the URL names a user, or a place within a page", "leave that out")
        return None
    if parts.scheme == "http" and not allow_private:
        reader.error(node.place, "http would let anybody on the way read it", "write https://host/path")
        return None
    if not allow_private and _is_private(parts.hostname):
        reader.warn(node.place, "its address is not public, so nothing is sent there", "add allow_private: true")
    return text


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if text.isascii() and text.isprintable() and " " not in text else None


def _is_private(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return not public(ipaddress.ip_address(host))
    except ValueError:
        return False  # a name: it is looked at when it is dialled


def _event(reader: Reader, node: Node) -> str | None:
    text = reader.text(node, "an event")
    if text is not None and text.startswith("security."):
        return text
    return reader.one_of(node, {name: name for name in EVENTS}, "an event")


def _reviewer(reader: Reader, node: Node, reviewers: Collection[str] | None) -> str | None:
    name = reader.text(node, "a reviewer's id")
    if name is not None and reviewers is not None and name not in reviewers:
        reader.error(node.place, f"'{reveal(name)}' is not a reviewer", "name one of reviewers:")
        return None
    return name
