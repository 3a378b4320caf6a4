"""Webhooks out: what is sent, how often, where to, and what it never does to a held call."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.config import WebhookSpec
from mcp_gate.notify import deliver as delivering
from mcp_gate.notify import worker
from mcp_gate.notify.worker import Worker
from support.certificates import unvouched
from support.gates import open_gate
from support.hooks import OK, SECRET, answers, followed, hooked, payload, sending, told, until, webhook
from support.reviewed import Reviewed, a_gate
from support.web import Asked, plain, scripted

pytestmark = pytest.mark.anyio


async def tally(gate: Reviewed) -> Any:
    return await gate.gate.store.outbox.tally("pager")


async def test_what_happens_to_a_request_is_told_with_all_that_a_receiver_needs_to_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path, monkeypatch) as (gate, script):
        request = await gate.hold()
        await until(lambda: script.asked)
        opened = payload(script.asked[0])
        assert (opened["type"], opened["timestamp"][-1]) == ("request.opened", "Z")
        assert opened["data"].keys() >= {"gate_id", "seq", "tier", "group", "due_ts", "tool", "topic", "risk_tags"}
        assert opened["data"]["request_id"] == request.id
        assert opened["data"]["job_hash"] == request.call.job_hash
        assert opened["data"]["policy_snapshot"] == request.policy_snapshot
        assert script.asked[0].headers["webhook-id"] == f"{gate.gate.id}-{opened['data']['seq']}"
        await gate.post(request, await gate.word(request, reason="call me on 555-0100"))
        await until(lambda: len(script.asked) == 2)
        decided = payload(script.asked[1])
        assert decided["type"] == "request.decided"
        assert decided["data"]["decision"] == "approve"
        assert decided["data"]["final"] is True


async def test_only_the_events_that_are_named_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hooked(tmp_path, monkeypatch, more=", events: [request.decided]") as (gate, script):
        request = await gate.hold()
        await gate.post(request, await gate.word(request, "deny", reason="no"))
        await until(lambda: script.asked)
        assert told(script) == ["request.decided"]


async def test_S147_payloads_verify_keep_their_id_over_retries_and_hold_no_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path, monkeypatch, answers("503 Busy", "500 Broken", "204 No Content")) as (gate, script):
        request = await gate.hold(arguments={"order": "O-secret", "to": "jane@example.com"})
        await gate.post(request, await gate.word(request, "deny", reason="jane@example.com asked twice"))
        await until(lambda: len(script.asked) == 4)
        ids = [asked.headers["webhook-id"] for asked in script.asked]
        assert len(set(ids)) == 2
        assert len({asked.body for asked in script.asked}) == 2
        for asked in script.asked:
            assert payload(asked)["type"].startswith("request.")
            assert b"O-secret" not in asked.body
            assert b"jane" not in asked.body

        async def both() -> bool:
            return (await tally(gate)).delivered == 2

        await until(both)


async def test_a_uri_that_an_agent_chose_is_no_tool_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.held import a_call

    async with hooked(tmp_path, monkeypatch) as (gate, script):
        call = a_call(id="c-9", tool="file:///srv/jane", topic="unmapped.shop.file:///srv/jane")
        await gate.hold(call=call)
        await until(lambda: script.asked)
        assert "tool" not in payload(script.asked[0])["data"]
        assert b"jane" not in script.asked[0].body


async def test_what_cannot_be_delivered_is_given_up_and_kept_until_somebody_asks_for_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path, monkeypatch, answers(*["500 Broken"] * 4, "204 No Content")) as (gate, script):
        await gate.hold()
        await until(lambda: len(script.asked) == 4)

        async def dead() -> bool:
            return (await tally(gate)).dead == 1

        await until(dead)
        (letter,) = (await tally(gate)).letters
        assert (letter.kind, letter.error, letter.attempts) == ("request.opened", "it answered 500", 4)
        status, answer = await gate.send("POST", "/v1/webhooks/pager/retry", {})
        assert (status, answer["retried"]) == (200, 1)
        await until(lambda: len(script.asked) == 5)
        assert len({asked.headers["webhook-id"] for asked in script.asked}) == 1


async def test_messages_that_wait_are_sent_by_the_next_gate_under_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    async with scripted(answers("500 Broken", "204 No Content")) as (url, script):
        hook = webhook(url, ", events: [request.opened]")
        settings = f"version: v1\nwebhooks:\n{hook}".encode()
        async with a_gate(tmp_path, settings=settings) as gate, sending(gate):
            await gate.hold()
            await until(lambda: script.asked)
        monkeypatch.setattr(worker, "parse_rfc3339", lambda _: 0.0)  # not to wait for the second attempt's time
        async with a_gate(tmp_path, settings=settings) as gate, sending(gate):
            await until(lambda: len(script.asked) == 2)
        assert len({asked.headers["webhook-id"] for asked in script.asked}) == 1


async def test_a_receiver_that_is_gone_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hooked(tmp_path, monkeypatch, answers("410 Gone")) as (gate, script):
        for _ in range(3):
            await gate.hold()

        async def dead() -> bool:
            return (await tally(gate)).dead == 3

        await until(dead)
        assert len(script.asked) == 1


async def test_a_receiver_that_asks_for_a_pause_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = answers("429 Too Many Requests", "204 No Content", retry_after="30")
    async with hooked(tmp_path, monkeypatch, busy) as (gate, script):
        await gate.hold()
        await until(lambda: script.asked)
        await gate.hold()

        async def paused() -> bool:
            found = await tally(gate)
            return (found.due, found.error) == (2, "it answered 429")

        await until(paused)
        await asyncio.sleep(0.1)
        assert len(script.asked) == 1


def test_a_pause_is_a_number_or_a_date_and_never_long() -> None:
    assert delivering.pause("7", 0) == 7
    assert delivering.pause("999999999", 0) == delivering.MOST_PAUSE_SEC
    assert delivering.pause("Fri, 31 Dec 1999 23:59:59 GMT", 946684790.0) == 9
    assert delivering.pause("soon", 0) is None
    assert delivering.pause("٣", 0) is None


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://127.1:{port}/", "http://2130706433:{port}/", "http://localhost:{port}/",
            "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:10.0.0.1]/", "http://0:{port}/"],
)  # fmt: skip
async def test_S144_an_address_that_is_not_public_is_not_contacted(url: str) -> None:
    async with scripted(OK) as (found, script):
        port = found.rpartition(":")[2].partition("/")[0]
        outcome = await delivering.deliver(url.format(port=port), {}, b"{}", allow_private=False)
        assert isinstance(outcome, delivering.Forbidden | delivering.Failed)
        assert not script.asked
        assert script.connections == 0


async def test_S144_a_redirect_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scripted(OK) as (inner, inside):

        async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
            writer.write(plain(b"", "302 Found", location=inner))

        async with hooked(tmp_path, monkeypatch, answer) as (gate, script):
            await gate.hold()
            await until(lambda: len(script.asked) == 4)
            assert not inside.asked

            async def dead() -> bool:
                return (await tally(gate)).dead == 1

            await until(dead)
            assert (await tally(gate)).error == "it answered 302; redirects are not followed"


async def test_S145_a_name_is_looked_up_once_and_dialled_as_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that says something public first and something private afterwards gets nowhere; it is on record."""
    asked: list[str] = []
    dialled: list[str] = []
    lies = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])

    async def addresses(host: str, _: int) -> list[str]:
        asked.append(host)
        return next(lies)

    async def post(url: Any, address: str, *_: Any) -> delivering.Delivery:
        dialled.append(address)
        return delivering.Delivered()

    monkeypatch.setattr(delivering, "_addresses", addresses)
    monkeypatch.setattr(delivering, "_post", post)
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    hook = 'webhooks: [ { id: pager, url: "https://hooks.example/x", secret: "${env:PAGER_SECRET}" } ]\n'
    async with a_gate(tmp_path, settings=f"version: v1\n{hook}".encode()) as gate, sending(gate):
        await gate.hold()
        await until(lambda: dialled)
        await gate.hold()
        await until(lambda: len(asked) == 3)  # the record of the first refusal is news, and refused too

        async def dead() -> bool:
            return (await tally(gate)).dead == 2

        await until(dead)
        assert dialled == ["93.184.216.34"]
        (blocked,) = await gate.records("security.ssrf_blocked")
        assert blocked["data"] == {"webhook": "pager", "host": "hooks.example"}


async def stall(_: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(30)


async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"x" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10000000000\r\n\r\n")
    while True:
        writer.write(b"\0" * 65536)
        await writer.drain()


async def slam(_: Asked, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("answer", [stall, drip, flood, slam, answers("500 Broken")])
async def test_S146_a_receiver_that_is_down_or_slow_delays_no_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(delivering, "TOTAL_SEC", 0.2)
    late = 0.0

    async def feel_the_loop() -> None:
        nonlocal late
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            late = max(late, time.monotonic() - before - 0.01)

    async with hooked(tmp_path, monkeypatch, answer) as (gate, script):
        monkeypatch.setattr(worker, "DELAYS", (0.01,))
        pulse = asyncio.create_task(feel_the_loop())
        before = time.monotonic()
        request = await gate.hold()
        assert time.monotonic() - before < 0.5
        await until(lambda: script.asked)
        status, _ = await gate.post(request, await gate.word(request, "deny", reason="no"))
        assert status == 200

        async def settled() -> bool:
            found = await tally(gate)
            return bool(found.delivered + found.dead == 2)

        await until(settled)
        pulse.cancel()
        assert late < 0.1
        assert len(script.asked) <= 8


async def test_S146_a_certificate_nobody_vouches_for_is_no_receiver(tmp_path: Path) -> None:
    async with unvouched(tmp_path) as (url, received):
        outcome = await delivering.deliver(url, {}, b"news", allow_private=True)
        assert outcome == delivering.Failed("it cannot be reached (ConnectError)")
        assert not any(b"news" in data for data in received)


async def test_S148_a_thousand_holds_at_once_are_a_few_messages_and_all_of_them_stay_in_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path, monkeypatch) as (gate, script):
        await asyncio.gather(*(gate.hold() for _ in range(1000)))
        assert len(await gate.gate.store.requests.unsettled()) == 1000

        async def all_told() -> bool:
            count = 0
            for asked in script.asked:
                said = json.loads(asked.body)
                many = said["type"] == "events.many"
                count += said["data"]["events"]["request.opened"] if many else 1
            return count == 1000

        await until(all_told)
        assert len(script.asked) < 500
        assert "events.many" in told(script)


async def test_without_a_usable_secret_nothing_is_sent_and_the_listing_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hooked(tmp_path, monkeypatch) as (gate, script):
        monkeypatch.delenv("PAGER_SECRET")
        await gate.hold()

        async def said() -> bool:
            return (await tally(gate)).dead == 1

        await until(said)
        _, listed = await gate.send("GET", "/v1/webhooks")
        (one,) = listed["webhooks"]
        assert one["error"] == "the environment variable PAGER_SECRET is not set"
        assert (one["id"], one["due"], one["dead"]) == ("pager", 0, 1)
        assert SECRET not in json.dumps(listed)
        assert not script.asked


async def test_a_webhook_that_is_new_is_not_told_of_the_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_SECRET", SECRET)
    async with scripted(OK) as (url, script):
        async with a_gate(tmp_path) as gate:
            await gate.hold()
        settings = f"version: v1\nwebhooks:\n{webhook(url)}".encode()
        async with a_gate(tmp_path, settings=settings) as gate, sending(gate):
            assert await followed(gate, "pager")
            gate.count = 1
            request = await gate.hold()
            await until(lambda: script.asked)
            assert payload(script.asked[0])["data"]["request_id"] == request.id


async def test_a_worker_that_is_woken_and_cancelled_at_once_ends(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        spec = WebhookSpec(id="pager", url="https://hooks.example", secret="whsec_eA==", events=frozenset())
        for turns in range(40):  # whatever it is doing by then
            worker = Worker(gate, spec)
            task = asyncio.create_task(worker.run_forever())
            await asyncio.sleep(0.01)
            for _ in range(turns % 4):
                await asyncio.sleep(0)
            worker.wake()
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            assert done == {task}
