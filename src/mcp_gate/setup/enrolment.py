"""Reviewers in gate.yaml: who may decide, with which keys. Every other character of the file stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mcp_gate.lang.sshkey import BadKey, parse
from mcp_gate.model.config import SETTINGS, ReviewerSpec
from mcp_gate.model.key import PublicKey
from mcp_gate.policy.load import Loaded, load
from mcp_gate.setup.yamledit import NotThere, drop_entry, drop_item, find, put_entry, put_item

FRESH = "version: v1\n"


class CannotEnrol(Exception):
    """The file stays as it is; the sentence says why."""


def enrolled(
    text: str, id_: str, *, groups: Iterable[str] = (), keys: Iterable[PublicKey] = (), token_sha256: str | None = None
) -> str:
    """gate.yaml with a reviewer, or with what is added to one who is there."""
    text = text or FRESH
    there = find(text, "reviewers", id_)
    if there is None:
        return _with_person(text, id_, groups, keys, token_sha256)
    for name, wanted in (("groups", [json.dumps(group) for group in groups]), ("keys", [_quoted(key) for key in keys])):
        for value in wanted:
            if find(text, "reviewers", id_, name) is None:
                text = put_entry(text, ("reviewers", id_), name, f"[{value}]")
            else:
                text = put_item(text, ("reviewers", id_, name), value)
    if token_sha256 is not None:
        if find(text, "reviewers", id_, "token_sha256") is not None:
            text = drop_entry(text, ("reviewers", id_), "token_sha256")
        text = put_entry(text, ("reviewers", id_), "token_sha256", json.dumps(token_sha256))
    return text


def without(text: str, id_: str) -> str:
    """gate.yaml without a reviewer, also among those whom a webhook's answers may speak for.

    Raises:
        CannotEnrol: he is not in it, or is the one that a channel in Slack speaks for: without him it would for all.
    """
    try:
        text = drop_entry(text, ("reviewers",), id_)
    except NotThere:
        raise CannotEnrol(f"there is no reviewer '{id_}' in {SETTINGS}") from None
    hooks = find(text, "webhooks")
    for n in range(0 if hooks is None else len(hooks.value)):
        text = _silenced(text, n, id_)
    return text


def _silenced(text: str, n: int, id_: str) -> str:
    """gate.yaml with a webhook that speaks for somebody no more."""
    named = find(text, "webhooks", n, "reviewers")
    items = [] if named is None else [item.value for item in named.value]
    if id_ not in items:
        return text
    if len(items) > 1:
        return drop_item(text, ("webhooks", n, "reviewers"), items.index(id_))
    if find(text, "webhooks", n, "slack") is not None:
        hook = find(text, "webhooks", n, "id")
        name = "" if hook is None else f" '{hook.value}'"
        raise CannotEnrol(f"webhook{name} speaks for '{id_}' alone, and without him for everybody: change it first")
    return drop_entry(text, ("webhooks", n), "reviewers")


def without_key(text: str, id_: str, fingerprint: str) -> str:
    """gate.yaml without one key of a reviewer's.

    Raises:
        CannotEnrol: he has no such key.
    """
    node = find(text, "reviewers", id_, "keys")
    items = [] if node is None else node.value
    at = next((n for n, item in enumerate(items) if _fingerprint(item.value) == fingerprint), None)
    if at is not None and len(items) == 1:
        return drop_entry(text, ("reviewers", id_), "keys")
    if at is not None:
        return drop_item(text, ("reviewers", id_, "keys"), at)
    raise CannotEnrol(f"'{id_}' has no key {fingerprint} in {SETTINGS}")


def checked(files: Mapping[str, bytes], text: str, wanted: Mapping[str, ReviewerSpec]) -> Loaded:
    """A gate directory with a changed gate.yaml, which says what was wanted and nothing else new.

    Raises:
        ConfigError: it cannot be loaded so.
        CannotEnrol: it would come to say something else: the way it is written is too much for this command.
    """
    before = load(files).settings
    loaded = load({**files, SETTINGS: text.encode()})
    after = loaded.settings
    heard = (replace(hook, reviewers=tuple(id_ for id_ in hook.reviewers if id_ in wanted)) for hook in before.webhooks)
    if after != replace(before, reviewers=wanted, webhooks=tuple(heard)):
        raise CannotEnrol(f"{SETTINGS} is written in a way that this command does not know; change it by hand")
    return loaded


def _fingerprint(line: str) -> str:
    try:
        return parse(line).fingerprint
    except BadKey:
        return ""


def _with_person(
    text: str, id_: str, groups: Iterable[str], keys: Iterable[PublicKey], token_sha256: str | None
) -> str:
    parts = []
    for name, wanted in (("groups", [json.dumps(group) for group in groups]), ("keys", [_quoted(key) for key in keys])):
        if wanted:
            parts.append(f"{name}: [{', '.join(wanted)}]")
    if token_sha256 is not None:
        parts.append(f"token_sha256: {json.dumps(token_sha256)}")
    body = f"{{ {', '.join(parts)} }}" if parts else "{}"
    if find(text, "reviewers") is not None:
        return put_entry(text, ("reviewers",), id_, body)
    return f"{text.rstrip(chr(10))}\nreviewers:\n  {id_}: {body}\n"


def _quoted(key: PublicKey) -> str:
    return json.dumps(str(key), ensure_ascii=False)
