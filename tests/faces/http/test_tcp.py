"""The review API over TCP: under its own names, for reviewers with their token, and for nobody else."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_gate.faces.http.attempts import MOST
from support.reviewed import GROUPS, TOKENS, a_gate, raw

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS.get(name, name)}"}


async def test_over_tcp_only_the_page_is_shown_without_a_token(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold()
        for target in ("/healthz", "/metrics", "/v1/requests", "/v1/status", "/v1/events", "/v1/nothing"):
            status, headers, body = await raw(gate.address, "GET", target)
            assert (status, json.loads(body)["code"]) == (401, "unauthorized"), target
            assert headers["www-authenticate"] == "Bearer"
        status, headers, body = await raw(gate.address, "GET", "/")
        assert status == 200
        assert "default-src 'none'" in headers["content-security-policy"]
        assert b"R-1" not in body
        assert b"script" not in body


async def test_agents_credentials_are_refused_everywhere_and_recorded(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        for where in (gate.address, gate.socket):
            status, _, body = await raw(where, "GET", "/v1/requests", b"", bearer("claude-code"))
            assert (status, json.loads(body)["code"]) == (403, "agent_credential")
        status, _, _ = await raw(gate.address, "GET", "/v1/requests", b"", bearer("guess"))
        assert status == 401
        await gate.gate.settle(5)
        assert len(await gate.records("security.agent_credential")) == 2


async def test_whatever_is_wrong_with_a_token_the_answer_is_the_same(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        answers = set()
        for shown in ("Bearer guess", "Bearer ", "Basic ZGFuYTpkYW5h", "Bearer dana-toke", "Bearer dana-token2", "x"):
            status, headers, body = await raw(gate.address, "GET", "/v1/status", b"", {"Authorization": shown})
            answers.add((status, headers["www-authenticate"], body))
        answers.add((401, "Bearer", (await raw(gate.address, "GET", "/v1/status"))[2]))
        assert len(answers) == 1
        await gate.gate.settle(5)
        assert len(await gate.records("security.auth_failed")) == 3


async def test_after_many_wrong_tokens_new_ones_are_not_looked_at_and_known_ones_go_on(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        assert (await raw(gate.address, "GET", "/v1/status", b"", bearer("dana")))[0] == 200
        seen = [(await raw(gate.address, "GET", "/v1/status", b"", bearer(f"guess-{n}")))[0] for n in range(MOST + 2)]
        assert seen == [401] * MOST + [429] * 2
        status, headers, body = await raw(gate.address, "GET", "/v1/status", b"", bearer("sam"))
        assert (status, json.loads(body)["code"]) == (429, "too_many_attempts")
        assert 0 < int(headers["retry-after"]) <= 301
        assert (await raw(gate.address, "GET", "/v1/status", b"", bearer("dana")))[0] == 200
        await gate.gate.settle(5)
        assert len(await gate.records("security.auth_failed")) == MOST


async def test_a_proxys_name_for_the_gate_is_its_own_too(tmp_path: Path) -> None:
    named = GROUPS.replace(b'"127.0.0.1:0" }', b'"127.0.0.1:0", review_url: "https://gate.example.org" }')
    async with a_gate(tmp_path, settings=named) as gate:
        own = "{}:{}".format(*gate.address)
        for host, origin, expected in (
            ("gate.example.org", "https://gate.example.org", 200),
            (own, "https://gate.example.org", 200),
            ("gate.example.org", "http://gate.example.org", 403),
            ("gate.example.org:8443", "https://gate.example.org", 421),
        ):
            headers = {**bearer("dana"), "Host": host, "Origin": origin}
            status, _, _ = await raw(gate.address, "GET", "/v1/status", b"", headers)
            assert status == expected, (host, origin)


async def test_S140_another_pages_post_decides_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        target = f"/v1/requests/{request.id}/decision"
        word = json.dumps(await gate.word(request, by="dana")).encode()
        own = "http://{}:{}".format(*gate.address)
        for headers, expected in (
            ({"Content-Type": "application/json", "Origin": "https://evil.example"}, 403),
            ({"Content-Type": "text/plain", "Origin": "https://evil.example"}, 403),
            ({"Content-Type": "text/plain"}, 415),
            ({"Content-Type": "application/x-www-form-urlencoded", "Origin": own}, 415),
            ({"Content-Type": "multipart/form-data; boundary=x", "Origin": own}, 415),
        ):
            status, answered, _ = await raw(gate.address, "POST", target, word, {**bearer("dana"), **headers})
            assert status == expected, headers
            assert not any(name.startswith("access-control") for name in answered)
        assert not await gate.records("request.decided")
        assert (await gate.shown(request))["status"] == "pending"


async def test_S141_a_name_that_is_not_the_gates_is_not_served(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        host, port = gate.address
        word = json.dumps(await gate.word(request, by="dana")).encode()
        decide = f"/v1/requests/{request.id}/decision"
        for name in ("attacker.test", f"attacker.test:{port}", f"{host}.:{port}", f"dana@{host}:{port}", host,
                     f"{host}:{port}@attacker.test", f"{host}:{port + 1}", f"0.0.0.0:{port}", ""):  # fmt: skip
            for method, target, body in (("GET", "/v1/requests", b""), ("POST", decide, word), ("GET", "/", b"")):
                headers = {**JSON, **bearer("dana"), "Host": name}
                status, _, answer = await raw(gate.address, method, target, body, headers)
                assert status in (400, 421), name
                assert request.id.encode() not in answer
        own = f"http://{host}:{port}"
        for target in (f"{own}/v1/requests", "http://attacker.test/v1/requests", "*"):
            status, _, _ = await raw(gate.address, "GET", target, b"", bearer("dana"))
            assert status == 421, target
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /v1/requests HTTP/1.0\r\nAuthorization: Bearer dana-token\r\n\r\n")
        assert b" 421 " in await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        assert not await gate.records("request.decided")


async def test_S133_nothing_but_a_post_changes_anything_over_tcp_either(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        before = await gate.gate.store.records()
        for action in ("decision", "claim", "release-claim", "extend"):
            for method in ("GET", "HEAD", "OPTIONS"):
                target = f"/v1/requests/{request.id}/{action}?decision=approve"
                status, _, _ = await raw(gate.address, method, target, b"", bearer("dana"))
                assert status == 405
        assert await gate.gate.store.records() == before


async def test_only_the_gates_own_names_and_pages_are_answered(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        port = gate.address[1]
        for headers, expected in (
            ({"Host": "evil.example"}, 421),
            ({"Host": f"evil.example:{port}"}, 421),
            ({"Host": f"localhost:{port}"}, 200),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": f"http://127.0.0.1:{port}"}, 200),
        ):
            status, answered, _ = await raw(gate.address, "GET", "/v1/status", b"", {**bearer("dana"), **headers})
            assert status == expected, headers
            assert "access-control-allow-origin" not in answered
        status, _, _ = await raw(gate.socket, "GET", "/v1/status", b"", {"Origin": "http://localhost"})
        assert status == 403


async def test_a_token_proves_who_decides(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        target = f"/v1/requests/{request.id}/decision"
        others = json.dumps(await gate.word(request, by="ana")).encode()
        status, _, body = await raw(gate.address, "POST", target, others, {**JSON, **bearer("dana")})
        assert (status, json.loads(body)["fields"]) == (422, ["approver_id"])
        own = json.dumps(await gate.word(request, by="dana")).encode()
        status, _, body = await raw(gate.address, "POST", target, own, {**JSON, **bearer("dana")})
        assert status == 200
        assert json.loads(body)["decisions"][0]["assurance"] == "token"


async def test_S143_a_reviewer_sees_and_decides_only_what_is_his_groups(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(arguments={"secret": "4711-geheim"})
        own = await gate.hold(group="ops-approvers")
        status, _, body = await raw(gate.address, "GET", "/v1/requests", b"", bearer("sam"))
        assert [shown["id"] for shown in json.loads(body)["requests"]] == [own.id]
        word = json.dumps(await gate.word(request, by="sam")).encode()
        claim = json.dumps({"approver_id": "sam"}).encode()
        reads = [
            await raw(gate.address, "GET", f"/v1/requests/{request.id}", b"", bearer("sam")),
            await raw(gate.address, "GET", f"/v1/calls/{request.call.id}", b"", bearer("sam")),
        ]
        for status, _, body in reads:
            assert (status, json.loads(body)["code"]) == (404, "not_found")
        assert (await raw(gate.address, "GET", f"/v1/calls/{own.call.id}", b"", bearer("sam")))[0] == 200
        answers = [
            await raw(gate.address, "POST", f"/v1/requests/{request.id}/decision", word, {**JSON, **bearer("sam")}),
            await raw(gate.address, "POST", f"/v1/requests/{request.id}/claim", claim, {**JSON, **bearer("sam")}),
        ]
        for status, _, body in answers:
            assert (status, json.loads(body)["code"]) == (403, "not_in_group")
            assert b"geheim" not in body
        assert (await gate.shown(request))["status"] == "pending"
        refusals = await gate.records("request.refused")
        assert [record["data"]["code"] for record in refusals] == ["not_in_group", "not_in_group"]


async def test_stopping_is_for_the_local_user(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        status, _, _ = await raw(gate.address, "POST", "/v1/stop", b"{}", {**JSON, **bearer("dana")})
        assert status == 403
        assert not gate.gate.stopped.is_set()
        status, _ = await gate.send("POST", "/v1/stop", {})
        assert status == 202
        assert gate.gate.stopped.is_set()


async def test_a_reviewer_hears_only_of_his_groups(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        reader, writer = await asyncio.open_connection(*gate.address)
        host = "{}:{}".format(*gate.address)
        writer.write(f"GET /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sam-token\r\n\r\n".encode())
        await asyncio.wait_for(reader.readuntil(b": connected\n\n"), 5)
        await gate.hold()
        own = await gate.hold(group="ops-approvers")
        seen = await asyncio.wait_for(reader.readuntil(b"}\n\n"), 5)
        assert b"id: 1\n" in seen
        assert f'"request_id":"{own.id}"'.encode() in seen
        writer.close()


async def test_who_would_not_be_let_in_now_hears_nothing_more(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        reader, writer = await asyncio.open_connection(*gate.address)
        host = "{}:{}".format(*gate.address)
        writer.write(f"GET /v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sam-token\r\n\r\n".encode())
        await asyncio.wait_for(reader.readuntil(b": connected\n\n"), 5)
        settings = gate.gate.loaded.settings
        assert settings.reviewers is not None
        others = {**settings.reviewers, "sam": replace(settings.reviewers["sam"], token_sha256="0" * 64)}
        gate.gate.loaded = replace(gate.gate.loaded, settings=replace(settings, reviewers=others))
        await gate.hold(group="ops-approvers")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n0\r\n\r\n"), 5) == b"\r\n0\r\n\r\n"
        writer.close()


async def test_S143_a_reviewer_of_another_group_erases_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        word = json.dumps({"approver_id": "sam", "reason": "not mine to see"}).encode()
        target = f"/v1/calls/{request.call.id}/erase"
        status, _, _ = await raw(gate.address, "POST", target, word, {**JSON, **bearer("sam")})
        assert status == 404
        assert not await gate.records("security.erased")
