"""Nobody can approve more than what was looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_gate.gate.reviewers import operator
from support.reviewed import a_gate, raw
from support.running import EVERYTHING_MAPPED, place

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


async def test_S110_no_request_of_the_api_decides_more_than_one_call(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        requests = [await gate.hold() for _ in range(50)]
        word = await gate.word(requests[0])
        many = {**word, "request_ids": [request.id for request in requests]}
        for target in ("/v1/requests", "/v1/requests/decision", "/v1/requests/*/decision", "/v1/decisions"):
            status, _, _ = await raw(gate.socket, "POST", target, json.dumps(many).encode(), JSON)
            assert status in (400, 404, 405)
        status, _ = await gate.post(requests[1], word)
        assert status in (409, 422), "the word on one call counted for another"
        assert await gate.records("request.decided") == []
        assert (await gate.post(requests[0], await gate.word(requests[0], by=operator())))[0] == 200
        assert len(await gate.records("request.decided")) == 1


def test_S110_the_command_approves_one_request(tmp_path: Path) -> None:
    with place({"x": {"command": "true", **EVERYTHING_MAPPED}}) as where:
        for more in (["R-1", "R-2"], ["--all"], ["*", "R-1"]):
            assert where.run("requests", "approve", *more).returncode == 2
