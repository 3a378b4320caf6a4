"""Results of many megabytes: seen whole, whatever border a value lies across, while others have their turns."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.gate.egress import egress
from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import load
from mcp_gate.scanning import scanner as module
from mcp_gate.scanning.pieces import LONGEST, TOGETHER, pieces
from mcp_gate.scanning.pool import Pool
from mcp_gate.scanning.scanner import Scanner
from support.directories import files
from support.held import a_call
from support.scanning import rules

pytestmark = pytest.mark.anyio

SPACED, DASHED = "4539 1488 0343 6467", "4539-1488-0343-6467"
LOADED = load(files())


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no fault."""
    monkeypatch.setattr(module, "WHOLE_SEC", 45.0)


@asynccontextmanager
async def scanner() -> AsyncIterator[Scanner]:
    one = Scanner(rules(), pool=Pool(rules(), piece_sec=30.0))
    try:
        yield one
    finally:
        await one.close()


def across(filler: str, card: str, megabytes: int) -> str:
    """A text in which a card lies across the end of every window."""
    size = megabytes * LONGEST + LONGEST // 2
    text = (filler * (size // len(filler) + 1))[:size]
    parts = [text[: LONGEST - 11]]
    for n in range(1, megabytes + 1):
        here = n * LONGEST - 11
        parts += [f"{filler[-1]}{card}{filler[-1]}", text[here + len(card) + 2 : here + LONGEST]]
    return "".join(parts)


def rows(megabytes: int) -> list[JsonObject]:
    """Rows of data; where one piece of them ends and the next begins there is a card in pieces."""
    out: list[JsonObject] = []
    size = border = 0
    while size < megabytes * 1_000_000:
        if size // TOGETHER > border:
            border = size // TOGETHER
            out.append({"card": [SPACED[:10], SPACED[10:]]})
        row = f"row {len(out) % 1000}: all is well and nothing to see"
        out.append({"said": row})
        size += len(row)
    return out


async def held(work: Awaitable[Any]) -> tuple[Any, float]:
    """What work comes to, and the longest that it held the loop: processor seconds of its thread between two turns.
    What all tests before left behind is not gone through meanwhile."""
    gc.collect()
    gc.freeze()
    try:
        doing, longest = asyncio.ensure_future(work), 0.0
        while not doing.done():
            before = time.thread_time()
            await asyncio.sleep(0.001)
            longest = max(longest, time.thread_time() - before)
        return doing.result(), longest
    finally:
        gc.unfreeze()


async def test_a_card_across_every_border_of_30_megabytes_is_taken_out_and_nothing_is_held_up() -> None:
    lines = across("all is well and nothing to see\n", DASHED, 9)
    words = across("all is well and nothing to see ", SPACED, 9)
    gapless = across("ab,", DASHED, 6)
    for text, card in ((words, SPACED), (gapless, DASHED)):
        ends = [piece.windows[0].last for piece in pieces([Leaf(text)])]
        inside = [end for end in ends if end is not None and card[10:] == text[end : end + 9]]
        assert len(inside) == text.count(card) == len(ends) - 1
    data = rows(6)
    content = [{"type": "text", "text": text} for text in (lines, words, gapless, SPACED[:5], SPACED[5:])]  # and blocks
    payload = {"content": content, "structuredContent": {"rows": data}}
    size = sum(len(block["text"]) for block in content) + len(json.dumps(data))
    async with scanner() as one:
        await one.scan([Leaf("no more than words, " * 4_000)])
        seen, longest = await held(egress(LOADED, one, "tools/call", payload, call=a_call()))
    assert size > 30_000_000
    assert isinstance(seen, Changed)
    left = json.dumps(seen.payload)
    assert "4539" not in left
    assert "6467" not in left
    assert seen.payload["structuredContent"]["rows"][0] == data[0]
    assert longest < 0.5  # the bench measures it


@pytest.mark.parametrize("said", ["all is well and nothing to see\n", "[1,2,", "\U0001f600 (("])
async def test_S203_fifty_megabytes_are_withheld_in_time_and_hold_nothing_up(said: str) -> None:
    payload = {"content": [{"type": "text", "text": said * (50_000_000 // len(said))}]}
    async with scanner() as one:
        began = time.perf_counter()
        seen, longest = await held(egress(LOADED, one, "tools/call", payload, call=a_call()))
        took = time.perf_counter() - began
    assert isinstance(seen, Withheld)
    assert (seen.why, seen.review["output_safety_decision"]) == ("it is larger than what is scanned", "QUARANTINE")
    assert took < 10
    assert longest < 0.5


async def test_what_is_clean_and_large_leaves_as_the_very_object_it_came_as() -> None:
    payload = {"content": [{"type": "text", "text": "all is well\n" * 200_000}]}
    async with scanner() as one:
        seen = await egress(LOADED, one, "tools/call", payload, call=a_call())
    assert isinstance(seen, Passed)
    assert seen.payload is payload
