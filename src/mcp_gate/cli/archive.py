"""The record of a state directory, for commands that read it without the gate."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.store.archive import Archive


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
