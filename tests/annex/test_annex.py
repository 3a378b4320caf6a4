"""Processes that read and look at what is large: the same words as the gate's own, and no word means withheld."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.annex import annex as module
from mcp_gate.annex.annex import Annex
from mcp_gate.annex.process import AnnexWorker
from mcp_gate.gate.egress import egress
from mcp_gate.gate.leaving.exits import Changed, Counts, Passed, Withheld
from mcp_gate.gate.terms import Terms
from mcp_gate.lang import strictjson
from mcp_gate.model.constraints import NONE
from mcp_gate.model.foreign import JsonObject, Packed, is_packed
from mcp_gate.output.redact import Tokenizer
from mcp_gate.policy.load import load
from mcp_gate.scanning.failed import Failure, ScanFailed
from mcp_gate.wire.message import Answer, Malformed, Notification
from support.directories import files
from support.held import a_call
from support.scanning import Here, an_annex

pytestmark = pytest.mark.anyio

LOADED = load(files())
MAIL = "ada.lovelace@analytical.org"
ROWS = [{"id": n, "mail": MAIL if n == 700 else None, "note": "all is well"} for n in range(1_000)]
RESULT = {"content": [{"type": "text", "text": json.dumps({"rows": ROWS})}], "structuredContent": {"rows": ROWS}}
TERMS = Terms.of(LOADED, None, NONE, None)


def line(message: object) -> list[bytes]:
    data = json.dumps({"jsonrpc": "2.0", **message} if isinstance(message, dict) else message).encode()
    return [data[at : at + 4_000] for at in range(0, len(data), 4_000)]


async def opened(annex: Annex, result: JsonObject) -> JsonObject:
    message = await annex.opened(line({"id": 7, "result": result}), 200)
    assert isinstance(message, Answer)
    assert message.id == 7
    return message.result


async def test_a_result_comes_back_with_its_bulk_packed_and_nothing_lost(annex: Annex) -> None:
    result = await opened(annex, {**RESULT, "isError": False, "_meta": {"a": "x" * 20_000}})
    assert [type(member) is Packed for member in result.values()] == [True, True, False, False]
    assert strictjson.unpacked(result) == {**RESULT, "isError": False, "_meta": {"a": "x" * 20_000}}


async def test_other_messages_come_back_as_what_they_are(annex: Annex) -> None:
    said = await annex.opened(line({"method": "notifications/message", "params": {"data": "x" * 20_000}}), 200)
    assert isinstance(said, Notification)
    assert is_packed(said.params or {})
    twice = [b'{"jsonrpc":"2.0","id":3,"result":{"a":1,"a":2}}']
    broken = await annex.opened(twice, 200)
    assert isinstance(broken, Malformed)
    assert (broken.id, broken.answers) == (3, True)
    deep = await annex.opened([b'{"jsonrpc":"2.0","id":3,"result":{"a":[[[1]]]}}'], 3)
    assert isinstance(deep, Malformed)
    beside = await annex.opened(line({"id": 4, "result": {f"k{n}": "x" * 200 for n in range(6_000)}}), 200)
    assert isinstance(beside, Malformed)
    assert (beside.id, beside.answers) == (4, True)
    asks = {"id": 5, "method": "sampling/createMessage", "params": {"_meta": {"a": "x" * 1_100_000}}}
    question = await annex.opened(line(asks), 200)
    assert isinstance(question, Malformed)
    assert not question.answers, "its id is the upstream's, and may be that of a request of ours"


async def test_what_is_packed_is_decided_on_as_what_is_open(annex: Annex) -> None:
    payload = await opened(annex, {**RESULT, "_meta": {"dev.mcp-gate/verdict": {"decision": "allow"}}})
    apart: Counts = Counter()
    here: Counts = Counter()
    call = a_call()
    seen = await egress(LOADED, Here(), "tools/call", payload, call=call, counts=apart, annex=annex)
    same = await egress(LOADED, Here(), "tools/call", RESULT, call=call, counts=here)
    assert isinstance(seen, Changed)
    assert isinstance(same, Changed)
    assert strictjson.unpacked(seen.payload) == {**same.payload, "_meta": {}}
    assert (seen.review, apart) == (same.review, here)


async def test_what_is_clean_leaves_as_it_came(annex: Annex) -> None:
    payload = await opened(annex, {"content": [{"type": "text", "text": "all is well\n" * 5_000}]})
    seen = await egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex)
    assert isinstance(seen, Passed)
    assert seen.payload is payload


async def test_what_cannot_be_looked_into_is_withheld_with_the_same_words(annex: Annex) -> None:
    payload = await opened(annex, {"content": [{"type": "image", "data": "iVBO" * 5_000, "mimeType": "image/png"}]})
    seen = await egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex)
    assert isinstance(seen, Withheld)
    assert seen.why == "it holds what cannot be scanned"
    assert seen.review["redaction_details"][0]["field"] == "content[0].data"


class Desk:
    """Gives out tokens, two values at most."""

    def __init__(self) -> None:
        self.issued: set[str] = set()
        self.given: dict[str, str] = {}
        self.kept = False

    def foresee(self, values: Iterable[tuple[str, str]]) -> None:
        raise AssertionError("not here")

    def of(self, entity: str, text: str) -> str | None:
        if text not in self.given and len(self.given) == 2:
            return None
        return self.given.setdefault(text, f"<{entity}_{len(self.given) + 1}_abcdef>")

    def keep(self) -> None:
        self.kept = True


async def test_tokens_are_given_out_by_the_gate(annex: Annex) -> None:
    rule = '  rules: [{ id: t, entities: [EMAIL_ADDRESS], action: tokenize, reason: "Kept" }]\n'
    loaded = load({**files(), "policies/t.yaml": f"version: v1\noutput_review:\n{rule}".encode()})
    rows = [{"mail": f"{name}@analytical.org", "note": "x" * 20_000} for name in ("ada", "bob", "ada", "cleo")]
    payload = await opened(annex, {"content": [], "structuredContent": {"rows": rows}})
    desk: Tokenizer = Desk()
    seen = await egress(loaded, Here(), "tools/call", payload, call=a_call(), tokens=desk, annex=annex)
    assert isinstance(seen, Changed)
    mails = [row["mail"] for row in strictjson.unpacked(seen.payload)["structuredContent"]["rows"]]
    assert mails[:3] == ["<EMAIL_ADDRESS_1_abcdef>", "<EMAIL_ADDRESS_2_abcdef>", "<EMAIL_ADDRESS_1_abcdef>"]
    assert mails[3] == "[REDACTED:EMAIL_ADDRESS#1]"
    assert isinstance(desk, Desk)
    assert desk.kept


async def test_a_process_that_is_killed_at_its_work_means_withheld_and_the_next_one_works() -> None:
    async with an_annex() as annex:
        payload = await opened(annex, RESULT)
        looking = asyncio.create_task(egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex))
        await asyncio.sleep(0)
        (pid,) = annex.pids
        os.kill(pid, signal.SIGKILL)
        seen = await looking
        assert isinstance(seen, Withheld)
        assert seen.why == "the process that scanned it ended"
        assert await opened(annex, RESULT)
        assert pid not in annex.pids


async def test_time_that_runs_out_means_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    async with an_annex() as annex:
        payload = await opened(annex, RESULT)
        monkeypatch.setattr(module, "LOOK_SEC", 0.001)
        seen = await egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex)
        assert isinstance(seen, Withheld)
        assert seen.why == "scanning it took too long"
        assert not annex.pids


async def test_what_is_idle_ends_and_nothing_begins_after_the_end() -> None:
    async with an_annex(idle_sec=0.0) as annex:
        await opened(annex, RESULT)
        while annex.pids:
            await asyncio.sleep(0.005)
    with pytest.raises(ScanFailed) as caught:
        await annex.opened(line({"id": 1, "result": {}}), 200)
    assert caught.value.failure is Failure.CLOSED


async def test_what_is_at_work_when_idle_ones_end_goes_on() -> None:
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    async with an_annex(idle_sec=0.01) as annex:
        payload = await opened(annex, RESULT)
        seen = await egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex)
    assert isinstance(seen, Changed)
    assert faults == []


async def test_what_is_packed_does_not_leave_where_nobody_opens_it() -> None:
    payload = {"content": Packed([b'[{"type":"text","text":"ssn 536-22-1234"}]'])}
    seen = await egress(LOADED, Here(), "tools/call", payload, call=a_call())
    assert isinstance(seen, Withheld)


async def test_what_nobody_waits_for_any_more_is_not_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    do = AnnexWorker.do

    def noted(self: AnnexWorker, job: Any, *more: Any) -> Any:
        begun.append(job[0])
        return do(self, job, *more)

    monkeypatch.setattr(AnnexWorker, "do", noted)
    async with an_annex() as annex:
        payload = await opened(annex, RESULT)
        looks = (egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex) for _ in range(9))
        waiting = [asyncio.create_task(look) for look in looks]
        await asyncio.sleep(0.01)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        await opened(annex, RESULT)
    assert begun == ["open", "review", "open"]


@pytest.mark.skipif(sys.platform != "linux", reason="no other system bounds another process's memory")
async def test_memory_that_runs_out_means_withheld() -> None:
    async with an_annex() as annex:
        payload = await opened(annex, {"content": [], "structuredContent": {"n": list(range(300_000))}})
        (pid,) = annex.pids
        used = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (used + 10_000_000, used + 10_000_000))
        seen = await egress(LOADED, Here(), "tools/call", payload, call=a_call(), annex=annex)
        assert isinstance(seen, Withheld)
