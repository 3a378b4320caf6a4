"""What becomes of answers on their way through the gate that are no call's result."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_gate.gate.carry import ask
from mcp_gate.model.foreign import JsonObject
from mcp_gate.wire.errors import REFUSED, RpcError

pytestmark = pytest.mark.anyio


async def asked(answer: JsonObject, leaves: JsonObject | None) -> JsonObject:
    async def result() -> JsonObject:
        return answer

    async def settled(upstream: str) -> None: ...

    async def egress(method: str, payload: JsonObject) -> JsonObject | None:
        return leaves

    link: Any = SimpleNamespace(upstream="shop", request=lambda *_: SimpleNamespace(result=result))
    gate = SimpleNamespace(egress=egress)
    talk: Any = SimpleNamespace(sending=nullcontext, relay=SimpleNamespace(settled=settled), gate=gate)
    flight: Any = SimpleNamespace(meta={}, reason=None)
    return await ask(talk, flight, link, "tasks/result", {"taskId": "t1"})


async def test_an_answer_of_which_nothing_may_leave_is_refused_and_not_told_as_an_empty_one() -> None:
    with pytest.raises(RpcError) as refused:
        await asked({"content": [{"type": "image", "data": "QQ=="}]}, None)
    assert refused.value.code == REFUSED
    assert await asked({}, {}) == {}
