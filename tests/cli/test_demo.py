"""The demo: the whole job, by script and by a person at a real terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.running import wait_for

DEMO = [sys.executable, "-m", "mcp_gate", "demo"]


def processes_of(scratch: Path) -> list[int]:
    """Processes that were started for a demo whose temporary folders lie below `scratch`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            except OSError:
                continue
            if str(scratch).encode() in words and b"tmux" not in (folder / "comm").read_bytes():
                found.append(int(folder.name))
    return found


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A short path for the demo's temporary folder; sockets need one."""
    folder = Path("/tmp") / f"mgd-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


# ---- by script


def test_the_demo_tells_its_story_and_leaves_nothing_behind(scratch: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--auto"], capture_output=True, text=True, timeout=50, env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL, cwd=scratch, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    parts = re.findall(r"^(\d)\. (.*)$", done.stdout, re.M)
    assert [number for number, _ in parts] == list("123456")
    for said in (
        "The agent is told: Denied by policy",
        "Approved, run once, and this is the shop's own answer:",
        "Two calls, one request, one decision, one answer for both:",
        "The number and the internal notes never left the gate",
        "intact: ",
        '"mcpServers"',
    ):
        assert said in done.stdout
    assert "\x1b" not in done.stdout
    assert list(scratch.iterdir()) == []
    assert processes_of(scratch) == []


def test_a_story_that_nobody_listens_to_ends_as_well_and_json_is_an_object_a_line(scratch: Path) -> None:
    with subprocess.Popen(
        [*DEMO, "--auto", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=scratch,
        env={**os.environ, "TMPDIR": str(scratch)}, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["said"].startswith("mcp-gate demo: an agent")
        process.stdout.close()
        assert (process.wait(50), process.stderr.read()) == (0, "")
    assert not list(scratch.iterdir())


def test_without_a_terminal_the_demo_asks_nobody_and_ends_with_2() -> None:
    done = subprocess.run(DEMO, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "demo --auto" in done.stderr


# ---- at a terminal


class Terminal:
    """A shell in a tmux of its own that runs the demo; what is on its screen, and keys for it."""

    def __init__(self, scratch: Path, home: Path) -> None:
        self._socket = str(home / "tmux.sock")
        command = " ".join([*DEMO, "; echo ended with $?; exec sleep 100"])
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "200", f"TMPDIR={scratch} {command}")

    def _tmux(self, *arguments: str) -> str:
        line = ["tmux", "-S", self._socket, *arguments]
        return subprocess.run(line, capture_output=True, text=True, timeout=10, check=True).stdout

    @property
    def screen(self) -> str:
        return self._tmux("capture-pane", "-p", "-J")

    def types(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def presses(self, key: str) -> None:
        self._tmux("send-keys", key)

    def sees(self, text: str, times: int = 1) -> str:
        try:
            wait_for(lambda: self.screen.count(text) >= times, 30)
        except AssertionError:
            raise AssertionError(f"{text!r} is not on the screen:\n{self.screen}") from None
        return self.screen

    def close_window(self) -> None:
        self._tmux("new-window", "-d", "sleep 100")  # so that the server lives on
        self._tmux("kill-window", "-t", ":0")

    def close(self) -> None:
        self._tmux("kill-server")


@pytest.fixture
def terminal(scratch: Path, tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is missing: it stands in for a person's terminal")
    found = Terminal(scratch, tmp_path)
    try:
        yield found
    finally:
        found.close()


def code_on(screen: str) -> str:
    return re.findall(r"type '([0-9a-f]{4})' to approve", screen)[-1]


def test_a_person_approves_by_the_code_and_denies_by_a_reason(terminal: Terminal, scratch: Path) -> None:
    screen = terminal.sees("to approve, or a reason to deny it")
    assert '"amount": 4200' in screen
    terminal.types(code_on(screen))
    terminal.sees("Approved, run once")
    screen = terminal.sees("to approve, or a reason to deny it", 2)
    terminal.types("not without a photo")
    screen = terminal.sees("ended with 0")
    assert "not without a photo" in screen.partition("one answer for both")[2]
    assert "intact: " in screen
    assert list(scratch.iterdir()) == []


def test_the_wrong_code_is_a_reason_and_denies(terminal: Terminal) -> None:
    screen = terminal.sees("to approve, or a reason to deny it")
    wrong = "0000" if code_on(screen) != "0000" else "1111"
    terminal.types(wrong)
    assert "Approved" not in terminal.sees("Denied by a reviewer")
    terminal.presses("C-c")
    terminal.sees("ended with 130")


def test_ctrl_c_ends_with_130_and_leaves_no_process_and_no_file_behind(terminal: Terminal, scratch: Path) -> None:
    terminal.sees("to approve, or a reason to deny it")
    assert processes_of(scratch) != []
    terminal.presses("C-c")
    assert "Traceback" not in terminal.sees("ended with 130")
    wait_for(lambda: [pid for pid in processes_of(scratch) if b"sleep" not in comm(pid)] == [], 10)
    assert list(scratch.iterdir()) == []


def test_a_closed_window_leaves_no_process_and_no_file_behind(terminal: Terminal, scratch: Path) -> None:
    terminal.sees("to approve, or a reason to deny it")
    terminal.close_window()
    wait_for(lambda: processes_of(scratch) == [], 15)
    assert list(scratch.iterdir()) == []


def comm(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return b""
