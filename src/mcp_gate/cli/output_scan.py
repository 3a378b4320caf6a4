"""`mcp-gate output scan`."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from mcp_gate.cli.options import Exit, gate_options, leave


@click.command()
@gate_options
@click.option("--jsonl", is_flag=True, help='Lines {"id", "text"} on standard input; the one form there is.')
@click.option("--no-ner", is_flag=True, help="Rules alone, also where the extra `ner` is installed.")
def scan(config: str | None, state: str | None, as_json: bool, jsonl: bool, no_ner: bool) -> None:
    """Personal data and credentials in lines of text.

    Writes {"id", "spans": [{"start", "end", "entity", "score"}], "ms"} for each; offsets are characters of the text
    as given. The values are not repeated. A line that cannot be read ends the command, after those before it.
    """
    from mcp_gate.detect.finding import Leaf
    from mcp_gate.detect.options import Options
    from mcp_gate.gate.directory import find_cache_directory
    from mcp_gate.lang.collector import quieten
    from mcp_gate.scanning.load import load

    if not jsonl:
        raise click.UsageError('add --jsonl, and give lines {"id", "text"} on standard input')
    options = Options(ner=not no_ner)
    look = load(find_cache_directory(os.environ), options)  # not counted for the first line
    quieten()
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        id_, text = _read(number, line)
        began = time.perf_counter()
        scanned = look([Leaf(text)], options)
        took = (time.perf_counter() - began) * 1000
        spans = [
            {"start": one.start, "end": one.end, "entity": one.entity, "score": round(one.score, 2)}
            for one in scanned.findings[0]
        ]
        print(json.dumps({"id": id_, "spans": spans, "ms": round(took, 3)}), flush=True)


def _read(number: int, line: bytes) -> tuple[str | int, str]:
    """The id and the text of a line; leaves the command where there are none."""
    try:
        item = json.loads(line)
    except ValueError as error:
        leave(Exit.USAGE, f"line {number} is not JSON: {error}")
    if not (isinstance(item, dict) and isinstance(item.get("text"), str) and isinstance(item.get("id"), str | int)):
        leave(Exit.USAGE, f'line {number} is not an object with "id" and "text"')
    return item["id"], item["text"]
