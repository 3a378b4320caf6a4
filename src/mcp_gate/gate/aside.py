"""Work that takes long with a large payload runs in a thread, so that others have their turns in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from mcp_gate.model.foreign import Json, Packed

P = ParamSpec("P")
T = TypeVar("T")
CHARACTERS: Final = 131_072
VALUES: Final = 3_000
_BEFORE_VALUES: Final = b",[{"
"""One of these stands before each value but the first, or before its key."""


def large(payload: Json, written: bytes | None = None) -> bool:
    """Whether there is more in a payload than can be gone through within a few milliseconds.

    Args:
        written: the payload as JSON, where somebody has it: then hardly any payload has to be counted value by value.
    """
    if written is not None and len(written) <= CHARACTERS:
        others = written.translate(None, _BEFORE_VALUES)  # twice as fast as to count each
        if len(written) - len(others) < VALUES:
            return False
    left: list[Any] = [(payload,)]
    characters = values = 0
    while left:
        children = left.pop()
        values += len(children)
        if values > VALUES:
            return True
        for child in children:
            kind = type(child)
            if kind is str:
                characters += len(child)
            elif kind is dict:
                characters += sum(map(len, child))
                left.append(child.values())
            elif kind is list:
                left.append(child)
            elif kind is Packed:
                return True
        if characters > CHARACTERS:
            return True
    return False


async def aside(much: bool, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """What `work` returns, run in a thread where there is much of it. It must share nothing that others may change
    meanwhile."""
    return await asyncio.to_thread(work, *args, **more) if much else work(*args, **more)
