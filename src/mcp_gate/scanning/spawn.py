"""Starts a process without holding the interpreter: Python's own ways keep it until the new program runs, which takes
ten milliseconds and more on a busy machine, whichever thread does it."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

ROOM: Final = 1024
"""Bytes for the library's own record of what to do with descriptors: several times of what any of them needs."""


def spawn(command: Sequence[str], env: Mapping[str, str], end: int) -> int:
    """Start a program with a descriptor as its standard input and output, and nothing as its standard error.

    It gets no other descriptor of the gate's. One that is inheritable at this moment is meant for a child that another
    thread is starting, and the gate, which waits until that child has closed it, would wait for this one as well. Where
    the C library cannot leave them out, the program itself closes them (`confine`).

    Returns:
        Its process id; whoever called has to wait for it.

    Raises:
        OSError: it does not start.
    """
    libc = ctypes.CDLL(None)  # a call into it lets other threads run
    actions = ctypes.create_string_buffer(ROOM)
    _checked(libc.posix_spawn_file_actions_init(actions))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for one, standard in ((end, 0), (end, 1), (nowhere, 2)):
            _checked(libc.posix_spawn_file_actions_adddup2(actions, one, standard))
        with suppress(AttributeError):  # older ones do not know it
            _checked(libc.posix_spawn_file_actions_addclosefrom_np(actions, 3))
        pid = ctypes.c_int()
        words = _words(command), _words([f"{name}={value}" for name, value in env.items()])
        _checked(libc.posix_spawn(ctypes.byref(pid), os.fsencode(command[0]), actions, None, *words))
        return pid.value
    finally:
        os.close(nowhere)
        libc.posix_spawn_file_actions_destroy(actions)


def _words(texts: Sequence[str]) -> ctypes.Array[Any]:
    return (ctypes.c_char_p * (len(texts) + 1))(*map(os.fsencode, texts), None)


def _checked(error: int) -> None:
    if error:
        raise OSError(error, os.strerror(error))
