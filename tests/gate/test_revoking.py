"""What a new gate.yaml takes away is recorded, and ends what rested on it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_gate.app import _revoked_meanwhile
from mcp_gate.gate.revoking import revocations, withdrawn
from mcp_gate.policy.load import load
from support.agents import bench, entry
from support.gates import loaded, open_gate, pending
from support.keys import ed25519_key
from support.upstreams import Probe

A, B = ed25519_key(1).public, ed25519_key(2).public
HELD = 'version: v1\nrules:\n  - { id: held, match: { tools: ["*"] }, decision: require_approval }\n'


def reviewers(text: str) -> str:
    return f"reviewers: {{ {text} }}"


def told(before: str, now: str) -> list[tuple[str, str]]:
    events = revocations(loaded(settings=before).settings, loaded(settings=now))
    assert {event.event for event in events} <= {"key.revoked"}
    return [(event.fields["approver_id"], event.data.get("key", event.data["proof"])) for event in events]


def test_every_key_and_token_that_went_is_told_and_nothing_else() -> None:
    token = f'token_sha256: "{"0" * 64}"'
    before = reviewers(f'dana: {{ keys: ["{A}", "{B}"], {token} }}, lee: {{}}')
    assert told(before, before) == []
    assert told("", before) == []
    assert told(before, reviewers(f'dana: {{ keys: ["{B} new comment"], {token} }}')) == [("dana", A.fingerprint)]
    assert told(before, reviewers(f'dana: {{ keys: ["{B}", "{A}"] }}')) == [("dana", "token")]
    assert told(before, reviewers("lee: {}")) == [("dana", A.fingerprint), ("dana", B.fingerprint), ("dana", "token")]
    assert told(before, reviewers(f'lee: {{ keys: ["{A}", "{B}"] }}'))[0] == ("dana", A.fingerprint)


@pytest.mark.anyio
async def test_a_key_that_went_while_no_gate_ran_is_told_at_the_next_start(tmp_path: Path) -> None:
    before = reviewers(f'dana: {{ keys: ["{A}"] }}')
    async with open_gate(tmp_path, settings=before) as gate:
        assert await _revoked_meanwhile(gate.store, gate.loaded) == ()
        (event,) = await _revoked_meanwhile(gate.store, loaded(settings=reviewers("dana: {}")))
        assert event.data["key"] == A.fingerprint


def test_an_agent_is_shown_out_when_its_token_changes_or_it_is_listed_no_more() -> None:
    old = loaded(settings=f'agents: {{ a: {{ token_sha256: "{"0" * 64}" }}, b: {{}}, c: {{}} }}').settings
    new = loaded(settings=f'agents: {{ a: {{ token_sha256: "{"1" * 64}" }}, b: {{ owner: lee }} }}').settings
    assert withdrawn(old, old) == frozenset()
    assert withdrawn(old, new) == {"a", "c"}
    assert withdrawn(old, loaded().settings) == frozenset()


@pytest.mark.anyio
async def test_S167_an_agents_token_that_is_revoked_ends_what_it_waits_for_and_lets_it_in_no_more(
    tmp_path: Path,
) -> None:
    probe = Probe(tmp_path)
    settings = 'agents: {{ bot: {{ token_sha256: "{}" }}, other: {{}} }}'
    was, now = (settings.format(hashlib.sha256(token).hexdigest()) for token in (b"was", b"now"))
    async with (
        bench({"shop": entry(probe)}, HELD, was) as b,
        b.client("bot", token="was") as client,
        b.legacy(agent="other") as other,
    ):
        await client.initialize()
        waits = await client.send("tools/call", {"name": "shop_deploy"})
        stays = await other.send("tools/call", {"name": "shop_deploy"})
        requests = {request.call.agent: request for request in await pending(b.gate, 2)}
        before, files = b.gate.loaded.settings, dict(b.gate.loaded.snapshot.files)
        changed = load({**files, "gate.yaml": f"version: v1\n{now}".encode()})
        b.gate.loaded = replace(b.gate.loaded, settings=changed.settings)
        await b.gate.withdraw(withdrawn(before, changed.settings))

        answer = await client.answer(waits)
        assert answer["result"]["isError"] is True
        assert await client.reader.read() == b"", "the connection is closed"
        assert [one.call.agent for one in await pending(b.gate)] == ["other"]
        (cancelled,) = await b.records("request.cancelled")
        assert (cancelled["request_id"], cancelled["data"]["cause"]) == (requests["bot"].id, "credential_revoked")
        async with b.client("bot", token="was") as again:
            assert "token" in again.hello["error"]["message"]
        assert probe.calls() == []
        await other.notify("notifications/cancelled", {"requestId": stays})
