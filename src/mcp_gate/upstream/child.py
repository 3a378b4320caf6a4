"""A child process that dies with the gate, sees only its own environment, and is ended without mercy but in order."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UpstreamSpec
from mcp_gate.wire.peer import Lost, Peer

INHERITED: Final = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
VARIABLE: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
STDERR_BYTES: Final = 65_536
PIPE_BYTES: Final = 1 << 20
GRACE_SEC: Final = 2.0
PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def expanded(text: str, env: Mapping[str, str]) -> str:
    """The text with `${env:NAME}` replaced.

    Raises:
        Lost: the variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in env:
            raise Lost(f"the environment variable {name} is not set", sent=False)
        return env[name]

    return VARIABLE.sub(value, text)


def environment(spec: UpstreamSpec, env: Mapping[str, str]) -> dict[str, str]:
    """What reaches the child: six harmless variables, and what the admin named."""
    inherited = {name: env[name] for name in INHERITED if name in env}
    return inherited | {name: expanded(value, env) for name, value in spec.env.items()}


class Child(asyncio.SubprocessProtocol):
    """Standard output feeds a peer; standard error goes into a bounded ring; the end closes the peer."""

    def __init__(self, peer: Peer, exited: Callable[[], None]) -> None:
        self._peer = peer
        self._exited = exited
        self._stderr: deque[bytes] = deque()
        self._stderr_bytes = 0
        self._transport: asyncio.SubprocessTransport | None = None
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.SubprocessTransport):
            raise TypeError("a child needs a subprocess transport")
        self._transport = transport
        stdin = transport.get_pipe_transport(0)
        if not isinstance(stdin, asyncio.WriteTransport):
            raise TypeError("a child needs a standard input")
        for fd in (0, 1):
            _widen(transport.get_pipe_transport(fd))
        self._peer.connect(stdin)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self._peer.feed(data)
        else:
            self._stderr.append(data[-STDERR_BYTES:])
            self._stderr_bytes += len(self._stderr[-1])
            while self._stderr_bytes > STDERR_BYTES and len(self._stderr) > 1:
                self._stderr_bytes -= len(self._stderr.popleft())

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1:
            self._peer.close("the upstream closed its output")

    def process_exited(self) -> None:
        self.gone.set()
        self._peer.close(f"the upstream ended{self._how()}")
        self._exited()

    def pause_writing(self) -> None:
        self._peer.pause_writing()

    def resume_writing(self) -> None:
        self._peer.resume_writing()

    def pause_reading(self) -> None:
        """Stop taking its output: whoever reads it is behind."""
        self._stdout(asyncio.ReadTransport.pause_reading)

    def resume_reading(self) -> None:
        self._stdout(asyncio.ReadTransport.resume_reading)

    def _stdout(self, act: Callable[[asyncio.ReadTransport], None]) -> None:
        out = self._transport.get_pipe_transport(1) if self._transport is not None else None
        if isinstance(out, asyncio.ReadTransport) and not out.is_closing():
            act(out)

    def last_words(self, lines: int = 3) -> str:
        """The end of what it wrote to standard error, revealed."""
        text = b"".join(self._stderr).decode("utf-8", "replace")
        return reveal("\n".join(text.strip().splitlines()[-lines:]))

    async def end(self) -> None:
        """Close its input, wait, ask it to end, wait, kill its group."""
        if self._transport is None:
            return
        stdin = self._transport.get_pipe_transport(0)
        if stdin is not None:
            stdin.close()
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None:
                _signal_group(self._transport.get_pid(), number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_SEC):
                    await self.gone.wait()
                    break
        _signal_group(self._transport.get_pid(), signal.SIGKILL)  # what it may have left behind
        self._transport.close()

    def _how(self) -> str:
        code = self._transport.get_returncode() if self._transport is not None else None
        if code is None:
            return ""
        return f" (signal {-code})" if code < 0 else f" (exit {code})"


async def start_child(spec: UpstreamSpec, peer: Peer, exited: Callable[[], None]) -> Child:
    """Start the process of an upstream.

    Raises:
        Lost: it cannot be started.
    """
    if spec.command is None:
        raise Lost("the upstream has no command", sent=False)
    env = environment(spec, os.environ)
    command = [expanded(part, os.environ) for part in (spec.command, *spec.args)]
    try:
        _, child = await asyncio.get_running_loop().subprocess_exec(
            lambda: Child(peer, exited), *command, env=env, cwd=spec.cwd,
            start_new_session=True, preexec_fn=_die_with_us,
        )  # fmt: skip
    except OSError as e:
        raise Lost(f"'{reveal(spec.command)}' cannot be started: {e.strerror}", sent=False) from None
    return child


def _die_with_us() -> None:
    """Runs in the child before the program: the kernel kills it when the gate is gone, however that went."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _widen(transport: asyncio.BaseTransport | None) -> None:
    """Megabyte pipes: large results cross in few turns of the loop."""
    pipe = transport.get_extra_info("pipe") if transport is not None else None
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
