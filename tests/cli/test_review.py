"""`mcp-gate review` as a command: where it refuses to start, and one real terminal from start to decision."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mcp_gate.lang.reveal import is_hidden
from support.reviewed import Reviewed, a_gate

pytestmark = pytest.mark.anyio

PROGRAM = (sys.executable, "-m", "mcp_gate", "review")
HOSTILE = "\x1b]52;c;cHduZWQ=\x1b\\ \x1b[3J \x9b31m \x9d0;x\x9c \x07\x08\x08 \x1bP1$r a\u202eb [@click=app.quit]x[/]"
PAYLOADS = ("\x1b]52", "\x1b[3J", "\x9b", "\x9d", "\x9c", "\x1bP1$r", "\x07", "\x08", "\u202e")
"""What must not be among the bytes that the terminal was sent; the program itself writes none of these."""


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


SIZE = ("COLUMNS", "LINES")
"""What a parent may say of its own terminal's size, and programs believe over the terminal itself."""
TERMINAL = {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}


class Tmux:
    """One window of a tmux server of our own, with everything it was sent kept in a file."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "t"
        self.raw = folder / "raw"

    async def run(self, *args: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux", "-S", str(self._socket), "-f", "/dev/null", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name not in SIZE} | TERMINAL,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode()

    async def text(self) -> str:
        return await self.run("capture-pane", "-p", "-t", "r")

    async def sees(self, text: str) -> str:
        """Wait until a text is on the screen, and return the screen."""
        async with asyncio.timeout(30):
            while text not in (found := await self.text()):
                await asyncio.sleep(0.05)
        return found

    async def keys(self, *keys: str) -> None:
        await self.run("send-keys", "-t", "r", *keys)


@asynccontextmanager
async def a_review(gate: Reviewed, folder: Path) -> AsyncGenerator[Tmux]:
    """The real program in a real terminal of 100 by 30."""
    tmux = Tmux(folder)
    command = shlex.join([*PROGRAM, "--state", str(gate.state)])
    # A shell waits for a line, so that the pipe is in place before the first byte is drawn.
    await tmux.run("new-session", "-d", "-s", "r", "-x", "100", "-y", "30", f"read _; {command}; echo ended $?; read _")
    try:
        await tmux.run("pipe-pane", "-t", "r", f"cat > {shlex.quote(str(tmux.raw))}")
        await tmux.keys("Enter")
        yield tmux
    finally:
        await tmux.run("kill-server")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
async def test_S117_in_a_real_terminal_nothing_of_the_data_acts_and_a_call_is_approved(
    tmp_path: Path,
) -> None:
    async with a_gate(tmp_path / "s") as gate:
        request = await gate.hold(arguments={"note": HOSTILE}, group="default")
        async with a_review(gate, tmp_path) as tmux:
            await tmux.sees("⟨U+001B⟩]52;c;cHduZWQ=")
            await tmux.keys("Space")
            screen = await tmux.sees("type it to approve")
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
            # Textual sets the shape of the mouse pointer by itself, and ends that with a BEL.
            raw = re.sub("\x1b]22;[a-z-]*\x07", "", tmux.raw.read_bytes().decode())
        assert "shop_refund_order" in raw
        assert not [payload for payload in PAYLOADS if payload in raw]
        assert (await gate.shown(request))["status"] == "approved"
