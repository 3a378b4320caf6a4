"""The system calls that would lead around the walls of a network namespace, as a filter for the kernel.

A process without a network still reaches what listens on sockets in the file system (a container engine, a desktop
bus, the gate's own review socket) or at the host of a virtual machine. So of all families of sockets only those of the
Internet and of routing are made, and none through the one door that filters do not see.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Final

LOAD, MASK, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
"""Instructions of classic BPF: load a word of the data, mask it, jump, end."""
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24
"""Where the data hold the number of the system call, the machine's architecture and the arguments."""
ALLOWED, REFUSED, KILLED = 0x7FFF_0000, 0x0005_0001, 0x8000_0000
"""Go on; EPERM; the end of the process."""
AF_INET, AF_INET6, AF_NETLINK = 2, 10, 16
SOCK_STREAM, SOCK_SEQPACKET = 1, 5
"""Pairs of these stay with each other; those of all other kinds are datagrams, and can be turned to any address."""
IO_URING_SETUP = 425
X32 = 0x4000_0000
"""From here on the calls have another meaning on x86-64."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Numbers of system calls on one kind of processor."""

    audit: int
    """Its number in the kernel's audit headers."""
    socket: int
    socketpair: int


MACHINES: Final = {
    "x86_64": Machine(0xC000_003E, 41, 53),
    "aarch64": Machine(0xC000_00B7, 198, 199),
}


def program(machine: Machine) -> bytes:
    """The filter, as bubblewrap and the kernel take it."""
    allow, refuse, kill = _step(RETURN, ALLOWED), _step(RETURN, REFUSED), _step(RETURN, KILLED)
    return b"".join(
        (
            _step(LOAD, ARCHITECTURE), _step(EQUAL, machine.audit, then=1), kill,
            _step(LOAD, NUMBER), _step(AT_LEAST, X32, otherwise=1), kill,
            _step(EQUAL, IO_URING_SETUP, otherwise=1), refuse,
            _step(EQUAL, machine.socketpair, otherwise=6),
            _step(LOAD, SECOND), _step(MASK, 0xF), _step(EQUAL, SOCK_STREAM, then=2),
            _step(EQUAL, SOCK_SEQPACKET, then=1), refuse, allow,
            _step(EQUAL, machine.socket, then=1), allow,
            _step(LOAD, FIRST), _step(EQUAL, AF_INET, then=3), _step(EQUAL, AF_INET6, then=2),
            _step(EQUAL, AF_NETLINK, then=1), refuse, allow,
        )
    )  # fmt: skip


def filter_file(machine: Machine) -> int:
    """A file in memory that holds the filter, to be read from its start; whoever asks closes it."""
    fd = os.memfd_create("filter")
    os.write(fd, program(machine))
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction: how many to skip where a comparison holds, and where not."""
    return struct.pack("=HBBI", code, then, otherwise, value)
