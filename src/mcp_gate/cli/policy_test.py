"""`mcp-gate policy test`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from mcp_gate.cli.loading import load_or_leave, report
from mcp_gate.cli.options import Exit, gate_options, leave
from mcp_gate.gate.directory import MOST_BYTES, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.trial.judge import Judged, Report

FOLDER: Final = "policy-tests"
"""Where cases stand in a gate directory. Not below `policies/`: a case is not part of the policy's snapshot."""


@click.command()
@click.argument("file", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all-rules", is_flag=True, help="Also end with 1 where a rule decided none of the cases.")
@gate_options
def test(config: str | None, state: str | None, as_json: bool, file: tuple[Path, ...], all_rules: bool) -> None:
    """Decide the cases of FILEs (else of policy-tests/ in the gate directory); exits 0 only if all are as expected."""
    from mcp_gate.model.config import ConfigError
    from mcp_gate.trial.cases import read_cases
    from mcp_gate.trial.judge import judge

    directory, loaded = load_or_leave(config, as_json=as_json)
    try:
        cases = read_cases(dict(_files(file, directory)))
        found = judge(loaded, cases)
    except ConfigError as error:
        report(error, as_json=as_json)
    print(json.dumps(_as_json(found)) if as_json else _readable(found))
    if found.failed or (all_rules and found.undecided):
        leave(Exit.NOT_SO)


def _files(chosen: tuple[Path, ...], directory: Path) -> Iterator[tuple[str, bytes]]:
    """Names as the person knows them, and contents; with nothing to read the command ends."""
    from mcp_gate.lang.reveal import reveal

    paths = [path for one in chosen for path in (_below(one) if one.is_dir() else [one])]
    if not chosen:
        paths = _below(directory / FOLDER)
    if not paths:
        leave(Exit.USAGE, f"there are no cases: write {FOLDER}/NAME.yaml in {reveal(str(directory))}, or name a file")
    for path in paths:
        name = str(path if chosen else path.relative_to(directory))
        try:
            with path.open("rb") as file:
                yield name, file.read(MOST_BYTES + 1)
        except OSError as e:
            leave(Exit.USAGE, f"{reveal(name)}: the file cannot be read: {e.strerror}")


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def _as_json(found: Report) -> JsonObject:
    return {
        "passed": len(found.judged) - len(found.failed),
        "failed": len(found.failed),
        "cases": [_case_json(one) for one in found.judged],
        "rules": {"decided": list(found.decided), "undecided": list(found.undecided)},
    }


def _case_json(one: Judged) -> JsonObject:
    verdict = one.verdict
    return {
        "name": one.case.name,
        "where": str(one.case.place),
        "passed": not one.wrong,
        "wrong": list(one.wrong),
        "decision": verdict.decision.word,
        "rule_id": verdict.rule_id,
        "rule_ids": list(verdict.rule_ids),
        "tier": verdict.tier.word,
        "route": verdict.group,
    }


def _readable(found: Report) -> str:
    lines = [_failure(one) for one in found.failed]
    cases, reached = len(found.judged), len(found.decided)
    rules = reached + len(found.undecided)
    lines.append(f"{cases - len(found.failed)} of {cases} cases as expected; {reached} of {rules} rules decided one")
    if found.undecided:
        lines.append(f"without a case: {', '.join(found.undecided)}")
    return "\n".join(lines)


def _failure(one: Judged) -> str:
    """`FILE:LINE:COLUMN: name: what was expected, and what came`."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.verdict import rules_told

    expected, verdict = one.case.expected, one.verdict
    wanted = [expected.decision.word] if expected.decision is not None else []
    wanted += [f"by {expected.rule}"] if expected.rule is not None else []
    wanted += [f"in tier {expected.tier.word}"] if expected.tier is not None else []
    wanted += [f"to {expected.route}"] if expected.route is not None else []
    came = f"{verdict.decision.word} by {', '.join(rules_told(verdict.as_json()))}"
    came += f" in tier {verdict.tier.word}" if "tier" in one.wrong else ""
    came += f" to {verdict.group}" if "route" in one.wrong else ""
    return f"{one.case.place}: {reveal(one.case.name)}: expected {' '.join(wanted)}; got {came}"
