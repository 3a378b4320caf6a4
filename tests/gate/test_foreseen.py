"""Tokens for what is taken out elsewhere: asked for in numbers, and each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from mcp_gate.gate.foreseen import TOGETHER, Foreseen, Wanted, from_thread

pytestmark = pytest.mark.anyio


def test_what_is_foreseen_is_asked_for_together_and_once() -> None:
    asked: list[Wanted] = []

    def ask(wanted: Wanted) -> list[str | None]:
        asked.append(wanted)
        return [None if text == "9" else f"<{text}>" for _, text in wanted]

    foreseen = Foreseen(ask)
    foreseen.foresee(("E", str(n // 2)) for n in range(4 * TOGETHER))
    assert [len(wanted) for wanted in asked] == [TOGETHER, TOGETHER]
    assert (foreseen.of("E", "7"), foreseen.of("E", "9")) == ("<7>", None)
    assert foreseen.issued == {"<7>"}
    assert foreseen.of("E", "other") == "<other>"
    assert asked[2:] == [[("E", "other")]]


async def test_a_thread_asks_the_loop() -> None:
    class Desk:
        def __init__(self) -> None:
            self.issued: set[str] = set()

        def foresee(self, values: Iterable[tuple[str, str]]) -> None: ...

        def of(self, entity: str, text: str) -> str | None:
            assert asyncio.get_running_loop()
            return f"<{entity}_{text}>"

        def keep(self) -> None: ...

    foreseen = from_thread(Desk())
    assert await asyncio.to_thread(foreseen.of, "E", "1") == "<E_1>"
