"""Old records are taken out by two people, and the chain knows of it."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_gate.evidence import chain
from mcp_gate.evidence.merkle import Tree
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.mistakes import mark, proposed
from mcp_gate.gate.purging import NoSuchPurge
from mcp_gate.gate.reviewers import Bearer, Identity, Session
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.judged import Refused
from mcp_gate.store import purge
from mcp_gate.store.archive import Archive
from mcp_gate.store.database import Unavailable
from mcp_gate.store.tokens import Kept
from support.chains import verify
from support.forging import write
from support.gates import RULES, Hands, Upstream, decide, job, loaded, names, open_gate, pending, perform

pytestmark = pytest.mark.anyio

DAY = 86_400.0


def person(name: str) -> str:
    return f'  {name}: {{ groups: [], token_sha256: "{hashlib.sha256(name.encode()).hexdigest()}" }}'


PEOPLE = "\n".join(["hold: { wait_sec: 0.01 }", "reviewers:", person("dana"), person("ana")])


async def old_and_new(gate: Gate, hands: Hands) -> str:
    """Ten calls, forty days, three more; the time between them."""
    for n in range(10):
        await perform(gate, job("get", {"n": n, "note": "OLD-WORDS"}), Upstream())
    await gate.settle(5)
    hands.pass_(40 * DAY)
    between = rfc3339(hands.wall - 35 * DAY)
    for n in range(3):
        await perform(gate, job("get", {"n": n, "note": "NEW-WORDS"}), Upstream())
    return between


async def ask(gate: Gate, before: str, by: str = "dana", identity: Identity | None = None) -> Any:
    return await gate.purging.ask(before, by, "Kept for a year", identity or Bearer(by))


def blank(state: Path, where: str) -> None:
    """Take records out as somebody does who can write the file."""
    write(state, "drop trigger audit_never_updated")
    write(
        state,
        "update audit set event = 'purged', call_id = null, request_id = null, "
        f"body = json_object('data', json_object(), 'event', 'purged', 'seq', seq, 'ts', ts) where {where}",
    )


def verified(state: Path) -> chain.Verification:
    with Archive(state / "gate.db") as archive:
        return archive.verify()


async def test_S225_two_people_take_old_records_out_and_what_is_left_still_verifies(tmp_path: Path) -> None:
    hands, before = Hands(), Tree()
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        between = await old_and_new(gate, hands)
        for hash in await gate.store.hashes(0, 10_000):
            before.add(bytes.fromhex(hash))
        asked = await ask(gate, between)
        assert asked["records"] >= 40
        assert "purged" not in await names(gate)
        same = await gate.purging.confirm(asked["purge"], "dana", Bearer("dana"))
        assert isinstance(same, Refused)
        assert same.code == "second_person_needed"
        done = await gate.purging.confirm(asked["purge"], "ana", Bearer("ana"))
        assert done == {"purge": asked["purge"], "records": asked["records"], "scrubbed": True}
        assert isinstance(await gate.purging.confirm(asked["purge"], "ana", Bearer("ana")), NoSuchPurge)
        records = await gate.store.records(limit=10_000)
        assert isinstance(verify(records), chain.Intact)
        [told] = [record for record in records if record["event"] == "security.purged"]
        assert (told["data"]["asked_by"], told["approver_id"]) == ("dana", "ana")
        assert told["data"]["through"] == asked["through"]
        after = Tree()
        for hash in (await gate.store.hashes(0, 10_000))[: before.size]:
            after.add(bytes.fromhex(hash))
        assert after.root() == before.root()  # a checkpoint from before still verifies
        await perform(gate, job("get", {"n": 1}), Upstream())
    assert all(b"OLD-WORDS" not in path.read_bytes() for path in tmp_path.iterdir())
    assert any(b"NEW-WORDS" in path.read_bytes() for path in tmp_path.iterdir())
    with Archive(tmp_path / "gate.db") as archive:
        assert isinstance(archive.verify(), chain.Intact)
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        assert await gate.purging.ask(between, "dana", "again", Bearer("dana")) == Refused(
            "nothing_to_purge", 409, "there is nothing older than that, or an earlier call is not over yet"
        )


async def test_S225_records_that_are_gone_without_a_word_are_a_broken_chain(tmp_path: Path) -> None:
    async with open_gate(tmp_path) as gate:
        for n in range(3):
            await perform(gate, job("get", {"n": n}), Upstream())
    blank(tmp_path, "seq between 3 and 5")
    found = verified(tmp_path)
    assert isinstance(found, chain.Broken)
    assert (found.seq, found.what) == (3, "was taken out, and no later record tells of it")
    with pytest.raises(Unavailable, match="gone without a word"):
        async with open_gate(tmp_path):
            pass


async def test_S225_what_is_taken_out_besides_a_purge_is_a_broken_chain(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        await gate.store.note(Event("security.break_glass", {"policy_snapshot": gate.loaded.snapshot.id}, {}))
        between = await old_and_new(gate, hands)
        asked = await ask(gate, between)
        await gate.purging.confirm(asked["purge"], "ana", Bearer("ana"))
    assert isinstance(verified(tmp_path), chain.Intact)
    blank(tmp_path, "event = 'security.break_glass'")
    assert isinstance(verified(tmp_path), chain.Broken)


async def test_S225_a_purge_that_was_cut_off_leaves_a_chain_that_verifies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = Hands()
    monkeypatch.setattr(purge, "BATCH", 7)
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        between = await old_and_new(gate, hands)
        asked = await ask(gate, between)
        halted = asyncio.Event()
        write = gate.store.retention._db.write

        async def until_the_first_batch(body: Any) -> Any:
            found = await write(body)
            if body.func is purge.batch:
                halted.set()
                await asyncio.Event().wait()
            return found

        monkeypatch.setattr(gate.store.retention, "_db", SimpleNamespace(write=until_the_first_batch))
        done = asyncio.create_task(gate.purging.confirm(asked["purge"], "ana", Bearer("ana")))
        await halted.wait()
        assert "purged" in await names(gate)
        assert isinstance(verify(await gate.store.records(limit=10_000)), chain.Intact)
        done.cancel()
        await asyncio.gather(done, return_exceptions=True)
    assert isinstance(verified(tmp_path), chain.Intact)
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        again = await ask(gate, between)
        assert 0 < again["records"] < asked["records"]
        await gate.purging.confirm(again["purge"], "ana", Bearer("ana"))
    assert isinstance(verified(tmp_path), chain.Intact)


async def test_a_decision_goes_with_its_record_though_a_later_one_still_speaks_of_its_call(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        await perform(gate, job("refund", {"n": 0}), Upstream())
        (request,) = await pending(gate)
        await decide(gate, request, "deny", "no")
        hands.pass_(40 * DAY)
        await gate.store.note(Event("security.revealed", {"call_id": request.call.id, "request_id": request.id}, {}))
        asked = await ask(gate, rfc3339(hands.wall - 35 * DAY))
        await gate.purging.confirm(asked["purge"], "ana", Bearer("ana"))
        assert "request.decided" not in await names(gate)
    with Archive(tmp_path / "gate.db") as archive:
        assert list(archive.attested().doubts()) == []


async def test_S225_who_asked_must_still_be_a_reviewer_and_nothing_is_told_of_twice(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        between = await old_and_new(gate, hands)
        asked = await ask(gate, between)
        before = gate.loaded
        gate.loaded = loaded(settings=PEOPLE.replace("dana:", "eve:"))
        refused = await gate.purging.confirm(asked["purge"], "ana", Bearer("ana"))
        assert isinstance(refused, Refused)
        assert refused.code == "policy_changed"
        gate.loaded = before
        twice = await ask(gate, between)
        await gate.purging.confirm(asked["purge"], "ana", Bearer("ana"))
        assert isinstance(await gate.purging.confirm(twice["purge"], "ana", Bearer("ana")), NoSuchPurge)


async def test_S225_one_person_cannot_pass_for_two(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        between = await old_and_new(gate, hands)
        for by, identity, code in (
            ("dana", Session(), "assurance_too_low"), ("nobody", Session(), "unknown_reviewer"),
        ):  # fmt: skip
            refused = await ask(gate, between, by, identity)
            assert isinstance(refused, Refused)
            assert refused.code == code


async def test_what_is_young_or_not_over_stays(tmp_path: Path) -> None:
    hands = Hands()
    async with open_gate(tmp_path, settings=PEOPLE, hands=hands) as gate:
        await perform(gate, job("refund", {"n": 0}), Upstream())
        await pending(gate)
        between = await old_and_new(gate, hands)
        refused = await ask(gate, rfc3339(hands.wall - 30 * DAY))
        assert isinstance(refused, Refused)
        assert refused.code == "too_recent"
        refused = await ask(gate, between)
        assert isinstance(refused, Refused)
        assert refused.code == "nothing_to_purge"


async def test_S225_what_a_reviewer_marked_goes_with_the_record_of_its_call_and_tokens_when_they_are_good_no_more(
    tmp_path: Path,
) -> None:
    hands = Hands()
    rules = RULES + "output_review: { rules: [ { id: q, entities: [PII], decision: quarantine } ] }\n"
    async with open_gate(tmp_path, rules, PEOPLE, hands) as gate:
        await perform(gate, job("get"), Upstream({"content": [{"type": "text", "text": "ada@analytical.org"}]}))
        (request,) = await pending(gate)
        assert isinstance(await mark(gate, request.id, [1], "dana", Bearer("dana")), list)
        await decide(gate, request, "drop")
        await gate.store.tokens.keep("default", "s-1", [Kept("<A_1_a>", "A", b"x", rfc3339(hands.wall + DAY))], "")
        between = await old_and_new(gate, hands)
        hands.pass_(40 * DAY)
        await perform(gate, job("get", {"n": 99}), Upstream())
        await gate.settle(5)
        assert len(await proposed(gate)) == 1
        asked = await ask(gate, between)
        await gate.purging.confirm(asked["purge"], "ana", Bearer("ana"))
        assert await proposed(gate) == []
        assert await gate.store.tokens.of("default", "s-1", "") == []
