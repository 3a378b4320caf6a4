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


def test_a_program_gets_nothing_that_was_opened_for_another_which_is_just_being_started() -> None:
    reading, writing = os.pipe()
    ours, its = socket.socketpair()
    with ours, its:
        os.set_inheritable(writing, True)  # as uvloop does, while another thread is here
        pid = spawn([sys.executable, "-I", "-c", "input()"], {}, its.fileno())
        os.close(writing)
        its.close()
        os.set_blocking(reading, False)
        try:
            assert os.read(reading, 1) == b"", "whoever waits for the other's end waits for this one's"
        finally:
            os.close(reading)
            ours.close()
            os.waitpid(pid, 0)
