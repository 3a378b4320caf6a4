"""The gate in a client's own file, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.setup.clients import Location
from mcp_gate.setup.rewrite import Command, backup_of, connect, disconnect
from mcp_gate.setup.servers import Unreadable

GATE = Command("mcp-gate", ("connect",))
BEFORE = (
    '{\n\t"other": [1.0, "é"],\n\t"mcpServers": {\n\t\t"a": {"command": "x"},\n\t\t"b": {"url": "https://b"}\n\t}\n}\n'
)


def at(path: Path) -> Location:
    return Location("c", path, ("mcpServers",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mcp.json"
    path.write_text(BEFORE)
    path.chmod(0o640)
    return path


def servers(path: Path) -> Any:
    return json.loads(path.read_text())["mcpServers"]


def test_the_named_servers_give_way_to_the_gate_and_the_rest_stays(file: Path) -> None:
    connect({at(file): frozenset({"a"})}, GATE, {"T": "s"})
    entry = {"command": "mcp-gate", "args": ["connect"], "env": {"T": "s"}}
    assert servers(file) == {"b": {"url": "https://b"}, "mcp-gate": entry}
    assert json.loads(file.read_text())["other"] == [1.0, "é"]
    assert '\n\t"mcpServers"' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640
    assert backup_of(file).read_text() == BEFORE
    assert backup_of(file).stat().st_mode & 0o777 == 0o600


def test_undone_the_file_is_byte_for_byte_what_it_was(file: Path) -> None:
    connect({at(file): frozenset({"a", "b"})}, GATE, {})
    disconnect([at(file)])
    assert file.read_text() == BEFORE
    assert not backup_of(file).exists()


def test_what_was_changed_meanwhile_is_kept(file: Path) -> None:
    connect({at(file): frozenset({"a"})}, GATE, {})
    changed = json.loads(file.read_text())
    changed["mcpServers"]["new"] = {"command": "n"}
    changed["other"] = "later"
    file.write_text(json.dumps(changed))
    disconnect([at(file)])
    assert servers(file) == {"a": {"command": "x"}, "b": {"url": "https://b"}, "new": {"command": "n"}}
    assert json.loads(file.read_text())["other"] == "later"


def test_a_second_connection_would_lose_the_first_backup_and_is_refused(file: Path) -> None:
    connect({at(file): frozenset({"a"})}, GATE, {})
    with pytest.raises(Unreadable, match="connected before"):
        connect({at(file): frozenset({"b"})}, GATE, {})
    assert backup_of(file).read_text() == BEFORE


def test_without_a_backup_there_is_nothing_to_undo(file: Path) -> None:
    with pytest.raises(Unreadable, match="no backup"):
        disconnect([at(file)])


def test_two_places_of_one_file_are_changed_and_undone_together(file: Path) -> None:
    file.write_text('{"mcpServers": {"a": 1}, "projects": {"/p": {"mcpServers": {"b": 2}}}}')
    project = Location("c", file, ("projects", "/p", "mcpServers"))
    before = file.read_bytes()
    connect({at(file): frozenset({"a"}), project: frozenset({"b"})}, GATE, {})
    assert set(servers(file)) == set(json.loads(file.read_text())["projects"]["/p"]["mcpServers"]) == {"mcp-gate"}
    disconnect([at(file), project])
    assert file.read_bytes() == before


def test_a_backup_of_a_file_that_is_not_connected_any_more_is_in_nobody_s_way(file: Path) -> None:
    backup_of(file).write_text("left by an attempt that was interrupted")
    connect({at(file): frozenset({"a"})}, GATE, {})
    assert backup_of(file).read_text() == BEFORE


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file)
    connect({at(link): frozenset({"a"})}, GATE, {})
    assert "mcp-gate" in servers(file)
    disconnect([at(link)])
    assert link.is_symlink()
    assert file.read_text() == BEFORE


def test_half_of_a_character_elsewhere_in_the_file_is_kept(file: Path) -> None:
    file.write_text('{"x": "\\ud800", "mcpServers": {"a": {"command": "x"}}}')
    connect({at(file): frozenset({"a"})}, GATE, {})
    assert json.loads(file.read_text())["x"] == "\ud800"


def test_a_file_that_cannot_be_read_is_left_as_it_is(file: Path) -> None:
    file.write_text('{ "mcpServers": { // comment\n } }')
    with pytest.raises(Unreadable):
        connect({at(file): frozenset()}, GATE, {})
    assert not backup_of(file).exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


NAMES = st.text(min_size=1, max_size=3)


@settings(deadline=None)
@given(st.dictionaries(NAMES, JSON), st.dictionaries(NAMES, JSON), st.booleans())
def test_there_and_back_is_always_the_same_file(
    tmp_path_factory: pytest.TempPathFactory, other: dict[str, Any], entries: dict[str, Any], pretty: bool
) -> None:
    path = tmp_path_factory.mktemp("c") / "f.json"
    path.write_text(json.dumps({**other, "mcpServers": entries}, indent=3 if pretty else None))
    before = path.read_bytes()
    connect({at(path): frozenset(entries)}, GATE, {})
    assert set(servers(path)) == {"mcp-gate"}
    disconnect([at(path)])
    assert path.read_bytes() == before
