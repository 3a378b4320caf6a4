"""Starting a process of the gate's own."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from mcp_gate.scanning.spawn import spawn


def test_a_program_gets_its_words_its_environment_and_one_descriptor_for_both_ways() -> None:
    code = "import os, sys; print(sys.stdin.readline().strip(), sys.argv[1], sorted(os.environ), os.listdir('/dev/fd'))"
    ours, its = socket.socketpair()
    with ours, its:
        pid = spawn([sys.executable, "-I", "-c", code, "wörd"], {"LC_ALL": "C.UTF-8", "A": "1"}, its.fileno())
        its.close()
        ours.sendall(b"said\n")
        told = ours.makefile().read()
        assert os.waitpid(pid, 0)[1] == 0
    assert told.startswith("said wörd ['A', 'LC_ALL'] ['0', '1', '2'")


def test_a_program_that_is_not_there_does_not_start() -> None:
    with pytest.raises(OSError, match="No such file"):
        spawn(["/nowhere/at/all"], {}, 0)
