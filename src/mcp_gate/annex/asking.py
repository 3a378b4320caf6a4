"""Tokens in place of values where a result is looked at outside the gate, which alone gives them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from mcp_gate.annex import frames

TOGETHER: Final = 250
"""Values that are asked for at a time: the gate answers within a millisecond or two."""


class Asking:
    """Implements `output.redact.Tokenizer` by asking the gate, in the midst of a job."""

    def __init__(
        self, read: Callable[[], tuple[tuple[Any, ...], bytes] | None], write: Callable[[Sequence[bytes]], None]
    ) -> None:
        self._read = read
        self._write = write
        self._known: dict[tuple[str, str], str | None] = {}
        self.issued: set[str] = set()

    def foresee(self, values: Iterable[tuple[str, str]]) -> None:
        """What will be asked for, in order."""
        new = [value for value in dict.fromkeys(values) if value not in self._known]
        for at in range(0, len(new), TOGETHER):
            self._ask(new[at : at + TOGETHER])

    def of(self, entity: str, text: str) -> str | None:
        """A token for a value; None: there is none to be had."""
        if (entity, text) not in self._known:
            self._ask([(entity, text)])
        token = self._known[entity, text]
        if token is not None:
            self.issued.add(token)
        return token

    def keep(self) -> None:
        """The gate does, once it knows that the result leaves."""

    def _ask(self, values: Sequence[tuple[str, str]]) -> None:
        self._write(frames.told({"kind": "asks", "values": values}))
        answered = self._read()
        if answered is None:
            raise EOFError
        self._known.update(zip(values, answered[0], strict=True))
