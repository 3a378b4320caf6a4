"""A reviewer works a whole queue in a real terminal, with the keyboard alone."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.decision import Tier
from support.reviewed import Reviewed, a_gate
from support.screens import held_call
from support.terminal import HOSTILE, PAYLOADS, Tmux, a_review, sent

pytestmark = pytest.mark.anyio

TIERS = (Tier.LOW, Tier.MEDIUM, Tier.HIGH)
BACK, READ = "Any other key: back.", "read to its end"
ASKS = re.compile(r"Press +([A-Z](?: [A-Z])*) +to")
CODE = re.compile(r"code +([A-Z](?: [A-Z]){3}) ")


async def fill(gate: Reviewed) -> None:
    """Forty of them: held calls of every risk, some of them hostile, and samples."""
    for n in range(40):
        kind = "sample" if n % 10 == 9 else "gate"
        note = HOSTILE if n % 4 == 0 else f"note {n}"
        call = held_call(gate, session=f"s-{n}", agent=f"agent-{n % 3}", arguments={"order": n, "note": note})
        await gate.hold(call=call, kind=kind, tier=TIERS[n % 3], group="default", due=3600 + n)


async def paged(tmux: Tmux, screen: str, until: str) -> None:
    """Page on, one page at a time: a key that is still under way would go to the next dialog."""
    while until not in screen:
        await tmux.keys("Space")
        before = screen
        for _ in range(200):
            screen = await tmux.text()
            if screen != before:
                break
            await asyncio.sleep(0.01)


async def let_pass(tmux: Tmux, id: str) -> None:
    """Open it, read it to its end, and type what only it can tell."""
    await tmux.keys("Enter")
    await paged(tmux, await tmux.sees(f"╭─ {id} "), "digest ")
    await tmux.keys("a")
    asked = await tmux.sees_any(BACK, "are unread", READ)
    if BACK not in asked:
        await paged(tmux, asked, READ)
        await tmux.keys("a")
        asked = await tmux.sees(BACK)
    found = ASKS.search(asked) or CODE.search(asked)
    assert found is not None, asked
    await tmux.keys(*found[1].lower().split())
    await tmux.sees_any(f"{id} approved", f"{id} found good")
    await tmux.keys("Tab")
    await tmux.sees("╭─ held ")


async def statuses(gate: Reviewed) -> list[str]:
    found: list[dict[str, Any]] = await gate.do(lambda: list(gate.client.requests(status=None)))
    return [f"{one['kind']} {one['status']}" for one in sorted(found, key=lambda one: int(one["id"][2:]))]


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
async def test_S117_forty_mixed_requests_are_worked_with_the_keyboard_alone_at_80_by_24(tmp_path: Path) -> None:
    async with a_gate(tmp_path / "s") as gate:
        await fill(gate)
        async with a_review(gate, tmp_path, (80, 24)) as tmux:
            await tmux.sees("40 held")
            for n in range(1, 13):
                await let_pass(tmux, f"R-{n}")
                await tmux.keys("j")
            # A sample that was wrong, and the rest, some of it marked, some by one word each.
            await tmux.keys("/")
            await tmux.sees("Show only")
            await tmux.keys(*"kind:sample", "Enter")
            await tmux.sees("like kind:sample")
            for id in ("R-20", "R-30"):
                await tmux.keys("j")
                while "Bad R-" not in await tmux.text():
                    await tmux.keys("d")
                await tmux.keys("2")
                await tmux.sees("i says incident")
                await tmux.keys("d")
                await tmux.sees(f"{id} found bad")
            await tmux.keys("/")
            await tmux.sees("Show only")
            await tmux.keys(*["BSpace"] * 12)
            await tmux.sees("nothing: all of the queue")
            await tmux.keys(*"!kind:sample", "Enter")
            await tmux.sees("like !kind:sample")
            await tmux.keys("g")
            for n in range(1, 21):
                await tmux.keys("m")
                await tmux.sees(f"· {n} marked")
            await tmux.keys("d")
            await tmux.sees("19 more with it?")
            await tmux.keys("1")
            await tmux.sees("d denies")
            await tmux.keys("d")
            async with asyncio.timeout(30):
                while (await statuses(gate)).count("gate rejected") < 20:
                    await asyncio.sleep(0.05)
            await tmux.keys("q")
            await tmux.sees("ended 0")
            raw = sent(tmux)
        found = await statuses(gate)
        assert [one.split()[1] for one in found[:12]] == ["approved"] * 12
        assert found.count("sample rejected") == 2
        assert found.count("gate rejected") == 20
        assert not [payload for payload in PAYLOADS if payload in raw]
