"""Which upstream a prompt's listed name or a resource's URI belongs to, learned from the upstreams' own lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mcp_gate.evidence.hashes import tool_hash
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError

MOST_PER_UPSTREAM: Final = 10_000
"""Entries kept of one upstream's list; what lies beyond is reached only where one upstream alone could mean it."""

_EXPRESSION = re.compile(r"\{([^{}]*)\}")
_UNRESERVED = re.compile(r"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]|%(?![0-9A-Fa-f]{2})|%(?:00|2[Ff]|5[Cc]|25)")
_DOTS = re.compile(r"(?:^|[/])\.{1,2}(?:[/?#]|$)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class Prompt:
    """Where a prompt that clients see comes from."""

    upstream: str
    name: str
    """As the upstream knows it."""
    digest: str
    """Of its definition as listed."""


class Routes:
    """Grows with every list that passes; where several upstreams hold one name or URI, the earlier one is meant."""

    def __init__(self) -> None:
        self._prompts: dict[str, dict[str, Prompt]] = {}
        self._resources: dict[str, set[str]] = {}
        self._templates: dict[str, dict[str, re.Pattern[str]]] = {}
        self.known: set[tuple[str, str]] = set()
        """Upstream and list method of the lists that were read whole."""

    def learn(self, upstream: str, method: str, prefix: str, items: list[JsonObject]) -> list[JsonObject]:
        """Take in a page of `prompts/list`, `resources/list` or `resources/templates/list`.

        Returns:
            What may be shown of it: a prompt whose definition has no digest (half a surrogate pair) cannot be approved.
        """
        if method == "prompts/list":
            return self._learn_prompts(upstream, prefix, items)
        if method == "resources/list":
            uris = self._resources.setdefault(upstream, set())
            uris.update(item["uri"] for item in items if len(uris) < MOST_PER_UPSTREAM)
        else:
            templates = self._templates.setdefault(upstream, {})
            for item in items:
                if len(templates) < MOST_PER_UPSTREAM:
                    templates[item["uriTemplate"]] = template_pattern(item["uriTemplate"])
        return items

    def _learn_prompts(self, upstream: str, prefix: str, items: list[JsonObject]) -> list[JsonObject]:
        prompts = self._prompts.setdefault(upstream, {})
        digested = []
        for item in items:
            try:
                found = Prompt(upstream, item["name"], tool_hash(item))
            except CanonicalError:
                continue
            digested.append(item)
            if len(prompts) < MOST_PER_UPSTREAM:
                prompts[prefix + item["name"]] = found
        return digested

    def withhold(self, upstream: str, listed: set[str]) -> None:
        """Prompts that are not offered now; they may be at any moment, so the list is to be read again."""
        for name in listed:
            self._prompts.get(upstream, {}).pop(name, None)
        if listed:
            self.known.discard((upstream, "prompts/list"))

    def forget(self, upstream: str, kind: str) -> None:
        """An upstream said that its `prompts` or `resources` changed."""
        if kind == "prompts":
            self._prompts.pop(upstream, None)
        else:
            self._resources.pop(upstream, None)
            self._templates.pop(upstream, None)
        self.known = {(at, method) for at, method in self.known if at != upstream or not method.startswith(kind)}

    def prompt(self, listed: str, order: Iterable[str]) -> Prompt | None:
        """The prompt behind a listed name."""
        return next((found for at in order if (found := self._prompts.get(at, {}).get(listed))), None)

    def resource(self, uri: str, order: list[str]) -> str | None:
        """The upstream that lists a URI, else the one whose template it fits."""
        for at in order:
            if uri in self._resources.get(at, ()):
                return at
        for at in order:
            if any(pattern.fullmatch(uri) for pattern in self._templates.get(at, {}).values()):
                return at
        return None

    def template(self, template: str, order: list[str]) -> str | None:
        """The upstream that lists a URI template, or a URI itself."""
        at = next((at for at in order if template in self._templates.get(at, {})), None)
        return at if at is not None else self.resource(template, order)


def template_pattern(template: str) -> re.Pattern[str]:
    """What a URI template (RFC 6570) can expand to; variables never cross a slash unless their operator says so."""
    out, end = [], 0
    for match in _EXPRESSION.finditer(template):
        out.append(re.escape(template[end : match.start()]))
        operator = match.group(1)[:1]
        many = operator in ("+", "#") or match.group(1).endswith("*")
        out.append("[^\x00]*" if many or operator in ("/", "?", "&", ";") else "[^/?#]*")
        end = match.end()
    out.append(re.escape(template[end:]))
    return re.compile("".join(out))


def normal_uri(uri: str) -> str:
    """The URI itself, if it is written in the one form that policy and upstream both read alike.

    Raises:
        RpcError: -32602, it has dot segments, hidden separators, needless escapes or a scheme in capitals. It is
            refused rather than rewritten: what is decided on is what is sent.
    """
    path = uri.partition(":")[2]
    if not _SCHEME.match(uri) or _FORBIDDEN.search(uri) or _UNRESERVED.search(uri) or _DOTS.search(path):
        raise RpcError(INVALID_PARAMS, "Invalid params: the URI is not in normal form")
    return uri
