"""`mcp-gate upstreams`: what stands behind the gate, and accepting a definition that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mcp_gate.cli.lazy import PlainGroup
from mcp_gate.cli.options import Exit, gate_options, group_options, leave
from mcp_gate.cli.talk import gate_of, print_json, to_show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.faces.client import ReviewClient
    from mcp_gate.model.foreign import JsonObject

WORDS = {
    "pinned": "pinned",
    "changed": "CHANGED since it was accepted; withheld",
    "new": "NEW and not mapped; withheld",
    "name": "withheld: its name cannot be listed",
    "collision": "withheld: another tool has its name",
    "shape": "withheld: not a tool as the protocol has it",
    "program": "withheld: the program behind it CHANGED",
    "reference": "withheld: its schema refers to another document",
}
"""What a pin state means."""


@click.group(cls=PlainGroup)
@group_options
def upstreams() -> None:
    """Upstreams, their tools and pins."""


@upstreams.command(name="list")
@gate_options
def list_(config: str | None, state: str | None, as_json: bool) -> None:
    """Every upstream, and how it is."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = gate.get("/v1/upstreams")["upstreams"]
    if not to_show(found, "No upstreams; name them in upstreams.yaml.", as_json=as_json):
        return
    from mcp_gate.cli.columns import table

    print(table(("UPSTREAM", "STATE", "TOOLS", "STARTS", "PROTOCOL", "WHY"), [_upstream_row(one) for one in found]))


@upstreams.command()
@click.argument("name", required=False)
@gate_options
def tools(name: str | None, config: str | None, state: str | None, as_json: bool) -> None:
    """Tools with listed name, topic, tags and pin state; of all upstreams, or of NAME."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = list(_tools(gate, name))
    if not to_show(found, "No tools are known.", as_json=as_json):
        return
    from mcp_gate.cli.columns import table

    print(table(("TOOL", "TOPIC", "TAGS", "PIN"), [_tool_row(tool) for tool in found]))


@upstreams.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Accept without asking.")
@gate_options
def pin(name: str, yes: bool, config: str | None, state: str | None, as_json: bool) -> None:
    """Accept what changed in upstream NAME, after showing the difference.

    That is the definitions of its tools and prompts, new ones too, and its program if that is pinned. NAME may be the
    listed name of one tool or prompt.
    """
    from mcp_gate.faces.client import Problem

    with gate_of(config, state, as_json=as_json) as gate:
        pinned, wanted = _program(gate, name), _withheld(gate, name)
        program = pinned if pinned["pin"] == "changed" else None
        if program is None and not wanted and not as_json:
            leave(Exit.DONE, f"Nothing is withheld for its definition.{_compared(pinned)}")
        if program is not None:
            _show_program(name, program)
        for tool in wanted:
            _show_difference(tool)
        count = len(wanted) + (program is not None)
        if count and not yes and not _agreed(_what(len(wanted), program)):
            leave(Exit.NOT_SO, "Nothing was accepted.")
        posted: dict[str, JsonObject] = {}
        for tool in wanted:
            of_upstream = posted.setdefault(tool["upstream"], {})
            of_upstream.setdefault(f"{tool.get('kind', 'tool')}s", {})[tool["name"]] = tool["tool_hash"]
        if program is not None:
            posted.setdefault(name, {})["program"] = program["digest"]
        accepted: list[str] = []
        for upstream, digests in sorted(posted.items()):
            try:
                accepted += gate.post(f"/v1/upstreams/{upstream}/pin", digests)["pinned"]
            except Problem as problem:
                if problem.code != "tool_changed":
                    raise
                leave(Exit.REFUSED, f"{problem.detail}; look again.")
    if as_json:
        print_json({"pinned": accepted})
    else:
        print(f"Accepted {_what(len(wanted), program)}.")


def _tools(gate: ReviewClient, name: str | None) -> Iterator[JsonObject]:
    names = [name] if name is not None else [one["id"] for one in gate.get("/v1/upstreams")["upstreams"]]
    for upstream in names:
        yield from gate.get(f"/v1/upstreams/{_quoted(upstream)}/tools")["tools"]


def _withheld(gate: ReviewClient, name: str) -> list[JsonObject]:
    """What may be accepted of an upstream, or the one tool with this listed name."""
    known = [one["id"] for one in gate.get("/v1/upstreams")["upstreams"]]
    found = list(_tools(gate, name if name in known else None))
    if name not in known:
        found = [tool for tool in found if tool["listed_name"] == name]
        if not found:
            leave(Exit.NOT_SO, "There is no such upstream, and no such tool or prompt.")
    return [tool for tool in found if tool["pin"] in ("changed", "new")]


def _program(gate: ReviewClient, name: str) -> JsonObject:
    """What is known of an upstream's program; of one that is not pinned nothing."""
    nothing: JsonObject = {"pin": "", "files": []}
    found = (one.get("program", nothing) for one in gate.get("/v1/upstreams")["upstreams"] if one["id"] == name)
    return next(found, nothing)


def _compared(program: JsonObject) -> str:
    """Which files are compared at every start, so that one that is missing is seen."""
    from mcp_gate.lang.reveal import reveal

    files = ", ".join(reveal(file["file"]) for file in program["files"])
    return f"\nIts program is pinned: {files}." if files else ""


def _what(definitions: int, program: JsonObject | None) -> str:
    """`the program and 2 definitions`"""
    parts = ["the program"] if program is not None else []
    if definitions or program is None:
        parts.append(f"{definitions} definition{'s' if definitions != 1 else ''}")
    return " and ".join(parts)


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="")


def _show_program(upstream: str, program: JsonObject) -> None:
    """The files that differ, with both digests; for people."""
    from mcp_gate.lang.reveal import reveal

    click.echo(f"\n{upstream}: its program CHANGED since it was accepted; it is not started", err=True)
    for file in program["files"]:
        click.echo(f"  {reveal(file['file'])}", err=True)
        click.echo(f"    accepted  {file.get('pinned', 'no part of it')}", err=True)
        click.echo(f"    now       {file.get('found', 'no part of it')}", err=True)


def _show_difference(tool: JsonObject) -> None:
    """A unified difference of the two definitions, every character of theirs revealed; for people."""
    import difflib

    from mcp_gate.lang.reveal import reveal, reveal_json

    before = reveal_json(tool["pinned_definition"]).splitlines() if "pinned_definition" in tool else []
    after = reveal_json(tool["definition"]).splitlines()
    kind = "" if "kind" not in tool else f" ({tool['kind']})"
    click.echo(f"\n{reveal(tool['listed_name'])}{kind}: {WORDS[tool['pin']]}", err=True)
    for line in difflib.unified_diff(before, after, "accepted", "listed now", lineterm="", n=2):
        click.echo(f"  {line}", err=True)


def _agreed(what: str) -> bool:
    """Ask the person at the terminal; without one the difference was shown and the command itself is the word."""
    import sys

    if not sys.stdin.isatty():
        return True
    return click.confirm(f"Accept {what}?", default=False, err=True)


def _upstream_row(one: JsonObject) -> tuple[str, ...]:
    from mcp_gate.lang.reveal import reveal

    counts = one["tools"]
    withheld = f" (+{counts['withheld']} withheld)" if counts["withheld"] else ""
    return (
        reveal(one["id"]),
        one["state"],
        f"{counts['listed']}{withheld}",
        str(one["restarts"] + 1),
        reveal(one.get("version", "")),
        reveal("; ".join(part for part in (one.get("error", ""), _no_sandbox(one)) if part)),
    )


def _no_sandbox(one: JsonObject) -> str:
    """That it runs without the sandbox it should have; "" where it does not."""
    found = one.get("sandbox", "enforced")
    return "" if found == "enforced" else f"its sandbox is {found}"


def _tool_row(tool: JsonObject) -> tuple[str, ...]:
    from mcp_gate.lang.reveal import reveal

    tags = ", ".join(tool["risk_tags"])
    return reveal(tool["listed_name"]), reveal(tool["topic"]), reveal(tags), WORDS.get(tool["pin"], reveal(tool["pin"]))
