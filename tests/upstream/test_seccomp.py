"""The filter of system calls, run by a small interpreter of its language: also for machines that are not at hand."""

from __future__ import annotations

import struct

import pytest

from mcp_gate.upstream.seccomp import ALLOWED, KILLED, MACHINES, REFUSED, program


def run(code: bytes, number: int, *arguments: int, audit: int) -> int:
    """What the filter says of a call."""
    data = struct.pack("=IIQ6Q", number, audit, 0, *arguments, *([0] * (6 - len(arguments))))
    steps = list(struct.iter_unpack("=HBBI", code))
    at = held = 0
    while True:
        what, then, otherwise, value = steps[at]
        at += 1
        match what:
            case 0x20:
                (held,) = struct.unpack_from("=I", data, value)
            case 0x54:
                held &= value
            case 0x15:
                at += then if held == value else otherwise
            case 0x35:
                at += then if held >= value else otherwise
            case 0x06:
                return int(value)


@pytest.mark.parametrize("name", MACHINES)
def test_only_sockets_of_the_internet_are_made(name: str) -> None:
    machine = MACHINES[name]
    code = program(machine)
    for family in range(64):
        said = run(code, machine.socket, family, 1, audit=machine.audit)
        assert (said == ALLOWED) is (family in (2, 10, 16)), family
        assert said in (ALLOWED, REFUSED)
    for kind in range(16):
        said = ALLOWED if kind in (1, 5) else REFUSED  # streams and packets in order; raw ones are datagrams here
        for flags in (0, 0o2000000):
            assert run(code, machine.socketpair, 1, kind | flags, audit=machine.audit) == said
    assert run(code, 425, audit=machine.audit) == REFUSED


@pytest.mark.parametrize("name", MACHINES)
def test_everything_else_goes_on_and_other_ways_of_calling_end_the_process(name: str) -> None:
    machine = MACHINES[name]
    code = program(machine)
    for number in set(range(500)) - {machine.socket, machine.socketpair, 425}:
        assert run(code, number, 1, 2, audit=machine.audit) == ALLOWED, number
    assert run(code, 0x4000_0000 + machine.socket, 1, audit=machine.audit) == KILLED
    assert run(code, machine.socket, 2, audit=0x4000_0003) == KILLED
