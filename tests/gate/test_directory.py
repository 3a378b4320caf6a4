"""Where things are, what is read there, and what is refused."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import threading
from pathlib import Path

import pytest

from mcp_gate.gate.directory import (
    find_gate_directory,
    find_state_directory,
    fingerprint,
    place_state,
    read_directory,
)
from mcp_gate.model.config import ConfigError
from mcp_gate.policy.load import load
from support.directories import files, rule, rules


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    (tmp_path / "policies" / "team").mkdir(parents=True)
    (tmp_path / "upstreams.yaml").write_text("u")
    (tmp_path / "policies" / "a.yaml").write_text("a")
    return tmp_path


def test_the_option_comes_before_the_environment_before_here_before_the_users(
    gate: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, home = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("home")
    (home / "mcp-gate").mkdir()
    env = {"MCP_GATE_CONFIG": str(other), "XDG_CONFIG_HOME": str(home)}
    assert find_gate_directory(str(gate), env) == gate
    assert find_gate_directory(None, env) == other
    monkeypatch.chdir(gate)
    assert find_gate_directory(None, env | {"MCP_GATE_CONFIG": ""}) == gate
    monkeypatch.chdir(other)
    del env["MCP_GATE_CONFIG"]
    assert find_gate_directory(None, env) == home / "mcp-gate"


def test_no_gate_directory_is_an_error_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no gate directory; 'mcp-gate init' writes one; --config DIR"):
        find_gate_directory(str(tmp_path / "none"), {})


def test_the_state_directory_is_one_of_its_own_for_each_gate_directory(tmp_path: Path) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    a = find_state_directory(None, env, tmp_path / "a", None)
    b = find_state_directory(None, env, tmp_path / "b", None)
    assert a.parent == b.parent == tmp_path / "mcp-gate"
    assert a != b
    assert find_state_directory(None, env, tmp_path / "a", "here") == tmp_path / "a" / "here"
    env["MCP_GATE_STATE"] = str(tmp_path / "env")
    assert find_state_directory(None, env, tmp_path / "a", "here") == tmp_path / "env"
    assert find_state_directory(str(tmp_path / "opt"), env, tmp_path / "a", "here") == tmp_path / "opt"


def test_documents_are_read_in_subfolders_and_hidden_ones_are_not(gate: Path) -> None:
    policies = gate / "policies"
    (policies / "team" / "b.yml").write_text("b")
    (policies / "c.json").write_text("c")
    (policies / "notes.md").write_text("no")
    (policies / ".hidden.yaml").write_text("no")
    (policies / ".git").mkdir()
    (policies / ".git" / "x.yaml").write_text("no")
    (gate / "gate.yaml").write_text("g")
    assert read_directory(gate) == {
        "upstreams.yaml": b"u", "gate.yaml": b"g", "policies/a.yaml": b"a", "policies/team/b.yml": b"b",
        "policies/c.json": b"c",
    }  # fmt: skip


def test_a_directory_without_policies_is_read(tmp_path: Path) -> None:
    (tmp_path / "upstreams.yaml").write_text("u")
    assert list(read_directory(tmp_path)) == ["upstreams.yaml"]


@pytest.mark.parametrize("make", ["fifo", "folder", "dangling"])
def test_a_document_that_is_no_plain_file_is_an_error_and_not_waited_for(gate: Path, make: str) -> None:
    odd = gate / "policies" / "odd.yaml"
    if make == "fifo":
        os.mkfifo(odd)
    elif make == "dangling":
        odd.symlink_to(gate / "nowhere")
    else:
        (gate / "gate.yaml").mkdir()
    with pytest.raises(ConfigError, match=r"(odd|gate)\.yaml:1:1: the file cannot be read: .*; make it a plain file"):
        read_directory(gate)


def test_a_folder_that_cannot_be_read_is_an_error_for_it_might_hold_the_rule_that_denies(gate: Path) -> None:
    closed = gate / "policies" / "team"
    closed.chmod(0)
    try:
        if os.access(closed, os.R_OK):  # root may read everything
            assert read_directory(gate)
            return
        with pytest.raises(ConfigError, match=r"policies/team:1:1: the folder cannot be read: .*; mend its mode"):
            read_directory(gate)
    finally:
        closed.chmod(0o700)


def test_a_document_whose_name_ends_in_capitals_is_an_error_for_it_might_hold_the_rule_that_denies(gate: Path) -> None:
    (gate / "policies" / "deny.YAML").write_text("version: v1\n")
    (gate / "policies" / "notes.TXT").write_text("x")
    with pytest.raises(ConfigError, match=r"policies/deny\.YAML:1:1: files named \.YAML are not read; name it \.yaml"):
        read_directory(gate)


def test_policies_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "upstreams.yaml").write_text("u")
    (tmp_path / "policies").write_text("rules: []")
    with pytest.raises(ConfigError, match="policies:1:1: the folder cannot be read: Not a directory"):
        read_directory(tmp_path)


def test_a_name_that_does_not_show_is_an_error(gate: Path) -> None:
    (gate / "policies" / "a\nb.yaml").write_text("x")
    with pytest.raises(ConfigError, match=r"policies/a⏎b.yaml:1:1: the name holds characters that do not show"):
        read_directory(gate)


def test_the_fingerprint_changes_with_every_write_and_new_file(gate: Path) -> None:
    seen = [fingerprint(gate)]
    (gate / "policies" / "a.yaml").write_text("longer")
    seen.append(fingerprint(gate))
    (gate / "policies" / "b.yaml").write_text("b")
    seen.append(fingerprint(gate))
    (gate / "policies" / "b.yaml").unlink()
    seen.append(fingerprint(gate))
    assert len({*seen}) == 3
    assert seen[1] == seen[3]


def test_S083_a_thousand_times_what_is_evaluated_is_what_is_named(gate: Path) -> None:
    """Two files are replaced without pause under the reading. Whatever is read, the snapshot is of those very texts."""
    (gate / "upstreams.yaml").write_bytes(files()["upstreams.yaml"])
    texts = [f"version: v1\n{rules(rule(f'rule-{n}', 'topics: [a]', 'deny'))}" for n in range(40)]
    numbers, end, seen = itertools.count(), threading.Event(), set()

    def swap() -> None:
        while not end.is_set():
            fresh = gate / "fresh.tmp"
            fresh.write_text(texts[next(numbers) % len(texts)])
            fresh.replace(gate / "policies" / "a.yaml")

    thread = threading.Thread(target=swap)
    (gate / "policies" / "a.yaml").write_text(texts[0])
    thread.start()
    try:
        for _ in range(1000):
            found = load(read_directory(gate))
            ((_, (only,)),) = found.policy.layers
            text = texts[int(only.rule.id.removeprefix("rule-"))]
            lines = (("policies/a.yaml", text.encode()), ("upstreams.yaml", files()["upstreams.yaml"]))
            named = "".join(f"{hashlib.sha256(body).hexdigest()}  {path}\n" for path, body in lines)
            assert found.snapshot.digest == hashlib.sha256(named.encode()).hexdigest()
            seen.add(only.rule.id)
    finally:
        end.set()
        thread.join()
    assert len(seen) > 10


def test_the_state_directory_is_for_its_user_alone(tmp_path: Path) -> None:
    state = tmp_path / "a" / "b"
    place_state(state)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    state.chmod(0o755)
    place_state(state)
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the path is too long for a socket; use --state with a shorter one"):
        place_state(tmp_path / ("x" * 100))


def test_a_file_where_the_state_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="the state directory cannot be used"):
        place_state(tmp_path / "state")
