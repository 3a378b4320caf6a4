"""The files that an upstream's process is made of, as the disk has them: what its command resolves to and every
argument that names a file, by digest.

What the program itself loads (modules, libraries, packages that a launcher fetched) is not among them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from mcp_gate.lang.reveal import reveal
from mcp_gate.upstream.launch import Launch
from mcp_gate.upstream.link import NOT_STARTED, Down

Files: TypeAlias = dict[str, str]
"""Digests (`sha256:…`) by absolute path; links are followed for what is read, not for what it is called."""

READING: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
"""Without waiting: a pipe put in the place of a file holds nobody up."""
INTERPRETER: Final = re.compile(rb"#![ \t]*([^ \t\n]+)[ \t]*([^\n]*)")
LONGEST_LINE: Final = 256
"""Bytes of a first line that the kernel reads."""
MOST_INTERPRETERS: Final = 5
"""A script may be run by a script; the kernel follows fewer."""
NO_FILE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP})
"""An argument is not a path to anything."""


class Mark(NamedTuple):
    """A state of a file. Whoever writes or replaces it changes that, whatever times he sets."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, about: os.stat_result) -> Mark:
        return cls(about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found right before a start."""

    launch: Launch
    """Its program is the file that was looked at, by absolute path."""
    files: Files
    marks: Mapping[str, Mark] = field(default_factory=dict)

    def touched(self) -> str:
        """The path of a file that was written or replaced since, or ""."""
        return next((path for path, mark in self.marks.items() if _mark(path) != mark), "")


_digests: Final[dict[Mark, str]] = {}
"""Of files that root alone could have written since: an interpreter of 100 MB is read once. Of others nothing is
remembered, for a page that is mapped into memory can be written without a trace in the file's times."""


def look(launch: Launch) -> Look:
    """Find and read the files of a program; blocks.

    Raises:
        Down: the program cannot be found, or a file of it cannot be read.
    """
    here = Path(launch.cwd or ".").absolute()
    program = _found(launch.command[0], here, launch.env)
    files, marks = {}, {}
    for path in (*_run(program, here, launch.env), *_named(launch, here)):
        files[str(path)], marks[str(path)] = _read(path)
    return Look(replace(launch, command=(str(program), *launch.command[1:])), files, marks)


def _found(name: str, here: Path, env: Mapping[str, str]) -> Path:
    """Where the child would find a program: through its own PATH, from its own directory."""
    for place in ("",) if "/" in name else os.get_exec_path(env):
        path = here / place / name
        if _is_file(path, unsure=False) and os.access(path, os.X_OK):
            return path
    raise Down(NOT_STARTED, f"{NOT_STARTED}: {reveal(name)}: No such program")


def _run(program: Path, here: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """A program and, where it is a script, what its first line has it run by."""
    for _ in range(MOST_INTERPRETERS):
        yield program
        line = INTERPRETER.match(_first_line(program))
        if line is None:
            return
        program = here / os.fsdecode(line[1])
        if program.name == "env":
            yield program
            words = os.fsdecode(line[2]).split()
            named = next((word for word in words if not word.startswith("-") and "=" not in word), None)
            if named is None:
                return
            program = _found(named, here, env)


def _named(launch: Launch, here: Path) -> Iterator[Path]:
    """The regular files that arguments name, also as `--option=FILE`."""
    for argument in launch.command[1:]:
        if argument not in launch.data:
            option, _, value = argument.partition("=")
            names = (argument, value) if option.startswith("-") else (argument,)
            yield from (path for name in names if _is_file(path := here / name))


def _is_file(path: Path, *, unsure: bool = True) -> bool:
    """Whether a path leads to a regular file.

    Args:
        unsure: what to say where that may not be seen. The shell's way through PATH goes past such places; with
            arguments it is found out when the file is read, and refused.
    """
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        return unsure and error.errno not in NO_FILE


def _first_line(program: Path) -> bytes:
    try:
        with program.open("rb") as file:
            return file.read(LONGEST_LINE)
    except OSError as error:
        raise _unreadable(program, error.strerror) from None


def _read(path: Path) -> tuple[str, Mark]:
    """The digest of a file, and the state that it was in.

    Raises:
        Down: it cannot be read whole, or its name cannot be written down.
    """
    try:
        str(path).encode()
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | READING)) as file:
            about = os.fstat(file.fileno())
            mark = Mark.of(about)
            if not stat.S_ISREG(about.st_mode):
                raise _unreadable(path, "it is not a regular file")
            digest = _digests.get(mark) or "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
            if Mark.of(os.fstat(file.fileno())) != mark:
                raise _unreadable(path, "it is being written")
    except UnicodeEncodeError:
        raise _unreadable(path, "its name is no UTF-8") from None
    except OSError as error:
        raise _unreadable(path, error.strerror) from None
    if _only_roots(about):
        _digests[mark] = digest
    return digest, mark


def _only_roots(about: os.stat_result) -> bool:
    """Whether nobody but root could write a file, and this is not root."""
    return about.st_uid == 0 and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and os.geteuid() != 0


def _mark(path: str) -> Mark | None:
    try:
        return Mark.of(Path(path).stat())
    except OSError:
        return None


def _unreadable(path: Path, why: str | None) -> Down:
    told = f"{reveal(str(path))} cannot be compared with what was accepted: {why or 'it cannot be read'}"
    return Down(NOT_STARTED, f"{NOT_STARTED}: {told}")
