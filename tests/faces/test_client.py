"""The small client: what it makes of a gate that is away, of refusals and of events."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from mcp_gate.faces.client import Problem, ReviewClient, Unreachable
from mcp_gate.gate.reviewers import operator
from support.reviewed import GROUPS, TOKENS, a_gate

pytestmark = pytest.mark.anyio


async def test_no_gate_is_said_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="start one with 'mcp-gate serve'"):
        ReviewClient(tmp_path).get("/v1/status")
    with pytest.raises(Unreachable, match="start one with 'mcp-gate serve'"):
        ReviewClient(tmp_path).events()


async def test_a_socket_path_that_is_too_long_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="too long"):
        ReviewClient(tmp_path / ("x" * 120)).get("/v1/status")


async def test_something_that_is_no_gate_is_unreachable(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "review.sock"))
        listener.listen()

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")

        serving = asyncio.create_task(asyncio.to_thread(answer))
        with pytest.raises(Unreachable):
            await asyncio.to_thread(ReviewClient(tmp_path).get, "/v1/status")
        await serving


async def test_a_refusal_is_a_problem_with_code_and_fields(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        shown = await gate.shown(request)
        shown["call"]["job_hash"] = "sha256:other"
        with pytest.raises(Problem) as caught:
            await gate.do(gate.client.decide, shown, "approve", operator())
        assert (caught.value.status, caught.value.code) == (422, "evidence_incomplete")
        assert caught.value.fields == ("job_hash",)


async def test_a_token_lifts_the_assurance(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        client = ReviewClient(gate.state, token=TOKENS["dana"])
        done = await gate.do(client.decide, await gate.shown(request), "approve", "dana", "fine")
        assert done["decisions"][0]["assurance"] == "token"


async def test_claims_and_extensions_go_through_the_client(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        assert (await gate.do(gate.client.claim, request.id, operator()))["claimed_by"] == operator()
        assert "claimed_by" not in await gate.do(gate.client.release_claim, request.id, operator())
        assert (await gate.do(gate.client.extend, request.id, operator(), 60))["due_ts"] > request.due_ts


async def test_events_come_one_by_one_until_closed(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        events = await gate.do(gate.client.events)
        request = await gate.hold()
        message = await asyncio.to_thread(next, iter(events))
        assert message["event"] == "request.opened"
        assert message["request_id"] == request.id
        rest = asyncio.create_task(asyncio.to_thread(list, events))
        await asyncio.to_thread(events.close)
        assert await asyncio.wait_for(rest, 5) == []


async def test_events_end_with_a_word_when_the_gate_goes(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        events = await gate.do(gate.client.events)
        rest = asyncio.create_task(asyncio.to_thread(list, events))
    with pytest.raises(Unreachable):
        await asyncio.wait_for(rest, 5)
    events.close()


def test_it_says_how_its_decisions_prove_whose_they_are(tmp_path: Path) -> None:
    assert ReviewClient(tmp_path).proof == "session"
    assert ReviewClient(tmp_path, token="t").proof == "token"
    assert ReviewClient(tmp_path, token="t", signer=lambda _: "s").proof == "signed"
