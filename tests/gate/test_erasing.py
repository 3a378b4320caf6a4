"""What a call carried can be erased; what is known of it stays, and stays provable."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.evidence import chain
from mcp_gate.gate.erasing import Erased, NoSuchCall, erase
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.mistakes import mark, proposed
from mcp_gate.gate.reviewers import Session, operator
from mcp_gate.history.again import WhyNot, difference
from mcp_gate.model.judged import Refused as NotSo
from mcp_gate.store import history
from mcp_gate.store.tokens import Kept
from support.chains import verify
from support.gates import RULES, Upstream, decide, job, names, open_gate, pending, perform

pytestmark = pytest.mark.anyio

MAIL = "ada.lovelace@analytical.org"
SECRET = "Ottoline Fairweather-Quist"
PEOPLE = "agents: { bot: { owner: lee }, other: {} }\nreviewers: { dana: { groups: [] }, lee: { groups: [] } }\n"


async def erased(gate: Gate, call_id: str, by: str | None = None) -> Any:
    return await erase(gate, call_id, by or operator(), "She asked for it", Session())


def on_disk(folder: Path) -> list[str]:
    """The files that hold the secret, in any of the forms a text has in JSON."""
    return [
        str(path.relative_to(folder)) for path in folder.rglob("*")
        if path.is_file() and SECRET.encode() in path.read_bytes()
    ]  # fmt: skip


async def ids(gate: Gate) -> list[str]:
    records = await gate.store.records()
    return [record["call_id"] for record in records if record["event"] == "call.received"]


async def test_S226_what_one_call_carried_is_nowhere_on_the_disk_and_the_record_still_verifies(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with open_gate(state) as gate:
        for n in range(30):
            who = SECRET if n == 15 else f"somebody-{n}"
            await perform(gate, job("get", {"customer": who, "note": who * 400}), Upstream())
        assert on_disk(state) != []
        target = (await ids(gate))[15]
        before = await gate.store.call(target)
        assert before is not None
        assert await erased(gate, target) == Erased(scrubbed=True)
        assert on_disk(state) == []
        after = await gate.store.call(target)
        assert after is not None
        assert after["arguments"] == {"$erased": before["job_hash"]}
        assert after["job_hash"] == before["job_hash"]
        assert "security.erased" in await names(gate, call_id=target)
        past = await gate.store._db.read(lambda tx: history.calls(tx, "", None))
        again = {one.call.id: difference(one, lambda _: gate.loaded) for one in past}
        assert again == {one.call.id: "" for one in past} | {target: WhyNot.ERASED}
        assert isinstance(verify(await gate.store.records()), chain.Intact)
    async with open_gate(state) as gate:  # the tail of the chain is checked when it is opened
        assert await gate.store.call(target) is not None


async def test_S226_a_held_call_is_erased_only_once_it_is_over(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        held = asyncio.create_task(perform(gate, job("refund", {"customer": SECRET}), Upstream()))
        [request] = await pending(gate)
        refused = await erased(gate, request.call.id)
        assert isinstance(refused, NotSo)
        assert (refused.code, refused.http) == ("call_open", 409)
        await decide(gate, request, "deny", "no")
        await held
        assert await erased(gate, request.call.id) == Erased(scrubbed=True)


async def test_nobody_erases_the_traces_of_his_own_agent_and_nobody_unknown_erases_any(tmp_path: Path) -> None:
    async with open_gate(tmp_path, settings=PEOPLE) as gate:
        await perform(gate, job("get", {"customer": SECRET}), Upstream(), agent="bot")
        [call] = await ids(gate)
        for who, code in (("lee", "self_approval"), ("nobody", "unknown_reviewer")):
            refused = await erased(gate, call, who)
            assert isinstance(refused, NotSo)
            assert refused.code == code
        assert await erased(gate, call, "dana") == Erased(scrubbed=True)
        assert await erased(gate, "c-none", "dana") == NoSuchCall()


WITHHELD = RULES + "output_review: { rules: [ { id: q, entities: [PII], decision: quarantine } ] }\n"


async def test_S226_what_a_reviewer_marked_in_a_result_and_what_tokens_stand_for_goes_with_its_call(
    tmp_path: Path,
) -> None:
    async with open_gate(tmp_path, WITHHELD) as gate:
        for n in range(2):
            await perform(gate, job("get", {"n": n}), Upstream({"content": [{"type": "text", "text": MAIL}]}))
        first, second = sorted(await pending(gate, 2), key=lambda request: request.call.arguments["n"])
        for request in (first, second):
            assert isinstance(await mark(gate, request.id, [1], operator(), Session()), list)
        token = Kept("<A_1_aaaaaa>", "A", b"x", "2099-01-01T00:00:00.000Z")
        await gate.store.tokens.keep("default", "s-1", [token], "")
        told = await erased(gate, first.call.id)
        assert isinstance(told, NotSo), "a reviewer has not looked at it yet"
        assert len(await proposed(gate)) == 2
        await decide(gate, first, "drop")
        assert isinstance(await erased(gate, first.call.id), Erased)
        assert [one["reason"].endswith(second.id) for one in await proposed(gate)] == [True]
        assert await gate.store.tokens.of("default", "s-1", "") == []
