"""The review API over a real socket: routes, shapes, refusals, and what it never does."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.reviewers import operator
from support.reviewed import GROUPS, RULES, Reviewed, a_gate, raw

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


async def untouched(gate: Reviewed) -> bool:
    """Whether nobody's word is on record."""
    return not await gate.records("request.decided")


async def test_a_request_is_shown_as_the_contract_says(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        status, shown = await gate.send("GET", f"/v1/requests/{request.id}")
        assert status == 200
        assert shown.keys() == {
            "id", "kind", "status", "call", "verdict", "tier", "group", "needed", "decisions", "opened_ts", "due_ts",
            "escalate_to", "waiting", "attempts", "stage", "then",
        }  # fmt: skip
        assert shown["call"].keys() == {
            "id", "agent", "session", "upstream", "tool", "listed_name", "topic", "risk_tags", "arguments",
            "attributes", "job_hash", "tool_hash", "trail",
        }  # fmt: skip
        assert shown["call"]["arguments"] == {"order": "O-1", "amount": 120}
        assert shown["waiting"] is False
        with gate.gate.waiters.waiting(request.id):
            _, shown = await gate.send("GET", f"/v1/requests/{request.id}")
            assert shown["waiting"] is True


async def test_a_list_is_paged_and_filtered(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for n in range(150):
            await gate.hold(group="finance-approvers" if n % 2 else "ops-approvers")
        status, page = await gate.send("GET", "/v1/requests?status=pending&group=")
        assert (status, len(page["requests"])) == (200, 100)
        _, rest = await gate.send("GET", f"/v1/requests?status=pending&after={page['next']}")
        assert (len(rest["requests"]), rest["next"]) == (50, None)
        ids = [request["id"] for request in page["requests"] + rest["requests"]]
        assert len(set(ids)) == 150
        found = await gate.do(lambda: list(gate.client.requests(group="ops-approvers")))
        assert len(found) == 75
        _, none = await gate.send("GET", "/v1/requests?status=approved")
        assert none == {"requests": [], "next": None}


async def test_a_page_after_what_is_none_is_refused(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for target in ("requests", "requests?group=ops&", "agents", "upstreams", "reviewers", "webhooks"):
            status, problem = await gate.send("GET", f"/v1/{target}{'' if '?' in target else '?'}after=bogus")
            assert (status, problem["code"], problem["fields"]) == (400, "bad_request", ["after"]), target
        last = await gate.hold()
        status, _ = await gate.send("GET", f"/v1/requests?after={last.id}")
        assert status == 200


async def test_evidence_that_is_null_is_missing(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        word = await gate.word(request)
        status, problem = await gate.post(request, {**word, "job_hash": None, "decision_ts": None, "nonce": None})
        assert (status, problem["code"]) == (422, "evidence_incomplete")
        assert problem["fields"] == ["job_hash", "decision_ts"]
        status, problem = await gate.post(request, {})
        assert (status, problem["code"], len(problem["fields"])) == (422, "evidence_incomplete", 4)
        status, _ = await gate.post(request, {**word, "signature": None, "arguments": None})
        assert status == 200


async def test_an_approval_is_answered_with_the_request_as_it_is_now(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        status, shown = await gate.post(request, await gate.word(request, reason="fine"))
        assert status == 200
        assert shown["status"] == "approved"
        (decision,) = shown["decisions"]
        assert decision["approver_id"] == operator()
        assert decision["assurance"] == "session"
        assert decision["final"] is True


@pytest.mark.parametrize("field", ["policy_snapshot", "job_hash", "approver_id", "decision_ts"])
async def test_S223_a_decision_without_evidence_is_refused_and_the_request_stays_open(
    tmp_path: Path, field: str
) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        word = await gate.word(request)
        del word[field]
        status, problem = await gate.post(request, word)
        assert (status, problem["code"], problem["fields"]) == (422, "evidence_incomplete", [field])
        assert (await gate.shown(request))["status"] == "pending"
        (refused,) = await gate.records("request.refused")
        assert refused["data"]["fields"] == [field]


async def test_what_is_wrong_is_a_problem_document(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for target in ("/v1/requests/R-none", "/v1/calls/c-none", "/v1/nothing", "/v1/requests/"):
            status, headers, body = await raw(gate.socket, "GET", target)
            assert status == 404
            assert headers["content-type"] == "application/problem+json"
            problem = json.loads(body)
            assert (problem["status"], problem["code"]) == (404, "not_found")
            assert problem.keys() == {"type", "title", "status", "detail", "code"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("action", ["decision", "claim", "release-claim", "extend", "escalate"])
async def test_S133_no_method_but_post_decides(tmp_path: Path, method: str, action: str) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        before = await gate.shown(request)
        target = f"/v1/requests/{request.id}/{action}"
        status, headers, _ = await raw(gate.socket, method, f"{target}?decision=approve&approver_id={operator()}")
        assert status == 405
        assert headers["allow"] == "POST"
        assert "access-control-allow-origin" not in headers
        assert await gate.shown(request) == before
        assert await untouched(gate)


async def test_S133_reading_changes_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        before = await gate.gate.store.records()
        for target in (
            "/", "/healthz", "/metrics", "/v1/status", "/v1/agents", "/v1/requests", f"/v1/requests/{request.id}",
            f"/v1/calls/{request.call.id}",
        ):  # fmt: skip
            for method in ("GET", "HEAD"):
                status, _, _ = await raw(gate.socket, method, target)
                assert status == 200, target
            status, _, _ = await raw(gate.socket, "POST", target, b"{}", JSON)
            assert status == 405, target
        assert await gate.gate.store.records() == before


async def test_S139_a_body_that_two_readers_could_read_in_two_ways_is_refused(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        target = f"/v1/requests/{request.id}/decision"
        good = json.dumps(await gate.word(request)).encode()
        twice = b'{"decision": "deny", ' + good[1:]
        bomb = gzip.compress(b" " * 50_000_000)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        cases: list[tuple[bytes, dict[str, str], int]] = [
            (twice, JSON, 400),
            (bomb, {**JSON, "Content-Encoding": "gzip"}, 415),
            (good, {"Content-Type": "application/json; charset=utf-7"}, 415),
            (good.decode().encode("utf-16"), JSON, 400),
            (good, form, 415),
            (good, {"Content-Type": "text/plain"}, 415),
            (good, {}, 415),
            (b"\xef\xbb\xbf" + good, JSON, 400),
            (good + b" {}", JSON, 400),
        ]
        for body, headers, expected in cases:
            status, _, answer = await raw(gate.socket, "POST", target, body, headers)
            assert status == expected, answer
        assert await untouched(gate)
        assert (await gate.shown(request))["status"] == "pending"


async def test_S150_bodies_of_the_wrong_shape_are_refused(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        target = f"/v1/requests/{request.id}/decision"
        good = await gate.word(request)
        shapes: list[tuple[dict[str, Any], list[str]]] = [
            ({**good, "force": True}, ["force"]),
            ({**good, "decision": ["approve"]}, ["decision"]),
            ({**good, "approver_id": 7}, ["approver_id"]),
            ({**good, "reason": "x" * 2001}, ["reason"]),
            ({**good, "arguments": []}, ["arguments"]),
        ]
        for shape, fields in shapes:
            status, problem = await gate.send("POST", target, shape)
            assert (status, problem["code"], problem["fields"]) == (400, "bad_request", fields)
        for data, expected in (
            (b"[" * 100_000, 400), (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400), (b"[]", 400), (b"", 400),
            (b'{"reason": "' + b"x" * (1 << 20) + b'"}', 413), (b'{"decision": NaN}', 400),
            (b'{"reason": "\\ud800"}', 400),
        ):  # fmt: skip
            status, _, answer = await raw(gate.socket, "POST", target, data, JSON)
            assert status == expected, answer
        assert await untouched(gate)
        for extension in ({"seconds": 0}, {"seconds": 1.5}, {"seconds": True}, {"seconds": "9"}, {}):
            body = {"approver_id": operator(), **extension}
            status, _ = await gate.send("POST", f"/v1/requests/{request.id}/extend", body)
            assert status == 400


async def test_a_request_is_sent_on_by_hand_once(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        target = f"/v1/requests/{request.id}/escalate"
        body = {"approver_id": operator(), "reason": "not mine to judge"}
        status, shown = await gate.send("POST", target, body)
        assert (status, shown["group"], shown["escalated_from"]) == (200, "escalation", "finance-approvers")
        (event,) = await gate.records("request.escalated")
        assert (event["approver_id"], event["data"]["reason"]) == (operator(), "not mine to judge")
        status, problem = await gate.send("POST", target, body)
        assert (status, problem["code"]) == (409, "already_escalated")


async def test_an_edited_request_shows_what_will_run_and_what_was_asked(tmp_path: Path) -> None:
    async with a_gate(tmp_path, rules=RULES.replace(b"decision: require", b"approvals: 2, decision: require")) as gate:
        request = await gate.hold(needed=2, group="default")
        word = await gate.word(request, "edit")
        status, problem = await gate.post(request, word)
        assert (status, problem["code"]) == (422, "bad_decision")
        status, shown = await gate.post(request, {**word, "arguments": {"order": "O-1", "amount": 7}})
        assert (status, shown["status"]) == (200, "pending")
        assert shown["call"]["arguments"] == {"order": "O-1", "amount": 7}
        assert shown["asked"] == {"arguments": {"order": "O-1", "amount": 120}, "job_hash": request.call.job_hash}
        assert shown["changed"] == ["/amount"]
        assert shown["decisions"][0]["job_hash"] == request.call.job_hash != shown["call"]["job_hash"]


async def test_unknown_parameters_are_refused(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for target in ("/v1/requests?stauts=pending", "/v1/requests?status=open", "/v1/requests?after=a&after=b"):
            status, _ = await gate.send("GET", target)
            assert status == 400, target


async def test_odd_arguments_are_shown_digit_by_digit(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        arguments = {"id": 2**70, "text": "\u202e\u0000 né", "nested": [1.5, None]}
        request = await gate.hold(arguments=arguments)
        _, _, body = await raw(gate.socket, "GET", f"/v1/requests/{request.id}")
        assert b"1180591620717411303424" in body
        assert (await gate.shown(request))["call"]["arguments"] == arguments


# ---- how the gate is


async def test_status_holds_what_the_contract_names(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold()
        _, status = await gate.send("GET", "/v1/status")
        assert status["gate_id"] == "g-1"
        assert status["policy_snapshot"] == gate.gate.loaded.snapshot.id
        assert (status["policy"], status["assurance"]) == ("current", "A0")
        assert status["listen"] == {"review": "{}:{}".format(*gate.address)}
        assert status["queue"]["open"] == 1
        assert status["queue"]["groups"] == {"finance-approvers": 1}
        assert status["gated_share"] == 1.0
        _, health = await gate.send("GET", "/healthz")
        assert health == {"status": "ok", "policy": "current", "upstreams": {}}


async def test_metrics_are_read_at_scrape_time(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for expected in (0, 1):
            _, headers, body = await raw(gate.socket, "GET", "/metrics")
            assert headers["content-type"].startswith("text/plain")
            line = b'mcp_gate_requests_open{group="finance-approvers"} 1.0'
            assert (line in body) == bool(expected)
            await gate.hold()


async def test_agents_are_listed(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        _, agents = await gate.send("GET", "/v1/agents")
        counts = {"successes": 0, "errors": 0, "violations": 0}
        one = {"id": "claude-code", "level": 0, "stopped": False, "counts": counts, "owner": "lee"}
        assert agents == {"agents": [one], "next": None}


# ---- events


async def test_events_are_numbered_and_told_as_they_happen(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        reader, writer = await asyncio.open_unix_connection(str(gate.socket))
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b": connected\n\n"), 5)
        request = await gate.hold()
        seen = await asyncio.wait_for(reader.readuntil(b"}\n\n"), 5)
        assert b"id: 1\nevent: request.opened\n" in seen
        await gate.post(request, await gate.word(request))
        seen = await asyncio.wait_for(reader.readuntil(b"}\n\n"), 5)
        assert b"id: 2\nevent: request.decided\n" in seen
        assert b'"status":"approved"' in seen
        writer.close()


async def test_a_reader_that_comes_back_is_told_to_read_anew(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        reader, writer = await asyncio.open_unix_connection(str(gate.socket))
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 7\r\n\r\n")
        seen = await asyncio.wait_for(reader.readuntil(b"}\n\n"), 5)
        assert b"event: resync" in seen
        writer.close()


async def test_the_gate_ends_though_somebody_listens(tmp_path: Path) -> None:
    async with asyncio.timeout(5):
        async with a_gate(tmp_path) as gate:
            stream = await gate.do(gate.client.events)
        assert not gate.socket.exists()
        await asyncio.to_thread(stream.close)
