"""A process without a network of its own: bubblewrap around it, a filter of system calls, and the gate's proxy.

What is held is the network. The process sees the files that it would see without, and may write them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.upstream.proxy import Proxy
from mcp_gate.upstream.reach import Reach
from mcp_gate.upstream.seccomp import MACHINES, filter_file

BWRAP: Final = "bwrap"
WALLS: Final = (
    "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc",
    "--unshare-net", "--unshare-pid", "--unshare-ipc", "--cap-drop", "ALL", "--die-with-parent",
)  # fmt: skip
"""Of no user's privileges anything is left, whoever runs the gate; processes outside cannot be seen."""
SHIM: Final = str(Path(__file__).with_name("shim.py"))
TRY_SEC: Final = 10.0
LAST_WORDS: Final = 200


class Sandbox:
    """One process's walls, from before it is started until after its end."""

    def __init__(self, reach: Reach) -> None:
        self._proxy = Proxy(reach)
        self._filter = filter_file(MACHINES[os.uname().machine])
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._task: asyncio.Task[None] | None = None

    @property
    def fds(self) -> tuple[int, ...]:
        """What the process has to inherit."""
        return self._filter, self._theirs.fileno()

    def around(self, command: list[str]) -> list[str]:
        """The command line that runs another one inside."""
        inside = (sys.executable, "-I", "-S", SHIM, str(self._theirs.fileno()), *command)
        return [shutil.which(BWRAP) or BWRAP, *WALLS, "--seccomp", str(self._filter), "--", *inside]

    def started(self) -> None:
        """The process has what it inherits: open its way out as soon as it hands that over."""
        self._let_go()
        self._task = asyncio.get_running_loop().create_task(self._open())

    def close(self) -> None:
        """The process ended, or was never started."""
        self._let_go()
        if self._task is None:
            self._ours.close()
        else:
            self._task.add_done_callback(lambda _: self._ours.close())
            self._task.cancel()
        self._proxy.close()

    def _let_go(self) -> None:
        if self._filter >= 0:
            os.close(self._filter)
            self._filter = -1
        self._theirs.close()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._ours, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._ours)
        with suppress(OSError):
            _, fds, _, _ = socket.recv_fds(self._ours, 1, 1)
            if fds:  # none came where the walls could not be built: the process ends, and says why
                await self._proxy.serve(socket.socket(fileno=fds[0]))


def hindrance() -> str:
    """Why this machine cannot hold a process in a sandbox, or "". Tries it for real; takes a moment."""
    machine = MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None:
        return "sandboxes need Linux on x86-64 or arm64"
    bwrap = shutil.which(BWRAP)
    if bwrap is None:
        return "bubblewrap (bwrap) is not installed"
    fd = filter_file(machine)
    try:
        command = [bwrap, *WALLS, "--seccomp", str(fd), "--", "true"]
        tried = subprocess.run(command, pass_fds=(fd,), capture_output=True, timeout=TRY_SEC, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not work here: {type(error).__name__}"
    finally:
        os.close(fd)
    if tried.returncode == 0:
        return ""
    words = tried.stderr.decode("utf-8", "replace").strip()[-LAST_WORDS:]
    return f"bubblewrap cannot make a sandbox here: {reveal(words) or f'exit {tried.returncode}'}"
