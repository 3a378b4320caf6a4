"""The command line as a whole: what is wrong is said at once, help costs little, and nothing heavy is loaded for it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

from mcp_gate.__main__ import main
from mcp_gate.cli.main import COMMANDS, cli
from support.running import Place, place, serving

HEAVY = ("mcp", "pydantic", "textual", "httpx2", "starlette", "uvicorn", "prometheus_client")
PROGRAM = [sys.executable, "-m", "mcp_gate"]
BROKEN = """\
version: v1
rules:
  - { id: one, match: { risk_tag: [read] }, decision: allow }
  - { id: one, match: {}, decision: alow }
"""


@pytest.fixture
def broken() -> Iterator[Place]:
    with place({"shop": {"command": "true", "tols": {}}}, BROKEN) as found:
        yield found


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *command], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False,
        env={**os.environ, **env},
    )  # fmt: skip


def paths() -> list[tuple[str, ...]]:
    """Every command and subcommand."""
    found: list[tuple[str, ...]] = [()]
    context = click.Context(cli)
    for name in COMMANDS:
        found.append((name,))
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, below) for below in command.commands]
    return found


# ---- configuration


@pytest.mark.parametrize("command", [("serve",), ("policy", "check"), ("policy", "explain", "shop_get")])
def test_every_error_of_the_files_is_printed_and_nothing_is_served(broken: Place, command: tuple[str, ...]) -> None:
    done = broken.run(*command)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) >= 4
    assert all(
        line.startswith(("upstreams.yaml:1:", "policies/rules.yaml:3:", "policies/rules.yaml:4:")) for line in lines
    )
    assert "did you mean 'risk_tags'?" in done.stderr
    assert "did you mean 'tools'?" in done.stderr
    assert not (broken.state / "agent.sock").exists()
    assert not (broken.state / "gate.db").exists()


@pytest.mark.parametrize("command", [("serve",), ("policy", "check")])
def test_with_json_the_errors_are_an_object_as_well(broken: Place, command: tuple[str, ...]) -> None:
    done = broken.run(*command, "--json")
    assert done.returncode == 2
    errors = json.loads(done.stdout)["errors"]
    assert len(errors) == len(done.stderr.splitlines())
    assert all(set(error) == {"file", "line", "column", "message", "hint"} for error in errors)


def test_a_directory_that_is_none_is_named(tmp_path: Path) -> None:
    for command in (("serve",), ("connect",), ("status",), ("policy", "check"), ("requests", "list")):
        done = run(*command, "--config", str(tmp_path / "nowhere"))
        assert done.returncode == 2, command
        assert "there is no gate directory" in done.stderr
        assert "Traceback" not in done.stderr


def test_with_json_it_is_told_on_standard_output_too_whatever_the_command(tmp_path: Path) -> None:
    for command in (("status",), ("audit", "verify"), ("reviewers", "list"), ("stop",)):
        done = run(*command, "--json", "--config", str(tmp_path / "nowhere"))
        (error,) = json.loads(done.stdout)["errors"]
        assert error["message"] == "there is no gate directory"
    assert run("connect", "--json", "--config", str(tmp_path / "nowhere")).stdout == ""


def test_what_ends_a_command_is_a_code_and_a_sentence_with_json() -> None:
    with place({"shop": {"command": "true"}}) as where:
        done = where.run("status", "--json")
        assert done.returncode == 3
        assert json.loads(done.stdout)["code"] == "unreachable"
        assert json.loads(done.stdout)["detail"] + "\n" == done.stderr
        done = where.run("requests", "deny", "R-1", "--json")
        assert (done.returncode, json.loads(done.stdout)["code"]) == (2, "usage")


def test_the_three_options_may_stand_before_a_command_as_well() -> None:
    with place({"shop": {"command": "true"}}) as where:
        for line in (
            [*where.arguments, "--json", "policy", "check"],
            ["policy", *where.arguments, "--json", "check"],
            ["--config", "nowhere", "policy", "check", *where.arguments, "--json"],
        ):
            done = run(*line)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["upstreams"] == ["shop"]


def test_a_state_path_too_long_for_a_socket_is_an_error_that_says_so(tmp_path: Path) -> None:
    with place({"shop": {"command": "true"}}) as where:
        deep = tmp_path / ("d" * 100)
        for command in ("serve", "connect"):
            done = run(command, "--config", str(where.config), "--state", str(deep))
            assert done.returncode == 2
            assert "too long for a socket" in done.stderr


def test_commands_that_need_a_gate_end_with_3_where_none_runs(tmp_path: Path) -> None:
    with place({"shop": {"command": "true"}}) as where:
        for command in (("status",), ("requests", "list"), ("upstreams", "list"), ("stop",)):
            done = where.run(*command)
            assert done.returncode == 3, command
            assert "no gate runs" in done.stderr
            assert done.stdout == ""


def test_ctrl_c_before_anything_is_loaded_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(ModuleType):
        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "mcp_gate.cli.main", Interrupted("mcp_gate.cli.main"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def test_a_locale_without_the_letters_breaks_no_command() -> None:
    done = run("policy", "schema", "--help", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    with place({"shop": {"command": "true"}}, "version: v1\nrulés: []\n") as where:
        done = run("policy", "check", "--config", str(where.config), PYTHONIOENCODING="ascii")
        assert done.returncode == 2
        assert "unknown key 'rulés'" in done.stderr


@pytest.mark.parametrize(
    ("where", "code", "told"),
    [
        (">&-", 0, ""),
        (">&- 2>&-", 0, ""),
        (">/dev/full", 3, "standard output cannot be written: No space left on device\n"),
    ],
)
def test_a_standard_output_that_takes_nothing_is_told_at_most(where: str, code: int, told: str) -> None:
    line = f"{shlex.join(PROGRAM)} policy schema {where}"
    done = subprocess.run(["sh", "-c", line], stderr=subprocess.PIPE, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (code, told)


def test_a_reader_that_has_had_enough_is_no_failure() -> None:
    with subprocess.Popen([*PROGRAM, "policy", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (0, b"")


def test_what_is_no_command_and_no_option_ends_with_2() -> None:
    assert run("fly").returncode == 2
    assert run("serve", "--fast").returncode == 2
    assert run("requests", "show").returncode == 2


# ---- help, and what is loaded


@pytest.mark.parametrize("path", paths(), ids=" ".join)
def test_every_command_explains_itself_and_takes_the_three_options(path: tuple[str, ...]) -> None:
    command: click.Command | None = cli
    context = click.Context(cli, info_name="mcp-gate")
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(context, name)
        assert command is not None
    text = command.get_help(click.Context(command, info_name=" ".join(("mcp-gate", *path)), parent=None))
    assert "Usage: mcp-gate" in text
    assert command.help
    if not isinstance(command, click.Group):
        assert all(option in text for option in ("--config DIR", "--state DIR", "--json")), text


LOADED = """\
import atexit, sys
sys.argv = ["mcp-gate", *sys.argv[1:]]
atexit.register(lambda: print(",".join(sorted(m for m in sys.modules if m in %r)), file=sys.stderr))
from mcp_gate.__main__ import main
from mcp_gate.cli.main import run
run()
"""


def loaded_by(*command: str) -> set[str]:
    """What of the heavy modules a command loaded, whatever became of it."""
    line = [sys.executable, "-c", LOADED % (HEAVY,), *command]
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)
    return set(filter(None, done.stderr.splitlines()[-1].split(",")))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_loads_nothing_heavy(name: str) -> None:
    assert loaded_by(name, "--help") == set()


def test_commands_in_a_hurry_load_nothing_heavy() -> None:
    with place({"shop": {"command": "true"}}) as where, serving(where):
        for command in (("requests", "list"), ("connect",), ("policy", "check"), ("status",), ("upstreams", "list")):
            assert loaded_by(*command, *where.arguments) == set(), command
        assert loaded_by("audit", "verify", *where.arguments) == set()
        assert loaded_by("policy", "explain", "shop_get", *where.arguments) == set()


# ---- terminals


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_there_is_no_colour_where_none_is_wanted(env: dict[str, str]) -> None:
    with place({"shop": {"command": "true"}}) as where, serving(where):
        for command in (("status",), ("requests", "list"), ("upstreams", "list"), ("audit", "tail"), ("--help",)):
            more = () if command == ("--help",) else where.arguments
            done = run(*command, *more, **env)
            assert done.returncode == 0, done.stderr
            assert "\x1b" not in done.stdout + done.stderr
