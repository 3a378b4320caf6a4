"""`mcp-gate review` in a real terminal, driven by keys."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from support.reviewed import Reviewed

PROGRAM = (sys.executable, "-m", "mcp_gate", "review")
HOSTILE = "\x1b]52;c;cHduZWQ=\x1b\\ \x1b[3J \x9b31m \x9d0;x\x9c \x07\x08\x08 \x1bP1$r a\u202eb [@click=app.quit]x[/]"
PAYLOADS = ("\x1b]52", "\x1b[3J", "\x9b", "\x9d", "\x9c", "\x1bP1$r", "\x07", "\x08", "\u202e")
"""What must not be among the bytes that the terminal was sent; the program itself writes none of these."""
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
        return await self.sees_any(text)

    async def sees_any(self, *texts: str) -> str:
        """Wait until one of them is."""
        found = ""
        try:
            async with asyncio.timeout(30):
                while not any(text in found for text in texts):
                    await asyncio.sleep(0.02)
                    found = await self.text()
        except TimeoutError:
            raise AssertionError(f"none of {texts} is on the screen:\n{found}") from None
        return found

    async def keys(self, *keys: str) -> None:
        await self.run("send-keys", "-t", "r", *keys)


@asynccontextmanager
async def a_review(gate: Reviewed, folder: Path, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Tmux]:
    """The real program in a real terminal of so many columns and lines."""
    tmux = Tmux(folder)
    command = shlex.join([*PROGRAM, "--state", str(gate.state)])
    # A shell waits for a line, so that the pipe is in place before the first byte is drawn.
    begin = f"read _; {command}; echo ended $?; read _"
    await tmux.run("new-session", "-d", "-s", "r", "-x", str(size[0]), "-y", str(size[1]), begin)
    try:
        await tmux.run("pipe-pane", "-t", "r", f"cat > {shlex.quote(str(tmux.raw))}")
        await tmux.keys("Enter")
        yield tmux
    finally:
        await tmux.run("kill-server")


def sent(tmux: Tmux) -> str:
    """Everything the terminal was sent. Textual sets the shape of the mouse pointer by itself, and ends that with a
    BEL."""
    return re.sub("\x1b]22;[a-z-]*\x07", "", tmux.raw.read_bytes().decode())
