"""`mcp-gate policy diff`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.columns import counted
from mcp_gate.cli.examples import as_json, progress, told
from mcp_gate.cli.loading import load_or_leave, report
from mcp_gate.cli.options import Exit, gate_options, leave
from mcp_gate.lang.reveal import reveal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.policy.load import Loaded
    from mcp_gate.policy.proof.findings import Change
    from mcp_gate.trial.remapped import Remapped

ALONE = b"version: v1\nupstreams: { none: { command: none } }\n"
"""What a policies folder stands beside, for want of another upstreams.yaml."""


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
    help="The longest for each question (else no limit).",
)  # fmt: skip
@gate_options
def diff(
    config: str | None, state: str | None, as_json: bool, old: Path, new: Path, timeout: float | None
) -> None:  # fmt: skip
    """For which calls NEW is weaker than OLD, and for which it is stricter, with a call for each.

    OLD and NEW are gate directories or policies folders. Compared are decisions and, where they are the same,
    constraints, approvals and assurance; not times, routes and tiers. Ends with 1 where NEW is weaker. Without the
    extra `prove` calls are searched for and nothing is proved.
    """
    from mcp_gate.policy.proof.patterns import Explodes
    from mcp_gate.trial.remapped import remapped

    before, after = (_load(side, as_json=as_json) for side in (old, new))
    try:
        changes, proved = _changes(before, after, timeout)
    except Explodes as e:
        leave(Exit.USAGE, str(e))
    tools = list(remapped(before, after))
    if as_json:
        print(json.dumps(_json(before, after, changes, tools, proved)))
    else:
        print("\n".join(_lines(before, after, changes, tools, proved)))
    if any(one.weaker for one in changes) or any(tool.weaker for tool in tools):
        leave(Exit.NOT_SO)


def _load(side: Path, *, as_json: bool) -> Loaded:
    """A gate directory, or a policies folder."""
    from mcp_gate.gate.directory import read_policies
    from mcp_gate.model.config import UPSTREAMS, ConfigError
    from mcp_gate.policy.load import load

    if not side.is_dir():
        leave(Exit.USAGE, f"there is no folder {reveal(str(side))}; name a gate directory or a policies folder")
    if (side / UPSTREAMS).exists():
        return load_or_leave(str(side), as_json=as_json)[1]
    try:
        documents = read_policies(side.resolve())
        if not documents:
            leave(Exit.USAGE, f"{reveal(str(side))} holds neither upstreams.yaml nor policy documents")
        return load({UPSTREAMS: ALONE, **documents})
    except ConfigError as error:
        report(error, as_json=as_json)


def _changes(before: Loaded, after: Loaded, timeout: float | None) -> tuple[tuple[Change, ...], bool]:
    """All of them, or without z3 those that a search finds; and which of the two."""
    from mcp_gate.policy.proof.difference import difference
    from mcp_gate.policy.proof.search import changes
    from mcp_gate.policy.proof.solver import NoSolver

    try:
        with progress() as tell:
            return difference(before.policy, after.policy, seconds=timeout, progress=tell), True
    except NoSolver as e:
        print(f"warning: this is a search, not a proof: {e}", file=sys.stderr)
        return changes(before.policy, after.policy), False


def _lines(
    before: Loaded, after: Loaded, changes: tuple[Change, ...], tools: list[Remapped], proved: bool
) -> Iterator[str]:
    levels = bool(before.policy.levels or after.policy.levels)
    for one in changes:
        yield from _change(one, levels)
    for tool in tools:
        at = f" at level {tool.level}" if levels else ""
        words = f"{reveal(tool.listed)} otherwise: {tool.before.decision.word} -> {tool.after.decision.word}{at}"
        yield f"{'WEAKER' if tool.weaker else 'changed'}: upstreams.yaml maps {words}"
    weaker = sum(one.weaker for one in changes) + sum(tool.weaker for tool in tools)
    stricter = sum(not one.weaker for one in changes)
    how = "" if proved else " that was found"
    ways = f"NEW is weaker in {counted(weaker, 'way')} and stricter in {counted(stricter, 'way')}"
    words = ways if changes or tools else "no change"
    yield words + how


def _change(one: Change, levels: bool) -> Iterator[str]:
    from mcp_gate.policy.proof.findings import Result

    sure = {Result.POSSIBLE: "perhaps ", Result.UNDECIDED: "not decided in time: "}.get(one.result, "")
    at = f" at level{'s' if len(one.levels) > 1 else ''} {', '.join(map(str, one.levels))}" if levels else ""
    yield f"{sure}{'WEAKER' if one.weaker else 'stricter'}: {one.what}{at}"
    if one.facts is not None and one.before is not None and one.after is not None:
        yield f"    {told(one.facts, level=levels)}"
        yield f"    OLD {one.before.decision.word} by {', '.join(one.before.rule_ids)}"
        yield f"    NEW {one.after.decision.word} by {', '.join(one.after.rule_ids)}"


def _json(
    before: Loaded, after: Loaded, changes: tuple[Change, ...], tools: list[Remapped], proved: bool
) -> JsonObject:
    return {
        "old": before.snapshot.id,
        "new": after.snapshot.id,
        "proved": proved,
        "changes": [_change_json(one) for one in changes],
        "remapped": [
            {
                "listed_name": tool.listed, "weaker": tool.weaker, "level": tool.level,
                "old": tool.before.decision.word, "new": tool.after.decision.word,
            }
            for tool in tools
        ],
    }  # fmt: skip


def _change_json(one: Change) -> JsonObject:
    from mcp_gate.policy.proof.findings import Example

    out: JsonObject = {"what": one.what, "weaker": one.weaker, "result": one.result.value, "levels": list(one.levels)}
    if one.facts is not None and one.before is not None and one.after is not None:
        example = as_json(Example(one.facts, one.after), None)
        out |= {"example": example | {"old": one.before.as_json(), "new": one.after.as_json()}}
    return out
