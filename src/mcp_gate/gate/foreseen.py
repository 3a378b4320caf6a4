"""Tokens in place of values, for code that takes values out where the gate's loop does not run: only the gate gives
tokens out, so it is asked for many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from mcp_gate.output.redact import Tokenizer

TOGETHER: Final = 250
"""Values that are asked for at a time: the gate answers within a millisecond or two."""
WAIT_SEC: Final = 10.0

Wanted: TypeAlias = Sequence[tuple[str, str]]
"""Entities and values."""
Ask: TypeAlias = Callable[[Wanted], Sequence[str | None]]
"""Gives a token for each, or None where there is none to be had."""


class Foreseen:
    """Implements `output.redact.Tokenizer`."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], str | None] = {}
        self.issued: set[str] = set()

    def foresee(self, values: Iterable[tuple[str, str]]) -> None:
        """What will be asked for, in order."""
        new = [value for value in dict.fromkeys(values) if value not in self._known]
        for at in range(0, len(new), TOGETHER):
            some = new[at : at + TOGETHER]
            self._known.update(zip(some, self._ask(some), strict=True))

    def of(self, entity: str, text: str) -> str | None:
        """A token for a value; None: there is none to be had."""
        self.foresee([(entity, text)])
        token = self._known[entity, text]
        if token is not None:
            self.issued.add(token)
        return token

    def keep(self) -> None:
        """The gate does, once it knows that the result leaves."""


def from_thread(tokens: Tokenizer) -> Foreseen:
    """Those of this loop, for a thread."""
    loop = asyncio.get_running_loop()

    async def given(wanted: Wanted) -> list[str | None]:
        return [tokens.of(entity, text) for entity, text in wanted]

    return Foreseen(lambda wanted: asyncio.run_coroutine_threadsafe(given(wanted), loop).result(WAIT_SEC))
