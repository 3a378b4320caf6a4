"""Names with values inside a text: JSON, YAML, `key=value`, labels before a colon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect import values
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding

_KEY: Final = re.compile(
    r"(?:[\"'](?P<quoted>[^\"'\n\\]{1,64})\\?[\"']|(?P<plain>[^\W\d][\w.-]*(?: [^\W_][\w.'-]*){0,4}))\s{0,3}$"
)
_STRING: Final = re.compile(
    r"\s{0,16}(?P<escape>\\{0,3})(?P<quote>[\"'])(?P<value>(?:(?!(?P=quote))[^\\]|"
    r"\\.){0,4096}?)(?:(?P=escape)(?P=quote))",
    re.DOTALL,
)
_BARE: Final = re.compile(r"\s{0,16}-?(?P<value>\d[\d.]*)(?=\s*[,}\]\n]|\s*$)")
_LABEL_END: Final = re.compile(r"[\n;|\t]|  | - ")
_PAIR_END: Final = re.compile(r"[\s,;&|\"'<>)\]}]")


def find(text: str, ends: Sequence[int], above: tuple[str, ...]) -> Iterator[Finding]:
    """Findings in values behind the separators that end at `ends`."""
    for end in ends:
        key = _KEY.search(text, max(0, end - 72), end - 1)
        if key is None:
            continue
        name = key["quoted"] or key["plain"]
        entity = entity_of((*above, name))
        if entity is None and " " in name:
            entity = entity_of((name.rsplit(" ", 1)[-1],))
        if entity is None:
            continue
        found = _value(text, end, entity, json=key["quoted"] is not None)
        if found is not None:
            yield found


def _value(text: str, end: int, entity: str, *, json: bool) -> Finding | None:
    if text[end : end + 1] in "=>:" and text[end : end + 1]:
        end += 1
    if string := _STRING.match(text, end):
        return values.find(entity, text, *string.span("value"), whole=True)
    if json and (bare := _BARE.match(text, end)):
        found = values.find(entity, text, *bare.span("value"), whole=True)
        return None if found is None else Finding(found.start, found.end, found.entity, found.score, found.rule, True)
    label = text[end : end + 1] in (" ", "\n", "\t")
    start = end + (1 if label else 0)
    stop = (_LABEL_END if label else _PAIR_END).search(text, start, start + 200)
    return values.find(entity, text, start, stop.start() if stop else min(len(text), start + 200), whole=False)
