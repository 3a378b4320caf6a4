"""What is started for an upstream, and who has a say in whether it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Launch:
    """A process to be, with the variables in its command expanded."""

    command: tuple[str, ...]
    """The program first."""
    env: Mapping[str, str]
    cwd: str | None
    data: frozenset[str] = frozenset()
    """Arguments that name no part of the program (`pin_except`)."""


class Vetting(Protocol):
    """Asked about every start for one connection."""

    async def before(self, launch: Launch) -> Launch:
        """What may be started.

        Raises:
            Down: it may not.
        """
        ...

    async def after(self) -> None:
        """Asked once the process answers, and so has read what it runs.

        Raises:
            Down: that was another thing than what might be started.
        """
        ...


class Unvetted:
    """Whatever is there is started."""

    async def before(self, launch: Launch) -> Launch:
        return launch

    async def after(self) -> None:
        """Nothing was looked at."""
