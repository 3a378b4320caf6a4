"""Who may read what: a decision is not told to who may be the one to look at it again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.request import Request
from support.held import a_call
from support.pages import signed_in
from support.reviewed import RULES, Reviewed, a_gate, raw, sha256

pytestmark = pytest.mark.anyio

NAMES = ("dana", "ana", "sam")
EVERY = RULES + b"routing: { default: ops }\nfatigue_controls: { sampled_second_review_rate: 1 }\n"
PEOPLE = (
    'version: v1\nlisten: { review: "127.0.0.1:0" }\nreviewers:\n'
    + "".join(f'  {name}: {{ groups: [ops], token_sha256: "{sha256(name)}" }}\n' for name in NAMES)
).encode()


async def read(gate: Reviewed, target: str, who: str) -> tuple[int, Any]:
    status, _, body = await raw(gate.address, "GET", target, b"", {"Authorization": f"Bearer {who}"})
    return status, json.loads(body)


async def decided(gate: Reviewed) -> tuple[Request, str]:
    """A request that dana denied, and the second look at it."""
    request = await gate.hold(group="ops")
    assert (await gate.post(request, await gate.word(request, "deny", "dana", reason="no")))[0] == 200
    (look,) = [one for one in await gate.gate.store.requests.page() if one.kind == "second_review"]
    return request, look.id


async def test_what_was_decided_is_not_told_to_who_may_look_at_it_again(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=EVERY) as gate:
        request, look = await decided(gate)
        later = await gate.hold(group="ops", call=a_call(id="c-9", arguments={"later": 1}))
        target = f"/v1/requests/{request.id}"

        async def ids(who: str) -> set[str]:
            _, found = await read(gate, "/v1/requests", who)
            return {one["id"] for one in found["requests"]}

        async def fate(who: str) -> tuple[str, str]:
            """Of the call, asked for itself and in the trail of one that came after it."""
            _, call = await read(gate, f"/v1/calls/{request.call.id}", who)
            _, shown = await read(gate, f"/v1/requests/{later.id}", who)
            return call["state"], shown["call"]["trail"][0]["status"]

        assert await ids("dana") == {request.id, look, later.id}
        assert await ids("ana") == {look, later.id}
        assert (await read(gate, target, "dana"))[1]["status"] == "rejected"
        status, told = await read(gate, target, "ana")
        assert (status, "second look" in told["detail"]) == (404, True)
        bearer = {"Authorization": "Bearer ana", "Content-Type": "application/json"}
        status, _, _ = await raw(gate.address, "POST", f"{target}/reveal", b'{"approver_id": "ana"}', bearer)
        assert status == 404
        assert await fate("dana") == ("rejected", "rejected")
        assert await fate("ana") == ("withheld", "withheld")
        shown = (await read(gate, f"/v1/requests/{look}", "ana"))[1]
        assert "rejected" not in json.dumps(shown)
        word = await gate.word(replace(request, id=look), "bad", "ana", reason="no")
        assert (await gate.send("POST", f"/v1/requests/{look}/decision", word))[0] == 200
        assert (await read(gate, target, "ana"))[1]["status"] == "rejected"
        assert await fate("ana") == ("rejected", "rejected")


async def test_the_stream_of_events_says_that_it_ended_and_to_him_not_how(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=EVERY) as gate:
        streams = {}
        for name in ("dana", "ana"):
            reader, writer = await asyncio.open_connection(*gate.address)
            host = "{}:{}".format(*gate.address)
            asked = f"GET /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {name}\r\n\r\n"
            writer.write(asked.encode())
            await reader.readuntil(b": connected")
            streams[name] = reader, writer
        request, _ = await decided(gate)
        told = {}
        for name, (reader, writer) in streams.items():
            async with asyncio.timeout(5):
                await reader.readuntil(b"event: request.decided\ndata: ")
                told[name] = json.loads(await reader.readline())
            writer.close()
        common = {"event": "request.decided", "request_id": request.id, "group": "ops"}
        assert told == {"dana": {**common, "status": "rejected"}, "ana": common}


async def test_over_the_local_socket_nobody_knows_who_asks(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=EVERY) as gate:
        request, look = await decided(gate)
        assert (await gate.shown(request))["status"] == "rejected"
        status, _, _ = await raw(gate.socket, "GET", f"/v1/requests/{request.id}", b"", {"Authorization": "Bearer ana"})
        assert status == 404
        assert look


async def test_who_comes_too_late_with_his_word_on_the_page_is_told_so_and_is_on_record(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=PEOPLE, rules=EVERY) as gate:
        request = await gate.hold(group="ops")
        reader = await signed_in(gate, "ana")
        target = f"/requests/{request.id}"
        assert await reader.get(target) == 200
        form = {**reader.form(f"{target}/decision", "deny"), "reason": "no", "digest": ""}
        assert (await gate.post(request, await gate.word(request, "deny", "dana", reason="no")))[0] == 200
        assert await reader.get(target) == 404
        status, _ = await reader.post(f"{target}/decision", form)
        assert status == 409
        (refused,) = await gate.records("request.refused")
        assert (refused["approver_id"], refused["data"]["code"]) == ("ana", "already_decided")
