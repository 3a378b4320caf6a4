"""What upstreams with `pin_program` run, compared at every start with what was accepted.

The first start is accepted as it is. Later nothing is started whose files differ, until somebody accepts them
(`mcp-gate upstreams pin`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import digest
from mcp_gate.lang.reveal import reveal
from mcp_gate.upstream.catalog import Accepted
from mcp_gate.upstream.launch import Launch
from mcp_gate.upstream.link import Down
from mcp_gate.upstream.program import Files, Look, look

KEY: Final = "the program"
"""Of an upstream's program among its pins. No tool has a space in its name."""
SHOWN: Final = 15
"""Characters of a digest that are told in a sentence."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that is not as it was accepted."""

    file: str
    old: str | None
    """The digest that was accepted; None: the file was not part of it."""
    new: str | None
    """The digest that was found; None: the file is not part of it any more."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A program that was found and is not the accepted one."""

    files: Files
    differences: tuple[Difference, ...]

    @property
    def digest(self) -> str:
        """Of all files: what somebody accepts by it is what he was shown."""
        return digest(dict(self.files))


def differences(accepted: Files, found: Files) -> tuple[Difference, ...]:
    """By path; empty where nothing differs."""
    return tuple(
        Difference(file, accepted.get(file), found.get(file))
        for file in sorted({*accepted, *found})
        if accepted.get(file) != found.get(file)
    )


class Programs:
    """The accepted programs of all upstreams."""

    def __init__(self) -> None:
        self._accepted: dict[str, Files] = {}
        self._replaced: dict[str, Replaced] = {}
        self._turn = asyncio.Lock()
        self.keep: Callable[[str, Files], Awaitable[None]] = _nowhere
        """Records a program that is accepted at first sight, before it is started; what it raises is passed on."""
        self.on_replaced: Callable[[str, Replaced], None] = lambda upstream, replaced: None
        """Called once for every program found that is not the accepted one."""

    def load(self, upstream: str, pins: Mapping[str, Accepted]) -> None:
        """What was accepted earlier, among definitions of tools."""
        if (pin := pins.get(KEY)) is not None:
            self._accepted[upstream] = strictjson.parse_upstream(pin.definition.encode())

    def accepted(self, upstream: str) -> Files | None:
        """None while nothing was."""
        return self._accepted.get(upstream)

    def replaced(self, upstream: str) -> Replaced | None:
        """What was found last, if it is not what was accepted."""
        return self._replaced.get(upstream)

    def accept(self, upstream: str, replaced: Replaced) -> None:
        """Let this be started from now on. The caller has recorded it."""
        self._accepted[upstream] = replaced.files
        if self._replaced.get(upstream) == replaced:
            del self._replaced[upstream]

    def forget(self, upstream: str) -> None:
        """After a reload: another command may be run now, or none be compared; what was accepted stays."""
        self._replaced.pop(upstream, None)

    async def judge(self, upstream: str, found: Files) -> None:
        """
        Raises:
            Down: it is not what was accepted.
        """
        async with self._turn:
            accepted = self._accepted.setdefault(upstream, found)
            if accepted is found:
                await self._first(upstream, found)
        differing = differences(accepted, found)
        if not differing:
            self._replaced.pop(upstream, None)
            return
        replaced = Replaced(found, differing)
        if self._replaced.get(upstream) != replaced:
            self._replaced[upstream] = replaced
            self.on_replaced(upstream, replaced)
        raise Down("its program waits to be accepted", why(upstream, replaced))

    async def _first(self, upstream: str, found: Files) -> None:
        try:
            await self.keep(upstream, found)
        except Exception:
            del self._accepted[upstream]
            raise


class Vetted:
    """Implements `Vetting`: each start is looked at before, the last one also afterwards."""

    def __init__(self, upstream: str, programs: Programs) -> None:
        self._upstream = upstream
        self._programs = programs
        self._look: Look | None = None

    async def before(self, launch: Launch) -> Launch:
        self._look = await asyncio.to_thread(look, launch)
        await self._programs.judge(self._upstream, self._look.files)
        return self._look.launch

    async def after(self) -> None:
        touched = "" if self._look is None else await asyncio.to_thread(self._look.touched)
        if touched:
            raise Down("it was changed while it started", f"{reveal(touched)} was written while it was started")


def why(upstream: str, replaced: Replaced) -> str:
    """For the operator: what differs, and the cure."""
    first, *more = replaced.differences
    others = f" and {len(more)} more" if more else ""
    return f"{reveal(first.file)} {_how(first)}{others}; 'mcp-gate upstreams pin {upstream}' shows and accepts that"


def _how(one: Difference) -> str:
    if one.old is None:
        return "is run now and was not when the program was accepted"
    if one.new is None:
        return "was accepted and is not run any more"
    return f"is not the file that was accepted ({one.old[:SHOWN]}… then, {one.new[:SHOWN]}… now)"


async def _nowhere(upstream: str, files: Files) -> None:
    pass
