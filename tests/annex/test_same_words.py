"""What is large comes to the same verdict, bytes and record as what is small, whatever its shape, however hostile."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mcp_gate.annex.annex import Annex
from mcp_gate.gate.egress import egress
from mcp_gate.gate.leaving.exits import Changed, Counts, Egress, Passed, Withheld
from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject, Packed
from mcp_gate.output.tokens import Tokens
from mcp_gate.policy.load import load
from mcp_gate.wire.message import Answer, Failure, Malformed, Message, Notification, Request, read
from support.directories import files
from support.held import a_call
from support.scanning import Here

pytestmark = pytest.mark.anyio

BENCH = Path(__file__).parents[2] / "bench"
SIZE = 40_000
REVIEW = b"""version: v1
output_review:
  rules:
    - { id: pii, entities: [PII, CREDENTIAL], decision: redact, reason: "Private" }
    - { id: token, entities: [EMAIL_ADDRESS], action: tokenize, reason: "Kept" }
"""
WITH_MAIL = {"dense", "inside", "tokens"}
REDACTS = load(files())
TOKENS = load({**files(), "policies/t.yaml": REVIEW})


def shapes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("shapes", BENCH / "shapes.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def open_of(message: Message) -> Any:
    """A message with nothing packed, so that two can be compared."""
    match message:
        case Answer(id, value):
            return "answer", id, strictjson.dumps(value)
        case Failure(id, error):
            return "failure", id, strictjson.dumps(error.as_json())
        case Request(id, method, params):
            return "request", id, method, None if params is None else strictjson.dumps(params)
        case Notification(method, params):
            return "notification", method, None if params is None else strictjson.dumps(params)
        case Malformed(why, error, id, size, digest, answers):
            return "malformed", why, error.as_json(), id, size, digest, answers


PAD = "x" * 20_000
DEEP = {"64": 60, "200": 198, "201": 199, "1,000": 1_000, "100,000": 100_000}
RESULT = f'{{"jsonrpc":"2.0","id":7,"result":{{"a":%s,"pad":"{PAD}"}}}}'
LINES: dict[str, str | bytes] = {
    **{f"{name} levels": RESULT % ("[" * n + "]" * n) for name, n in DEEP.items()},
    **{f"{name} levels that do not end": RESULT % ("[" * n) for name, n in DEEP.items()},
    "a key twice": RESULT % '{"b":1,"b":2}',
    "a key twice, once in disguise": RESULT % '{"b":1,"\\u0062":2}',
    "half a surrogate": RESULT % '["\\ud800","\\udc00\\ud800é"]',
    "half a surrogate in a key": RESULT % '{"\\ud800":"é"}',
    "half a surrogate beside": f'{{"jsonrpc":"2.0","id":7,"result":{{"\\ud800":"é","pad":"{PAD}"}}}}',
    "a number beyond a double": RESULT % "1e400",
    "numbers": RESULT % "[1.0,1e5,-0,-0.0,1E-7,123456789012345678901234567890,0.1,1e16,5e-324]",
    "an integer of 5,000 digits": RESULT % ("9" * 5_000),
    "NaN": RESULT % "NaN",
    "infinity": RESULT % "-Infinity",
    "a mark": b"\xef\xbb\xbf" + (RESULT % "1").encode(),
    "no UTF-8": (RESULT % '"?"').encode().replace(b"?", b"\xff"),
    "a nul": RESULT % '"\\u0000"',
    "a raw control character": RESULT % '"\x01"',
    "spaces": f"  {RESULT % ' [ 1 , 2 ] '}\r",
    "rubbish": "rubbish " * 4_000,
    "rubbish behind": (RESULT % "1") + "x",
    "two": (RESULT % "1") * 2,
    "a list": f"[{RESULT % '1'}]",
    "a text": f'"{PAD}"',
    "null": "null",
    "nothing": "   ",
    "an id that is a text": (RESULT % "1").replace(":7,", ':"7",'),
    "an id that is a fraction": (RESULT % "1").replace(":7,", ":7.0,"),
    "an id that is null": (RESULT % "1").replace(":7,", ":null,"),
    "an id that is true": (RESULT % "1").replace(":7,", ":true,"),
    "an id beyond words": (RESULT % "1").replace(":7,", f":{10**40},"),
    "an id that is not of this world": (RESULT % "1").replace(":7,", ':"\\ud800",'),
    "an id twice": (RESULT % "1").replace(":7,", ':7,"id":8,'),
    "an id inside": f'{{"jsonrpc":"2.0","method":"m","params":{{"jsonrpc":"2.0","id":7,"result":{{}},"pad":"{PAD}"}}}}',
    "no version": (RESULT % "1").replace('"jsonrpc":"2.0",', ""),
    "a result that is a list": f'{{"jsonrpc":"2.0","id":7,"result":["{PAD}"]}}',
    "result and error": f'{{"jsonrpc":"2.0","id":7,"result":{{"p":"{PAD}"}},"error":{{"code":1,"message":"m"}}}}',
    "result and no error": f'{{"jsonrpc":"2.0","id":7,"result":{{"p":"{PAD}"}},"error":null}}',
    "result and method": f'{{"jsonrpc":"2.0","id":7,"method":"m","result":{{"p":"{PAD}"}}}}',
    "error": f'{{"jsonrpc":"2.0","id":7,"error":{{"code":-3,"message":"{PAD}","data":["{PAD}"],"more":"{PAD}"}}}}',
    "an error that says much": f'{{"jsonrpc":"2.0","id":7,"error":{{"code":-3,"message":"{PAD * 60}\\ud800é"}}}}',
    "an error that says nothing": f'{{"jsonrpc":"2.0","id":7,"error":{{"code":"3","message":null,"p":"{PAD}"}}}}',
    "an error that is a text": f'{{"jsonrpc":"2.0","id":7,"error":"{PAD}"}}',
    "a question": f'{{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{{"m":["{PAD}"],"n":null}}}}',
    "a question without any": '{"jsonrpc":"2.0","id":7,"method":"ping"}',
    "a question about a list": f'{{"jsonrpc":"2.0","id":7,"method":"m","params":["{PAD}"]}}',
    "a question without an id": f'{{"jsonrpc":"2.0","id":{{}},"method":"m","params":{{"p":"{PAD}"}}}}',
    "members of any name": f'{{"jsonrpc":"2.0","id":7,"result":{{"":"{PAD}","__proto__":["{PAD}"],"bulk":"{PAD}"}}}}',
    "members that are open": f'{{"jsonrpc":"2.0","id":7,"result":{{"_meta":{{"p":"{PAD}"}},"message":["{PAD}"]}}}}',
    "a text like JSON": json.dumps(
        {"jsonrpc": "2.0", "id": 7, "result": {"a": json.dumps([PAD] * 2), "b": "\n\u2028é"}}
    ),
}


async def test_every_line_is_the_same_message(annex: Annex) -> None:
    for name, line in LINES.items():
        data = line if isinstance(line, bytes) else line.encode()
        here = open_of(read(data, upstream=True, depth=200))
        assert open_of(await annex.opened([data[:9], data[9:]], 200)) == here, name
    assert len(annex.pids) == 1, "none of them ended the process"


class Desk:
    """Gives out tokens in order."""

    def __init__(self) -> None:
        self._tokens = Tokens("abcdef")
        self.issued: set[str] = set()

    def foresee(self, values: Any) -> None: ...

    def of(self, entity: str, text: str) -> str | None:
        token = self._tokens.of(entity, text, 0.0)
        if token is not None:
            self.issued.add(token)
        return token

    def keep(self) -> None: ...


@pytest.mark.parametrize("tokens", [False, True])
async def test_every_shape_comes_to_the_same(annex: Annex, tokens: bool) -> None:
    loaded = TOKENS if tokens else REDACTS
    seen: Counter[type[Egress]] = Counter()
    for name, made in shapes().SHAPES.items():
        if tokens and name not in WITH_MAIL:
            continue
        data = json.dumps({"jsonrpc": "2.0", "id": 7, "result": made(SIZE)}, ensure_ascii=False).encode()
        results = [read(data, upstream=True, depth=200), await annex.opened([data], 200)]
        found = []
        for message in results:
            assert isinstance(message, Answer)
            counts: Counts = Counter()
            desk = Desk() if tokens else None
            out = await egress(
                loaded, Here(), "tools/call", message.result, call=a_call(), counts=counts, tokens=desk, annex=annex
            )
            found.append((said(out), counts, desk and desk.issued))
            seen[type(out)] += 1
        here, there = found
        assert any(type(member) is Packed for member in results[1].result.values()), name
        assert there == here, name
    assert set(seen) == ({Changed} if tokens else {Passed, Changed, Withheld})


def said(out: Egress) -> Any:
    """All of it, as it is sent and recorded."""
    if isinstance(out, Withheld):
        return "withheld", out.why, out.review
    review: JsonObject = out.review if isinstance(out, Changed) else {}
    return type(out).__name__, strictjson.dumps(out.payload), review
