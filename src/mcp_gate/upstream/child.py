"""A child process that dies with the gate, sees only its own environment, and is ended without mercy but in order."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Mapping
from functools import partial
from typing import Final, cast

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import Enforcement, UpstreamSpec
from mcp_gate.upstream.launch import Launch, Vetting
from mcp_gate.upstream.link import NOT_STARTED, Down
from mcp_gate.upstream.reach import Reach
from mcp_gate.upstream.sandbox import Sandbox, hindrance
from mcp_gate.wire.peer import Peer

INHERITED: Final = ("HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER")
VARIABLE: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")
STDERR_BYTES: Final = 65_536
LAST_WORDS: Final = 400
"""Characters of standard error that are shown."""
GRACE_SEC: Final = 2.0
TAIL_SEC: Final = 1.0
"""How long output is still read of a process that ended: its last answer may be on the way."""
PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def expanded(text: str, env: Mapping[str, str]) -> str:
    """The text with `${env:NAME}` replaced.

    Raises:
        Down: the variable is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in env:
            raise Down(NOT_STARTED, f"the environment variable {name} is not set")
        return env[name]

    return VARIABLE.sub(value, text)


def environment(spec: UpstreamSpec, env: Mapping[str, str]) -> dict[str, str]:
    """What reaches the child: six harmless variables, and what the admin named."""
    inherited = {name: env[name] for name in INHERITED if name in env}
    return inherited | {name: expanded(value, env) for name, value in spec.env.items()}


def launch_of(spec: UpstreamSpec, env: Mapping[str, str]) -> Launch:
    """What is to be started.

    Raises:
        Down: it cannot be told.
    """
    if spec.command is None:
        raise Down(NOT_STARTED, "the upstream has no command")
    command = tuple(expanded(part, env) for part in (spec.command, *spec.args))
    data = frozenset(expanded(part, env) for part in spec.pin_except)
    return Launch(command, environment(spec, env), spec.cwd, data)


class Child(asyncio.SubprocessProtocol):
    """Standard output feeds a peer; standard error goes into a bounded ring; the end closes the peer."""

    def __init__(self, peer: Peer, sandbox: Sandbox | None) -> None:
        self._peer = peer
        self._sandbox = sandbox
        self._stderr: deque[bytes] = deque()
        self._stderr_bytes = 0
        self._transport: asyncio.SubprocessTransport | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._peer.connect(cast(asyncio.WriteTransport, self._transport.get_pipe_transport(0)))

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
            self._close("the upstream ended")
        elif fd == 0:
            self._close_soon("the upstream takes no more")

    def process_exited(self) -> None:
        self._gone.set()
        self._close_soon("the upstream ended")

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
        if self._sandbox is not None:
            self._sandbox.close()

    def _close_soon(self, why: str) -> None:
        """What it wrote before it ended is read first; a descendant that holds the pipe open does not keep us."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().call_later(TAIL_SEC, self._close, why)

    def _close(self, why: str) -> None:
        self._peer.end()
        self._peer.close(why)

    def pause_writing(self) -> None:
        self._peer.pause_writing()

    def resume_writing(self) -> None:
        self._peer.resume_writing()

    def stop_reading(self) -> None:
        """Take nothing more of its output: it only costs time."""
        out = self._transport.get_pipe_transport(1) if self._transport is not None else None
        if out is not None and not out.is_closing():
            cast(asyncio.ReadTransport, out).pause_reading()

    def epitaph(self, lines: int = 3) -> str:
        """How it ended and the last it wrote to standard error, revealed; "" while there is nothing to say."""
        text = b"".join(self._stderr).decode("utf-8", "replace")
        words = reveal("\n".join(text.strip().splitlines()[-lines:])[-LAST_WORDS:])
        return ": ".join(part for part in (self._how(), words) if part)

    async def end(self, *, at_once: bool = False) -> None:
        """Close its input, wait, ask its group to end, wait, kill its group.

        Args:
            at_once: kill, and nothing else.
        """
        if self._transport is None:
            return
        pid = self._transport.get_pid()
        stdin = self._transport.get_pipe_transport(0)
        if stdin is not None:
            stdin.close()
        try:
            for number in (signal.SIGKILL,) if at_once else (None, signal.SIGTERM, signal.SIGKILL):
                if number is not None:
                    _signal_group(pid, number)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GRACE_SEC):
                        await self._gone.wait()
                        break
        finally:  # also where nobody waits for the end any more
            _signal_group(pid, signal.SIGKILL)  # what it may have left behind
            self._transport.close()

    def _how(self) -> str:
        code = self._transport.get_returncode() if self._transport is not None else None
        if code is None:
            return ""
        return f"ended by signal {-code}" if code < 0 else f"exit {code}"


async def start_child(spec: UpstreamSpec, peer: Peer, reach: Reach, vetting: Vetting) -> Child:
    """Start the process of an upstream, in a sandbox if it is to be.

    Raises:
        Down: it cannot be started.
    """
    launch = await vetting.before(launch_of(spec, os.environ))
    command = list(launch.command)
    sandbox = Sandbox(reach) if await _is_confined(spec) else None
    try:
        _, child = await asyncio.get_running_loop().subprocess_exec(
            lambda: Child(peer, sandbox), *(command if sandbox is None else sandbox.around(command)),
            env=launch.env, cwd=launch.cwd, start_new_session=True, preexec_fn=partial(_die_with, os.getpid()),
            pass_fds=() if sandbox is None else sandbox.fds,
        )  # fmt: skip
    except BaseException as e:
        if sandbox is not None:
            sandbox.close()
        if not isinstance(e, (OSError, ValueError)):
            raise
        what = f"{e.filename or command[0]}: {e.strerror}" if isinstance(e, OSError) else str(e)
        raise Down(NOT_STARTED, f"{NOT_STARTED}: {reveal(what)}") from None
    if sandbox is not None:
        sandbox.started()
    return child


async def _is_confined(spec: UpstreamSpec) -> bool:
    """Whether it runs in a sandbox: always if it must, and if the machine can where it only should."""
    if spec.sandbox is None:
        return False
    return spec.sandbox.enforcement is Enforcement.STRICT or not await asyncio.to_thread(hindrance)


def _die_with(parent: int) -> None:
    """Runs in the child before the program: the kernel kills it when the gate is gone, however that went."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was gone before the kernel was asked
            os._exit(1)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
