"""What `mcp-gate connect` does: joins the running gate, or starts one, and gives it the client's streams. Where these
are not pipes (a terminal, a file) it moves the bytes itself. It understands none.

Standard library only, and little of it (not even pathlib): every stdio client pays for this process.
"""
# ruff: noqa: PTH103, PTH118, PTH120, PTH123

from __future__ import annotations

import fcntl
import json
import os
import socket
import stat
import sys
import time

START_SEC = 30.0
"""How long a gate that was started here may take to open its socket."""
POLL_SEC = 0.005
RACE_SEC = 2.0
"""After a start that failed: how long to look for a gate that somebody else started at the same time."""
DRAIN_SEC = 5.0
"""After the client's end of input: how long its answers may take."""
CHUNK = 65_536
HELLO_BYTES = 65_536
STREAMS = (0, 1)
"""The client's: what it says, what it hears."""
WATCHER = os.path.join(os.path.dirname(__file__), "watch.py")
GONE = 3
REFUSED = 4
SOCKET = "agent.sock"


class NoGate(Exception):
    """There is no gate to join. `code` is the exit code; the text is for people."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def run(config_dir: str | None, state_dir: str | os.PathLike[str], agent: str, token: str | None) -> int:
    """Be the stdio MCP server of one client until it or the gate ends.

    Args:
        config_dir: None where a gate that is started here finds its directory as this command did.

    Returns:
        0: the client ended; 3: the gate cannot be reached, or ended; 4: it refused the agent; or the exit code of a
        gate that could not be started.
    """
    streams = all(map(_may_be_shared, STREAMS))
    made: list[int] = []
    try:
        connection = join(config_dir, os.fspath(state_dir))
        with connection:
            rest = hello(connection, agent, token, streams=streams)
            made = [fd for fd in STREAMS if _unblocked(fd)]
            if _serve(connection, rest, made):
                return 0
            raise NoGate(GONE, "the gate ended")
    except NoGate as e:
        _say(str(e))
        return e.code
    except OSError:
        _say("the gate ended")
        return GONE
    finally:
        for fd in made:
            os.set_blocking(fd, True)


# ---- joining


def join(config_dir: str | None, state_dir: str) -> socket.socket:
    """A connection to the gate of a state directory, which is started if none runs.

    Of several that start at once one starts the gate and the others wait for it.

    Raises:
        NoGate: it does not come up.
    """
    connection = _connected(state_dir)
    if connection is not None:
        return connection
    deadline = time.monotonic() + START_SEC
    try:
        os.makedirs(state_dir, mode=0o700, exist_ok=True)
        lock = os.open(os.path.join(state_dir, "start.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as e:
        raise NoGate(2, f"the state directory cannot be used: {e}") from None
    try:
        while time.monotonic() < deadline:
            if _locked(lock):
                connection = _connected(state_dir)
                return connection if connection is not None else _started(config_dir, state_dir, deadline)
            time.sleep(POLL_SEC)
            connection = _connected(state_dir)
            if connection is not None:
                return connection
    finally:
        os.close(lock)
    raise NoGate(GONE, f"the gate did not come up within {START_SEC:g} s")


def _connected(state_dir: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(os.path.join(state_dir, SOCKET))
    except OSError as e:
        connection.close()
        if "too long" in str(e):
            raise NoGate(2, f"{state_dir}: the path is too long for a socket; use --state with a shorter one") from None
        return None
    return connection


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _started(config_dir: str | None, state_dir: str, deadline: float) -> socket.socket:
    """Start a gate of its own session, so that it outlives this client, and wait for its socket."""
    import subprocess

    path = os.path.join(state_dir, "serve.log")
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    before = os.fstat(log).st_size
    # -P: the working directory is the agent's project, and must not be able to stand in for a module of ours.
    command = [sys.executable, "-P", "-m", "mcp_gate", "serve", "--started-by-connect", "--state", state_dir]
    if config_dir is not None:
        command += ["--config", config_dir]
    environment = {name: value for name, value in os.environ.items() if name != "MCP_GATE_TOKEN"}
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
            env=environment,
        )  # fmt: skip
    finally:
        os.close(log)
    while time.monotonic() < deadline:
        connection = _connected(state_dir)
        if connection is not None:
            process.returncode = 0  # it lives on: nothing to wait for, nothing to warn of
            return connection
        code = process.poll()
        if code is not None:
            return _raced(state_dir, path, before, code)
        time.sleep(POLL_SEC)
    process.terminate()
    process.wait()
    raise NoGate(GONE, f"the gate did not come up within {START_SEC:g} s; see {path}")


def _raced(state_dir: str, log: str, before: int, code: int) -> socket.socket:
    """The gate we started ended at once: perhaps because another one was faster."""
    until = time.monotonic() + (RACE_SEC if code == GONE else 0)
    while True:
        connection = _connected(state_dir)
        if connection is not None:
            return connection
        if time.monotonic() >= until:
            break
        time.sleep(POLL_SEC)
    with open(log, errors="replace") as file:
        file.seek(before)
        words = file.read(CHUNK).strip()
    raise NoGate(code if code > 0 else GONE, words or f"the gate did not start (exit code {code}); see {log}")


def hello(connection: socket.socket, agent: str, token: str | None, *, streams: bool = False) -> bytes | None:
    """Say who is there.

    Args:
        streams: whether the gate may have the client's streams themselves.

    Returns:
        What came after the answer; None where the gate waits for the streams.

    Raises:
        NoGate: refused, or the gate ended.
    """
    said: dict[str, object] = {"hello": 1, "agent": agent}
    if streams:
        said["streams"] = True
    if token is not None:
        said["token"] = token
    try:
        connection.sendall(json.dumps(said).encode() + b"\n")
        reply, rest = _reply(connection)
    except OSError as e:
        raise NoGate(GONE, f"the gate cannot be reached: {e.strerror}") from None
    if reply.get("ok") is not True:
        error = reply.get("error")
        said_why = error.get("message") if isinstance(error, dict) else None
        raise NoGate(REFUSED, f"the gate refused: {said_why or 'no reason given'}")
    return None if reply.get("streams") is True else rest


def _reply(connection: socket.socket) -> tuple[dict[str, object], bytes]:
    """A line of the gate's, and what came after it.

    Raises:
        NoGate: it ended.
        OSError
    """
    answer = b""
    while b"\n" not in answer and len(answer) < HELLO_BYTES:
        data = connection.recv(CHUNK)
        if not data:
            break
        answer += data
    line, newline, rest = answer.partition(b"\n")
    if not newline:
        raise NoGate(GONE, "the gate ended")
    return json.loads(line), rest


# ---- handing over


def _serve(connection: socket.socket, rest: bytes | None, made: list[int]) -> bool:
    """Bring client and gate together until one of them ends; returns whether it was the client.

    Where the gate takes the streams this process is no more than their watcher, and becomes it: see `watch`.
    """
    if rest is None:
        socket.send_fds(connection, [b"\n"], STREAMS)
        reply, rest = _reply(connection)
        if reply.get("streams") is True:
            if rest:
                return True  # the gate's last word came along: the client ended at once
            connection.set_inheritable(True)
            # "connect" tells whoever looks at the processes what this one is.
            arguments = [WATCHER, "connect", str(connection.fileno()), *map(str, made)]
            os.execv(sys.executable, [sys.executable, "-P", "-S", *arguments])
    from mcp_gate.faces.mcp.pump import pump  # for a terminal, or where the system keeps descriptors back

    return pump(connection, rest, *STREAMS, DRAIN_SEC)


def _unblocked(fd: int) -> bool:
    """Whether it was blocking, and is not now."""
    if os.get_blocking(fd) and _may_be_shared(fd):
        os.set_blocking(fd, False)
        return True
    return False


def _may_be_shared(fd: int) -> bool:
    """Pipes and sockets only: a terminal or a file may be in use by others."""
    try:
        mode = os.fstat(fd).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _say(text: str) -> None:
    sys.stderr.write(f"mcp-gate connect: {text}\n")
