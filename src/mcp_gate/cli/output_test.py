"""`mcp-gate output test`."""

from __future__ import annotations

import asyncio
import json
import math
import os
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from mcp_gate.cli.loading import load_or_leave
from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from mcp_gate.gate.leaving.exits import Egress
    from mcp_gate.model.call import Call
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.output.preview import Preview
    from mcp_gate.policy.load import Loaded

RESULTS = {"content": list, "structuredContent": dict, "contents": list, "messages": list}
"""A JSON object with one of these is a whole result."""


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--tool", metavar="NAME", help="The listed name of the tool whose result it would be.")
@click.option("--tag", "tags", multiple=True, metavar="T", help="A further risk tag of its call; may be given again.")
@gate_options
def test(
    file: BinaryIO, tool: str | None, tags: tuple[str, ...], config: str | None, state: str | None, as_json: bool
) -> None:
    """What would be taken out of a result, where and why; and what would leave.

    FILE (- for standard input) is a tool's result as JSON, the data of one, or plain text. Without --tool every rule
    counts, whatever calls it is about. What was found is not repeated.
    """
    _, loaded = load_or_leave(config, as_json=as_json)
    payload = _payload(file.read())
    if tool is None:
        loaded, call = replace(loaded, outgoing=loaded.outgoing.about_all()), _any_call(tags)
    else:
        call = _call(loaded, tool, tags)
    seen, preview = asyncio.run(_look(loaded, payload, call))
    if as_json:
        print(json.dumps(_told(seen, preview, loaded.snapshot.id)))
    else:
        from mcp_gate.cli.output_text import told

        print(told(_told(seen, preview, loaded.snapshot.id)))


async def _look(loaded: Loaded, payload: JsonObject, call: Call) -> tuple[Egress, tuple[Preview, ...]]:
    from mcp_gate.gate.directory import find_cache_directory
    from mcp_gate.gate.egress import egress
    from mcp_gate.output.preview import previewed
    from mcp_gate.scanning.failed import ScanFailed
    from mcp_gate.scanning.scanner import Scanner
    from mcp_gate.scanning.settings import options

    scanner = Scanner(find_cache_directory(os.environ))
    try:
        seen = await egress(loaded, scanner, "tools/call", payload, call=call, tokens=_Tokens())
        if not loaded.outgoing.enabled:
            return seen, ()
        look = partial(scanner.scan, options=options(loaded.outgoing.detection))
        return seen, await previewed(payload, loaded.outgoing.about(call), look)
    except ScanFailed as e:
        leave(Exit.USAGE, f"it cannot be scanned: {e}")
    finally:
        await scanner.close()


class _Tokens:
    """Those of a session that there is not: implements `output.redact.Tokenizer`."""

    def __init__(self) -> None:
        from mcp_gate.output.tokens import Tokens

        self._tokens = Tokens("000000")
        self.issued: set[str] = set()

    def foresee(self, values: Iterable[tuple[str, str]]) -> None:
        """Nothing has to be asked for elsewhere."""

    def of(self, entity: str, text: str) -> str | None:
        token = self._tokens.of(entity, text, math.inf)
        self.issued.add(token or "")
        return token

    def keep(self) -> None:
        """Nobody can bring one back."""


def _told(seen: Egress, preview: tuple[Preview, ...], snapshot: str) -> JsonObject:
    from mcp_gate.gate.leaving.exits import Changed, Passed, Withheld
    from mcp_gate.model.output import OutputDecision
    from mcp_gate.output.record import record

    found = [one.as_json() for one in preview]
    match seen:
        case Passed(payload):
            allowed = record("", OutputDecision.ALLOW, (), snapshot)
            return {**_review(allowed), "found": found, "result": payload}
        case Changed(payload, review):
            return {**_review(review), "found": found, "result": payload}
        case Withheld(why, review):
            return {**_review(review), "why": why, "found": found}


def _review(review: JsonObject) -> JsonObject:
    return {name: value for name, value in review.items() if name != "job_id"}


def _payload(data: bytes) -> JsonObject:
    """What is in the file, as the result of a tool."""
    from mcp_gate.lang import strictjson

    try:
        value: Any = strictjson.parse_upstream(data)
    except strictjson.JsonError:
        return {"content": [{"type": "text", "text": data.decode("utf-8", "replace")}]}
    if isinstance(value, dict) and any(isinstance(value.get(name), kind) for name, kind in RESULTS.items()):
        return value
    return {"content": [], "structuredContent": value if isinstance(value, dict) else {"result": value}}


def _any_call(tags: tuple[str, ...]) -> Call:
    from mcp_gate.model.call import Call

    return Call("", "", "", "", "", "tools/call", "", "", "", tuple(sorted(tags)), {}, {}, "", "")


def _call(loaded: Loaded, tool: str, tags: tuple[str, ...]) -> Call:
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.call import Call, Signals
    from mcp_gate.trial.calls import NoSuchTool, facts_of

    try:
        facts = facts_of(loaded, tool, {}, "default", Signals(), tags)
    except NoSuchTool as e:
        leave(Exit.NOT_SO, f"no tool is called {reveal(tool)}: listed names begin with {e}")
    told = facts.description
    return Call(
        "", "", facts.agent, "", facts.upstream, "tools/call", facts.tool, tool, told.topic,
        tuple(sorted(told.risk_tags)), {}, {}, "", "",
    )  # fmt: skip
