"""The record of a state directory, for commands that read it without the gate, and since when they read it."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.store.archive import Archive

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@contextmanager
def open_archive(config: str | None, state: str | None) -> Iterator[Archive]:
    """The record that `--config` and `--state` mean; without one, or with one that cannot be read, the command ends."""
    from mcp_gate.cli.state import state_directory
    from mcp_gate.store.archive import Archive
    from mcp_gate.store.database import Unavailable
    from mcp_gate.store.store import FILE_NAME

    file = state_directory(config, state) / FILE_NAME
    if not file.is_file():
        leave(Exit.USAGE, "there is no record yet: no gate has run with this state directory")
    try:
        with Archive(file) as archive:
            yield archive
    except Unavailable as error:
        leave(Exit.NOT_SO, str(error))


def moment(text: str) -> str:
    """What `--since` means, as RFC 3339; the command ends if it means nothing."""
    from mcp_gate.lang.times import parse_rfc3339, rfc3339

    ago = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if ago:
        return rfc3339(time.time() - int(ago[1]) * UNITS[ago[2]])
    try:
        return rfc3339(parse_rfc3339(text))
    except ValueError:
        leave(Exit.USAGE, "--since takes a time such as 2026-11-22T12:00:00Z, or how long ago: 90s, 30m, 24h, 7d")
