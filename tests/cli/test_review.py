"""`mcp-gate review` as a command: where it refuses to start, and one real terminal from start to decision."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mcp_gate.lang.reveal import is_hidden
from support.reviewed import a_gate
from support.terminal import HOSTILE, PAYLOADS, PROGRAM, a_review, sent

pytestmark = pytest.mark.anyio


async def without_terminal(*args: str, **env: str) -> tuple[int, str]:
    """Exit code and standard error."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **env},
    )  # fmt: skip
    _, err = await process.communicate()
    return process.returncode or 0, err.decode()


async def on_terminal(*args: str, **env: str) -> tuple[int, str]:
    """Exit code and what the terminal got."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *args, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, **env}
    )
    os.close(theirs)
    async with asyncio.timeout(30):
        code = await process.wait()
    got = os.read(ours, 65_536).decode()
    os.close(ours)
    return code, got


async def test_without_a_terminal_it_does_not_start(tmp_path: Path) -> None:
    code, err = await without_terminal("--state", str(tmp_path), TERM="xterm")
    assert code == 2
    assert err == "review needs a terminal; without one use 'mcp-gate requests list' and 'requests show'\n"


async def test_a_screen_has_no_json(tmp_path: Path) -> None:
    code, err = await without_terminal("--json", "--state", str(tmp_path))
    assert code == 2
    assert "requests list --json" in err


async def test_a_dumb_terminal_is_told_what_to_use_instead(tmp_path: Path) -> None:
    code, got = await on_terminal("--state", str(tmp_path), TERM="dumb")
    assert code == 2
    assert "mcp-gate requests list" in got
    assert "\x1b" not in got


async def test_without_a_gate_it_exits_3_with_a_sentence(tmp_path: Path) -> None:
    code, got = await on_terminal("--state", str(tmp_path), TERM="xterm-256color")
    assert code == 3
    assert "mcp-gate serve" in got
    assert "\x1b" not in got


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
async def test_S117_in_a_real_terminal_nothing_of_the_data_acts_and_a_call_is_approved(
    tmp_path: Path,
) -> None:
    async with a_gate(tmp_path / "s") as gate:
        request = await gate.hold(arguments={"note": HOSTILE}, group="default")
        async with a_review(gate, tmp_path) as tmux:
            await tmux.sees("⟨U+001B⟩]52;c;cHduZWQ=")
            while "type it to approve" not in (screen := await tmux.text()):  # its details may still be on their way
                await tmux.keys("Space")
                await asyncio.sleep(0.05)
            assert not [char for char in screen.replace("\n", "") if is_hidden(char)]
            found = re.search(r"code +([A-Z](?: [A-Z]){3}) ", screen)
            assert found is not None
            await tmux.keys("a")
            await tmux.sees("Type the code")
            for letter in found[1].split():
                await tmux.keys(letter.lower())
            await tmux.sees("R-1 approved")
            await tmux.keys("q")
            await tmux.sees("ended 0")
            raw = sent(tmux)
        assert "shop_refund_order" in raw
        assert not [payload for payload in PAYLOADS if payload in raw]
        assert (await gate.shown(request))["status"] == "approved"
