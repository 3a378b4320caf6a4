"""The approved call that is most like the one that waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.reviewers import operator
from support.held import a_call
from support.reviewed import GROUPS, TOKENS, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio


async def approved(gate: Reviewed, arguments: dict[str, Any], **changes: Any) -> str:
    request = await gate.hold(call=a_call(id=f"c-{gate.count}-a", arguments=arguments, **changes), group="default")
    await gate.post(request, await gate.word(request))
    return request.id


async def test_the_nearest_is_the_one_with_the_fewest_differences_of_this_agent_and_tool(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        near = await approved(gate, {"order": "O-1", "amount": 1, "note": "x"})
        await approved(gate, {"order": "O-2", "amount": 2})
        await approved(gate, {"order": "O-1", "amount": 9, "note": "x"}, agent="another")
        await approved(gate, {"order": "O-1", "amount": 9, "note": "x"}, tool="another")
        denied = await gate.hold(arguments={"order": "O-1", "amount": 9, "note": "x", "by": "denied"})
        await gate.post(denied, await gate.word(denied, "deny", reason="no"))
        request = await gate.hold(arguments={"order": "O-1", "amount": 9, "note": "x"})
        nearest = (await gate.shown(request))["nearest"]
        assert nearest["request_id"] == near
        assert nearest["approver_id"] == operator()
        assert nearest["arguments"] == {"order": "O-1", "amount": 1, "note": "x"}


async def test_without_one_there_is_none(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        assert "nearest" not in await gate.shown(await gate.hold())


async def test_what_went_to_a_group_that_a_reviewer_is_not_in_is_not_shown_to_him(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        secret = await gate.hold(call=a_call(id="c-s", arguments={"order": "theirs"}), group="ops-approvers")
        await gate.post(secret, await gate.word(secret, by="sam"))
        mine = await gate.hold(group="finance-approvers")
        bearer = {"Authorization": f"Bearer {TOKENS['dana']}"}
        _, _, body = await raw(gate.address, "GET", f"/v1/requests/{mine.id}", b"", bearer)
        assert b"theirs" not in body
        assert b"refund_order" in body


async def test_a_brief_list_has_all_that_a_queue_shows_and_nothing_large(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for _ in range(3):
            request = await gate.hold(arguments={"note": "x" * 5000, "n": gate.count}, needed=2)
        await gate.post(request, await gate.word(request))
        (page,) = await gate.do(lambda: list(gate.client.brief()))
        whole = await gate.do(lambda: list(gate.client.requests()))
        assert [one["id"] for one in page] == [one["id"] for one in whole] == ["R-1", "R-2", "R-3"]
        for one, other in zip(page, whole, strict=True):
            lean = {k: v for k, v in other["call"].items() if k not in ("arguments", "attributes", "trail")}
            assert one == {**other, "call": lean}
        status, _ = await gate.send("GET", "/v1/requests?brief=1")
        assert status == 400
