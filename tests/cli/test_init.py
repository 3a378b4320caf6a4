"""`init` and `clients`, from a client's file to a gate in force and back, with a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.main import cli
from mcp_gate.policy.load import load

SECRET = "sk-" + "a1B2" * 8
SHOP: dict[str, Any] = {"command": sys.executable, "args": ["-m", "mcp_gate.demo.shop"]}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mg-") as folder:  # short enough for the gate's sockets
        furnish(Path(folder), monkeypatch)
        yield Path(folder)


def furnish(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with one client that has two servers."""
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_CONFIG_HOME", "MCP_GATE_CONFIG", "MCP_GATE_STATE", "SHOP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    env = {"SHOP_DB": str(home / "shop.db"), "SHOP_TOKEN": SECRET}
    old = {"type": "sse", "url": "https://old.example/sse"}
    write(home / ".claude.json", {"mcpServers": {"My Shop": {**SHOP, "env": env}, "old": old}})


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def files(gate: Path) -> dict[str, bytes]:
    return {name: (gate / name).read_bytes() for name in ("upstreams.yaml", "policies/starter.yaml")}


def test_a_client_s_servers_become_a_gate_directory_that_passes_its_own_cases(home: Path) -> None:
    done = run("init", "--yes")
    assert done.exit_code == 0, done.output
    gate = home / ".config" / "mcp-gate"
    assert "my-shop              5 tools: 2 pass, 3 are held" in done.stdout
    assert "Set where the gate is started, for no secret was copied: SHOP_TOKEN" in done.stdout
    assert "passed over old: it speaks SSE" in done.stderr
    assert not any(SECRET in path.read_text() for path in gate.rglob("*.yaml"))
    loaded = load(files(gate))
    mapping = loaded.mappings["my-shop"].tool("delete_customer")
    assert mapping is not None
    assert mapping.risk_tags == {"write", "delete", "pii"}
    assert run("policy", "test").exit_code == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in gate.rglob("*"))


def test_without_a_probe_no_server_is_started_and_every_tool_is_held(home: Path) -> None:
    write(home / ".claude.json", {"mcpServers": {"a": {"command": str(home / "not-there")}}})
    done = run("init", "--yes", "--no-probe", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["upstreams"] == [{"id": "a", "from": str(home / ".claude.json"), "tools": []}]


def test_a_server_that_does_not_answer_is_told_and_kept(home: Path) -> None:
    write(home / "one.json", {"mcpServers": {"a": {"command": str(home / "not-there")}}})
    found = json.loads(run("init", "--yes", "--json", "--from", str(home / "one.json")).stdout)
    assert "silent" in found["upstreams"][0]


def test_run_again_only_what_is_new_is_added_and_what_a_person_wrote_stays(home: Path) -> None:
    assert run("init", "--yes", "--no-probe").exit_code == 0
    mine = home / ".config" / "mcp-gate" / "upstreams.yaml"
    mine.write_text(mine.read_text() + "    # mine\n")
    again = run("init", "--yes", "--no-probe")
    assert again.exit_code == 2
    assert "upstreams.yaml already" in again.stderr
    write(home / ".mcp.json", {"mcpServers": {"new": {"command": "n"}, "same": SHOP}})
    assert run("init", "--yes", "--no-probe").exit_code == 0
    assert "    # mine\n  new:" in mine.read_text()
    assert list(load(files(mine.parent)).upstreams) == ["my-shop", "new"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init"], "there is nobody to ask: add --yes"),
        (["init", "--yes", "--from", "missing.json"], "missing.json: the file cannot be read"),
        (["init", "--yes", "--from", "empty.json"], "no server was found; name a client's file"),
        (["clients", "connect", "emacs"], "'emacs' is not a client we know; there are claude-code, "),
        (["clients", "connect", "codex"], "the file of codex is not rewritten"),
        (
            ["clients", "connect", "cursor", "--config", "gate"],
            "Expecting property name enclosed in double quotes; noth",
        ),
        (["clients", "connect", "claude-code", "--config", "gate"], "not in upstreams.yaml yet: My Shop; run 'mcp"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_nothing_is_written(
    home: Path, arguments: list[str], message: str
) -> None:
    write(home / "empty.json", {})
    (home / "gate").mkdir()
    (home / "gate" / "upstreams.yaml").write_text("version: v1\nupstreams:\n  a: { command: a }\n")
    (home / ".cursor").mkdir(exist_ok=True)
    (home / ".cursor" / "mcp.json").write_text("{ broken")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_policies_that_are_there_already_stay_as_they_are(home: Path) -> None:
    mine = home / "gate" / "policies" / "starter.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("version: v1\nrules: []\n")
    assert run("init", "--yes", "--no-probe", "--config", "gate").exit_code == 0
    assert mine.read_text() == "version: v1\nrules: []\n"
    assert (home / "gate" / "upstreams.yaml").exists()


def test_a_secret_in_an_argument_is_not_shown_either(home: Path) -> None:
    entry = {"command": "npx", "args": ["mcp-remote", "https://a", "--header", "Authorization: Bearer ab"]}
    write(home / "one.json", {"mcpServers": {"a": entry}})
    done = run("init", "--yes", "--no-probe", "--from", "one.json")
    assert "--header ${env:A_HEADER}" in done.stderr
    assert "Bearer" not in done.output


BY_HAND = "put 'mcp-gate connect' into the client's file, then"


@pytest.mark.parametrize(
    ("file", "content", "hint"),
    [
        (".claude.json", '{"mcpServers": {"a": {"command": "a"}}}', "'mcp-gate clients connect claude-code', then"),
        (".codex/config.toml", '[mcp_servers.a]\ncommand = "a"\n', BY_HAND),
        ("o\x1b[31m.json", '{"mcpServers": {"a": {"command": "a"}}}', BY_HAND),
    ],
)
def test_what_is_next_is_something_that_works(home: Path, file: str, content: str, hint: str) -> None:
    (home / ".claude.json").unlink()
    (home / file).parent.mkdir(exist_ok=True)
    (home / file).write_text(content)
    done = run("init", "--yes", "--no-probe", *(["--from", file] if "\x1b" in file else []))
    assert hint in done.stdout
    assert "\x1b" not in done.output


def test_a_directory_that_is_broken_is_left_and_told_in_json_too(home: Path) -> None:
    (home / "gate").mkdir()
    (home / "gate" / "upstreams.yaml").write_text("version: v2\n")
    done = run("init", "--yes", "--json", "--config", "gate")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["errors"][0]["file"] == "upstreams.yaml"


def test_servers_of_a_project_and_of_the_user_in_one_file_are_gated_and_freed_together(home: Path) -> None:
    both = {"mcpServers": {"a": {"command": "a"}}, "projects": {str(home): {"mcpServers": {"b": {"command": "b"}}}}}
    write(home / ".claude.json", both)
    before = (home / ".claude.json").read_bytes()
    assert run("init", "--yes", "--no-probe").exit_code == 0
    done = run("clients", "connect", "claude-code")
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["gated"] for line in run("clients", "list", "--json").stdout.splitlines()] == [True, True]
    assert run("clients", "disconnect", "claude-code").exit_code == 0
    assert (home / ".claude.json").read_bytes() == before


def test_a_client_gives_the_gate_its_secrets_under_the_names_that_the_gate_has_for_them(home: Path) -> None:
    write(home / ".claude.json", {"mcpServers": {"a": {"command": "a", "env": {"API_KEY": "x"}}}})
    (home / ".cursor").mkdir()
    mine = home / ".cursor" / "mcp.json"
    write(mine, {"mcpServers": {"b": {"command": "b", "args": ["--token", "z"], "env": {"API_KEY": "y"}}}})
    assert run("init", "--yes", "--no-probe").exit_code == 0
    assert run("clients", "connect", "cursor").exit_code == 0
    entry = json.loads(mine.read_text())["mcpServers"]["mcp-gate"]
    assert entry["env"] == {"B_API_KEY": "y", "B_TOKEN": "z"}


def test_a_connected_client_reaches_its_server_through_the_gate_and_can_be_disconnected(home: Path) -> None:
    before = (home / ".claude.json").read_bytes()
    assert run("init", "--yes").exit_code == 0
    done = run("clients", "connect", "claude-code")
    assert done.exit_code == 0, done.output
    assert json.loads(run("clients", "list", "--json").stdout)["gated"] is True
    entry = json.loads((home / ".claude.json").read_text())["mcpServers"]["mcp-gate"]
    assert entry["env"] == {"SHOP_TOKEN": SECRET}
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}) + "\n"
    front = subprocess.Popen(
        [entry["command"], *entry["args"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", **entry["env"]},
    )  # fmt: skip
    try:
        assert front.stdin is not None
        assert front.stdout is not None
        front.stdin.write(ask)
        front.stdin.flush()
        assert json.loads(front.stdout.readline())["result"]["protocolVersion"] == "2025-11-25"
    finally:
        front.terminate()
        front.communicate(timeout=20)
        run("stop")
    assert run("clients", "disconnect", "claude-code").exit_code == 0
    assert (home / ".claude.json").read_bytes() == before
