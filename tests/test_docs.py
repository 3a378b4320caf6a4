"""What README.md promises is there, and what is there stands in README.md; nothing of one machine is in the tree."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import tomllib
from importlib.metadata import distributions
from itertools import chain
from pathlib import Path

import click
import pytest

from mcp_gate.cli.main import COMMANDS, cli
from mcp_gate.cli.options import Exit
from mcp_gate.model.config import Hold, Limits
from mcp_gate.model.event import EVENTS
from mcp_gate.model.outcome import Retry, Status
from mcp_gate.policy.load import Loaded, load
from mcp_gate.trial.cases import read_cases
from mcp_gate.trial.judge import judge
from support.directories import sample

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
WITH_A_RESULT = {"redacted"}
"""Statuses that come with a result instead of in its place."""


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", README, re.S | re.M)
    assert found is not None, f"README has no section {title!r}"
    return found[1]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.S | re.M)


def yaml_block(first_key: str) -> bytes:
    (found,) = [block for block in blocks("yaml") if re.search(rf"^{first_key}:", block, re.M)]
    return found.encode()


def named(text: str) -> set[str]:
    """Words set in code."""
    return set(re.findall(r"`([^`]+)`", text))


# ---- commands


def commands_in_readme() -> dict[str, set[str]]:
    """Command to subcommands, as the table has them."""
    found: dict[str, set[str]] = {}
    for cell in re.findall(r"^\| (`.*?) \|", section("Commands"), re.M):
        words = [re.sub(r" ?\[.*?\]", "", word) for word in re.findall(r"`([^`]+)`", cell)]
        first = words[0].split()
        if len(first) == 2:  # `requests list`, `show`, …: subcommands of the first
            found[first[0]] = {first[1], *words[1:]}
        else:
            found.update({word: set() for word in words})
    return found


def commands_there_are() -> dict[str, set[str]]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in COMMANDS}
    return {
        name: set(one.list_commands(context)) if isinstance(one, click.Group) else set() for name, one in found.items()
    }


def test_the_commands_in_the_readme_are_the_commands_there_are() -> None:
    assert commands_in_readme() == commands_there_are()


def test_every_option_in_the_readme_is_one() -> None:
    said = set(re.findall(r"--[a-z][a-z-]+", "".join(blocks("console")) + section("Commands")))
    there = {"--version"}
    context = click.Context(cli)
    pending = [cli.get_command(context, name) for name in COMMANDS]
    while pending:
        command = pending.pop()
        assert command is not None
        there.update(option for param in command.params for option in param.opts)
        if isinstance(command, click.Group):
            pending.extend(command.get_command(context, name) for name in command.list_commands(context))
    assert said <= there


def test_every_exit_code_is_told() -> None:
    found = re.search(r"Exit codes: (.*?)\.", README, re.S)
    assert found is not None
    told = {int(code) for code in re.findall(r"(?:^|\s)(\d+) [a-z]", found[1])}
    assert told == {int(code) for code in Exit}


def test_every_variable_the_product_reads_is_told_and_no_other() -> None:
    read = set()
    for file in (ROOT / "src").rglob("*.py"):
        read.update(re.findall(r"\bMCP_GATE_[A-Z_]+|\bNO_COLOR\b", file.read_text()))
    assert set(re.findall(r"MCP_GATE_[A-Z_]+|NO_COLOR", README)) == read | {"NO_COLOR"}


def test_every_status_an_agent_may_be_told_is_explained() -> None:
    text = section("What an agent gets instead of a result")
    told = {re.match(r"\| `(\w+)`", line)[1] for line in text.splitlines() if line.startswith("| `")}  # type: ignore[index]
    assert told == {status.value for status in Status} - WITH_A_RESULT
    assert {retry.value for retry in Retry} <= named(text)


# ---- keys


def keys_of(schema: object) -> set[str]:
    """Every key that a file may hold, at whatever depth."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema))
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties")
    return set(own if isinstance(own, dict) else ()).union(*map(keys_of, schema.values()))


@pytest.mark.parametrize(
    ("file", "kind"), [("upstreams.yaml", "upstreams"), ("policies/", "policy"), ("gate.yaml", "gate")]
)
def test_every_key_that_a_file_may_hold_is_told_and_no_other(file: str, kind: str) -> None:
    found = re.search(rf"^\| `{re.escape(file)}` \|.*?\n\n", section("Every key"), re.S | re.M)
    assert found is not None
    code = named(found[0]) - {file, "*", "?", "_actions", "default"}
    told = {key for word in code for key in re.findall(r"[a-z]\w*", word)}
    assert told == keys_of(json.loads((ROOT / "schemas" / f"{kind}.json").read_text()))


def test_every_event_is_told_and_no_other() -> None:
    found = re.search(r"^Events, .*?\n\n", section("The record"), re.S | re.M)
    assert found is not None
    shared, _, security = found[0].partition("`security.` with")
    written = "".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    assert named(shared) - {"audit export", "webhooks:"} == EVENTS
    assert {f"security.{name}" for name in named(security)} == set(re.findall(r"security\.[a-z_]+", written))


# ---- files


def test_the_readme_s_gate_directory_loads_as_it_stands() -> None:
    settings = yaml_block("listen").replace("…".encode(), b"0" * 64)
    found = load({
        "upstreams.yaml": yaml_block("upstreams"), "policies/refunds.yaml": yaml_block("rules"), "gate.yaml": settings,
        "policies/tiers.yaml": yaml_block("risk_tiers"), "policies/queue.yaml": yaml_block("approval_queue_policy"),
        "policies/output.yaml": yaml_block("output_review"),
        "policies/customer-refund.yaml": yaml_block("steps"),
    })  # fmt: skip
    assert found.warnings == ()
    assert same_limits(found)
    assert not judge(found, read_cases({"policy-tests/refunds.yaml": yaml_block("cases")})).failed
    assert len(blocks("yaml")) == 8, "a block that nobody checks"


def same_limits(found: Loaded) -> bool:
    """The README's limits are the defaults, and all of them."""
    text = yaml_block("listen").decode()
    keys = {field.name for kind in (Limits, Hold) for field in dataclasses.fields(kind)}
    assert {key for key in keys if f" {key}: " not in text} == set()
    return found.settings.limits == Limits() and found.settings.hold == Hold()


def test_the_client_s_configuration_in_the_readme_is_json() -> None:
    (found,) = map(json.loads, blocks("json"))
    assert found["mcpServers"]["gate"]["args"][0] == "connect"


def test_the_sample_directory_loads_and_warns_only_of_what_is_not_yet_in_force() -> None:
    found = load(sample())
    assert [str(warning) for warning in found.warnings if "not yet in force" not in warning.message] == []
    assert list(found.upstreams) == ["shop", "deploy"]


def test_every_link_in_the_documents_leads_to_a_file() -> None:
    for document in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "bench/README.md"):
        file = ROOT / document
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text()):
            assert "://" in target or (file.parent / target).exists(), f"{document}: {target}"


def test_every_link_within_the_readme_leads_to_a_section() -> None:
    titles = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", README, flags=re.S | re.M), re.M)
    places = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= places


def test_every_room_and_module_that_the_architecture_names_is_there() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    source = ROOT / "src" / "mcp_gate"
    for name in named(text):
        path = name.partition(":")[0]
        if re.fullmatch(r"[a-z_/]+(\.py|/)", path):
            assert (source / path).exists(), name


def test_the_architecture_has_every_room_from_the_top_layer_down() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    rooms = (ROOT / "ARCHITECTURE.md").read_text().partition("| room |")[2].partition("\n\n")[0]
    places = [min(rooms.index(f"`{room}") for room in re.findall(r"mcp_gate\.(\w+)", layer)) for layer in layers]
    assert places == sorted(places)


# ---- one machine


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: nothing tells which files are ours")
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_holds_a_path_of_a_machine_or_the_address_of_a_registry() -> None:
    machine = re.compile(
        r"/(?:root|work|home/[a-z]\w*|Users/\w+)/\w|file:///(?:root|work|home)|index[-_]url|extra[-_]index|"
        r"https?://[^\s\"']*(?:/simple\b|artifactory|nexus)|registry\s*=\s*[\"']?http"
    )
    found = []
    for file in tracked():
        if file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if machine.search(line) or str(ROOT) in line:
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_every_installed_distribution_is_pinned_at_its_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = dict(line.split("==") for line in project["tool"]["uv"]["constraint-dependencies"])
    ours = {"mcp-gate", "pip", "uv", "setuptools", "wheel"}
    there = {re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower(): found.version for found in distributions()}
    assert {name: version for name, version in there.items() if name not in ours and pinned.get(name) != version} == {}


def test_every_direct_dependency_has_its_reason_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    direct, optional = (
        {re.split(r"[<>=\[]", line)[0] for line in lines}
        for lines in (project["dependencies"], chain(*project["optional-dependencies"].values()))
    )
    text = section("Developing")
    told = {name.strip() for row in re.findall(r"^\| ([a-z0-9, -]+) \|", text, re.M) for name in row.split(",")}
    assert direct <= told - {"dependency", ""} <= direct | optional
