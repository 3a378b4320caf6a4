"""Large lines of an upstream: read elsewhere, in an order that nobody can tell from the usual one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from mcp_gate.model.foreign import Packed
from mcp_gate.wire import opener as module
from mcp_gate.wire.lines import LineSplitter
from mcp_gate.wire.message import Malformed, Message, read
from mcp_gate.wire.opener import result_of
from mcp_gate.wire.peer import Lost, Peer

pytestmark = pytest.mark.anyio

PAD = "x" * 100
VERSION, RESULT = '"jsonrpc":"2.0"', f'"result":{{"text":"{PAD}"}}'


class Elsewhere:
    """Reads when it is told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.fails = False
        self.lines: list[bytes] = []
        self.left = 0

    async def opened(self, line: Sequence[bytes], depth: int, who: object) -> Message:
        self.lines.append(b"".join(line))
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        if self.fails:
            raise OSError
        return read(self.lines[-1], upstream=True, depth=depth)


class Ears:
    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.malformed: list[Malformed] = []
        self.closed = False

    def on_request(self, peer: Peer, id: int | str, method: str, params: dict[str, Any] | None) -> None:
        self.heard.append(method)

    def on_notification(self, peer: Peer, method: str, params: dict[str, Any] | None) -> None:
        self.heard.append(method)

    def on_malformed(self, peer: Peer, what: Malformed) -> None:
        self.malformed.append(what)

    def on_closed(self, peer: Peer) -> None:
        self.closed = True


class Out(asyncio.WriteTransport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...


class Side:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: int = 10_000, quick: int = 100) -> None:
        monkeypatch.setattr("mcp_gate.wire.peer.LARGE", 100)
        for name in ("LARGE", "QUICK"):
            monkeypatch.setattr(module, name, 100)
        monkeypatch.setattr("mcp_gate.wire.peer.QUICK", quick)
        self.ears, self.elsewhere, self.out = Ears(), Elsewhere(), Out()
        self.peer = Peer(self.ears, limit=limit, upstream=True, opener=self.elsewhere)
        self.peer.connect(self.out)

    def ask(self) -> asyncio.Future[dict[str, Any]]:
        return self.peer.send_request("tools/call", {}).future

    def say(self, text: str) -> None:
        for at in range(0, len(text), 30):
            self.peer.feed(text[at : at + 30].encode())
        self.peer.feed(b"\n")

    async def read(self) -> None:
        self.elsewhere.go.set()
        for _ in range(10):
            await asyncio.sleep(0)


def answer(id: int, way: str = "{v},{i},{r}") -> str:
    return "{" + way.format(v=VERSION, i=f'"id":{id}', r=RESULT) + "}"


def notice(name: str, pad: str = "") -> str:
    return f'{{"jsonrpc":"2.0","method":"notifications/{name}","params":{{"pad":"{pad}"}}}}'


@pytest.mark.parametrize(
    "way", ["{v},{i},{r}", "{i},{v},{r}", "{r},{v},{i}", "{v},{r},{i}", "{v}, {r}, {i}", "{i},{r},{v}", "{r},{i},{v}"]
)
async def test_what_comes_behind_a_large_answer_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    side = Side(monkeypatch)
    first, second = side.ask(), side.ask()
    side.say(answer(1, way))
    side.say('{"jsonrpc":"2.0","id":2,"result":{}}')
    side.say(notice("small"))
    await asyncio.sleep(0)
    assert second.done()
    assert side.ears.heard == ["notifications/small"]
    assert not first.done()
    await side.read()
    assert first.result() == {"text": PAD}


async def test_what_comes_behind_anything_else_that_is_large_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    asked = side.ask()
    side.say(notice("large", PAD))
    side.say(notice("small"))
    side.say(answer(1))
    await asyncio.sleep(0)
    assert side.ears.heard == []
    await side.read()
    assert side.ears.heard == ["notifications/large", "notifications/small"]
    assert (await asked) == {"text": PAD}
    side.say(notice("later"))
    assert side.ears.heard[-1] == "notifications/later"


async def test_what_is_less_large_is_read_here_if_it_is_written_in_the_usual_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side = Side(monkeypatch, quick=50)
    one, other = side.ask(), side.ask()
    side.say('{"jsonrpc":"2.0","id":1,"result":{"text":"all is well"}}')
    side.say('{"jsonrpc": "2.0", "id": 2, "result": {"text": "well"}}')
    assert one.done()
    assert not other.done()
    await side.read()
    assert (await other) == {"text": "well"}


async def test_an_answer_that_was_all_here_survives_the_end_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    first, second = side.ask(), side.ask()
    side.say(answer(1))
    side.peer.close("the other side went away")
    with pytest.raises(Lost):
        await second
    await side.read()
    assert (await first) == {"text": PAD}


async def test_so_does_one_behind_a_large_line_that_is_still_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    first, second, third = side.ask(), side.ask(), side.ask()
    side.say(notice("large", PAD))
    side.say('{"jsonrpc":"2.0","id":1,"result":{}}')
    side.say(answer(2))
    side.peer.close("the other side went away")
    with pytest.raises(Lost):
        await third
    await side.read()
    assert (await first, await second, side.ears.heard) == ({}, {"text": PAD}, [])


async def test_what_cannot_be_read_fails_the_call_it_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    side.elsewhere.fails = True
    asked = side.ask()
    side.say(answer(1))
    await side.read()
    with pytest.raises(Lost):
        await asked
    assert len(side.ears.malformed) == 1


async def test_a_large_line_that_only_begins_as_an_answer_fails_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    asked = side.ask()
    side.say(f'{{"jsonrpc":"2.0","id":1,"result":{{"text":"{PAD}"}},"method":"notifications/x"}}')
    await side.read()
    with pytest.raises(Lost):
        await asked


async def test_a_large_answer_to_nothing_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    side.say(answer(7))
    await side.read()
    assert side.elsewhere.lines == []


async def test_an_answer_that_nobody_waits_for_any_more_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    side.ask()
    side.say(answer(1))
    await asyncio.sleep(0)
    side.peer.forget(1)
    side.say(answer(1))
    await asyncio.sleep(0)
    assert (side.elsewhere.left, len(side.elsewhere.lines)) == (1, 1)


async def test_more_than_can_be_kept_behind_a_line_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch, limit=300)
    side.say(notice("large", PAD))
    for _ in range(8):
        side.say(notice("more", PAD))
    assert side.peer.closed
    await side.read()
    assert side.ears.heard == []


async def test_what_is_packed_leaves_in_pieces_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch)
    side.peer.answer(1, {})
    side.peer.answer(2, {})
    side.peer.answer(3, {"content": Packed([b"[1", b",2]"])})
    side.peer.answer(4, {})
    await asyncio.sleep(0)
    lines = side.out.written.splitlines()
    assert lines[2].endswith(b'"result":{"content":[1,2]}}')
    assert [b'"id":%d' % n in line for n, line in enumerate(lines, start=1)] == [True] * 4


def test_results_that_the_gate_reads_itself_are_opened() -> None:
    packed = {"tools": Packed([b"[1]"])}
    assert result_of("tools/list", packed) == {"tools": [1]}
    assert result_of("tools/call", packed) is packed


def test_a_large_line_is_not_put_together() -> None:
    lines: list[bytes] = []
    large: list[list[bytes]] = []
    splitter = LineSplitter(100, lines.append, lambda: None, 5, large.append)
    for piece in (b"abc", b"def", b"\n12345\n", b"1234567\nx"):
        splitter.feed(piece)
    assert large == [[b"abc", b"def", b""], [b"1234567"]]
    assert lines == [b"12345"]


async def test_many_short_lines_behind_a_large_one_count_for_what_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    side = Side(monkeypatch, limit=10_000)
    side.say(notice("large", PAD))
    side.peer.feed(b"x\n" * 200)
    assert side.peer.closed


async def test_what_waited_behind_a_large_line_leaves_others_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN", 1_000)
    side = Side(monkeypatch, limit=100_000)
    side.say(notice("large", PAD * 10))
    monkeypatch.setattr(module, "QUICK", 400)
    for n in range(100):
        side.say(notice(f"n{n}"))
    asked = side.ask()
    side.say('{"jsonrpc":"2.0","id":1,"result":{}}')
    await side.read()
    assert 1 < len(side.ears.heard) < 101
    assert (await asked) == {}
    assert side.ears.heard[1:] == [f"notifications/n{n}" for n in range(100)]
