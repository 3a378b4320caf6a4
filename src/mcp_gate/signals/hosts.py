"""The hosts that a call's arguments name, wherever they stand and however they are wrapped."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from mcp_gate.model.foreign import Json
from mcp_gate.signals.bare import bare, host_field, url_field
from mcp_gate.signals.links import Named, links

MOST_LAYERS: Final = 4
"""Encodings within encodings that are looked through; whoever needs more hides something."""
ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))")
IGNORED: Final = re.compile(r"[\t\r\n]")
"""What browsers and Python drop from a URL before they look at it."""
WORDS: Final = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
HOST_FIELDS: Final = frozenset({"host", "hosts", "hostname", "hostnames", "server", "servers", "proxy", "fqdn"})
URL_FIELDS: Final = frozenset({"url", "urls", "uri", "uris", "origin", "origins", "webhook", "webhooks"})


def hosts(arguments: Json) -> Iterator[Named]:
    """Every host in URL-like texts, keys included, as they are found; some more than once."""
    return (named for field, text in _texts(arguments) for named in _named(field, text))


def _texts(arguments: Json) -> Iterator[tuple[str, str]]:
    """Every text with the last word of the key it stands under; of a text that is JSON, the texts in it."""
    todo: list[tuple[str, Any]] = [("", arguments)]
    while todo:
        field, one = todo.pop()
        match one:
            case str():
                inner = _json(one)
                if inner is None:
                    yield field, one
                else:
                    todo.append((field, inner))
            case dict():
                todo.extend(("", key) for key in one)
                todo.extend((_last_word(key), value) for key, value in one.items())
            case _Pairs():
                todo.extend(("", key) for key, _ in one.pairs)
                todo.extend((_last_word(key), value) for key, value in one.pairs)
            case list():
                todo.extend((field, item) for item in one)
            case bool():
                pass
            case int() | float() if field in HOST_FIELDS or field in URL_FIELDS:
                yield field, str(one)


class _Pairs:
    """An object as it is written: of a key that stands twice nobody knows which value counts."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _json(text: str) -> Any:
    """What a text is as JSON, if it is an object, a list or a text; else None."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return None
    try:
        return json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None


def _last_word(key: str) -> str:
    words = WORDS.findall(key)
    return words[-1].lower() if words else ""


def _named(field: str, text: str) -> Iterator[Named]:
    for view in _views(text):
        if view is None:
            yield Named(text, None)
            continue
        found = list(links(view))
        yield from found
        yield from bare(view)
        if not found and field in HOST_FIELDS:
            yield from host_field(view)
        elif not found and field in URL_FIELDS:
            yield from url_field(view)


def _views(text: str) -> Iterator[str | None]:
    """The text, without what parsers ignore, and with one layer of encoding after the other taken off; None at the
    end of patience."""
    seen = set()
    for _ in range(MOST_LAYERS):
        for view in (text, IGNORED.sub("", text), _narrow(text)):
            if view not in seen:
                seen.add(view)
                yield view
        text = _decoded(text)
        if text in seen:
            return
    yield None


def _narrow(text: str) -> str:
    """The text with the plain letters and dots that resolvers take others for."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\u3002", ".")


def _decoded(text: str) -> str:
    """One layer of percent signs, of HTML's character references and of the escapes of program texts."""
    return ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)), html.unescape(unquote(text)))
