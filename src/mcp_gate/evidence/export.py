"""Records as lines: one event, one line, whatever the event says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from mcp_gate.evidence.chain import START, Checker, Verification
from mcp_gate.lang.strictjson import JsonError, parse
from mcp_gate.model.foreign import Json, JsonObject


def record(body: str | bytes, prev_hash: str, hash: str) -> JsonObject:
    """A whole record from its canonical body and its hashes."""
    out: JsonObject = json.loads(body)
    out["prev_hash"] = prev_hash
    out["hash"] = hash
    return out


def line(value: Json) -> str:
    """JSON in pure ASCII without line feed: nothing in it can break a line, move a cursor or reorder text."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def verify_lines(
    lines: Iterable[bytes], see: Callable[[str], None] | None = None, *, part: bool = False
) -> Verification:
    """Check an export; empty lines are not there. Nothing but the lines is needed. `see` as in `Checker`.

    Args:
        part: it may begin after record 1.
    """
    checker = Checker(None if part else START, see)
    for text in _filled(lines):
        try:
            value = parse(text)
        except JsonError:
            return checker.broken("is not readable JSON")
        fault = checker.step(value)
        if fault is not None:
            return fault
    return checker.end()


def _filled(lines: Iterable[bytes]) -> Iterator[bytes]:
    for raw in lines:
        text = raw.strip(b" \t\r\n")
        if text:
            yield text
