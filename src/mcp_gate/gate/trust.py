"""Whose word a file is: refused as sshd's StrictModes would, wherever somebody else could have written it.

Folders are opened from the root of the file system down, each by its name below the one that is open and never through
a symbolic link: nothing can be put in the place of what was looked at.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mcp_gate.model.config import Place, Problem

ROOT: Final = 0
PASSING: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""To go through a folder, which needs no right to list it."""
LISTING: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READING: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Without waiting, so that a pipe in the way does no harm."""
LINK: Final = "it is a symbolic link"


@contextmanager
def opened(directory: Path, problems: list[Problem]) -> Iterator[int]:
    """A folder by its path without links, as a descriptor to open things below; what is wrong on the way is added.

    Raises:
        OSError: there is no such folder, or a part of the path is a link by now.
    """
    fd = os.open(directory.anchor, PASSING)
    try:
        here = Path(directory.anchor)
        for part in directory.parts[1:]:
            problems += distrust(str(here), fd, above=True)
            fd, last = open_below(fd, part, PASSING), fd
            os.close(last)
            here /= part
        problems += distrust(str(here), fd)
        yield fd
    finally:
        os.close(fd)


def open_below(folder: int, name: str, flags: int) -> int:
    """A file or folder by its name in an open folder.

    Raises:
        OSError: it cannot be opened; its text says so plainly when it is a symbolic link.
    """
    try:
        return os.open(name, flags, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError:
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise OSError(None, LINK, name) from None
        raise


def distrust(path: str, fd: int, *, above: bool = False) -> tuple[Problem, ...]:
    """Why what is open may hold what somebody else wants.

    Args:
        path: how it is called in messages.
        above: it is a folder on the way; there only whoever may exchange what lies on the way does harm, which in one
            with the sticky bit, as /tmp, nobody else may.
    """
    about = os.fstat(fd)
    mode = stat.S_IMODE(about.st_mode)
    place = Place(path, 1, 1)
    if about.st_uid not in (ROOT, os.geteuid()):
        message = f"it belongs to another user (uid {about.st_uid})"
        return (Problem(place, message, "chown it to the user that runs the gate, or to root"),)
    if above and mode & stat.S_ISVTX:
        return ()
    if mode & stat.S_IWOTH or (mode & stat.S_IWGRP and not _private(fd, about.st_gid)):
        return (Problem(place, f"others may write it (mode {mode:04o})", "take that away: chmod go-w"),)
    return ()


def _private(fd: int, gid: int) -> bool:
    """Whether the right of a group is the right of this user, as on machines where everybody has a group of his own
    and `umask 002`. With an access list the mode shows as the group's what is somebody else's right."""
    try:
        members = {user.pw_uid for user in pwd.getpwall() if user.pw_gid == gid}
        members |= {pwd.getpwnam(name).pw_uid for name in grp.getgrgid(gid).gr_mem}
    except KeyError:
        return False
    return bool(members) and members <= {ROOT, os.geteuid()} and not _has_access_list(fd)


def _has_access_list(fd: int) -> bool:
    if sys.platform != "linux":
        return True
    try:
        return "system.posix_acl_access" in os.listxattr(f"/proc/self/fd/{fd}")
    except OSError:
        return True
