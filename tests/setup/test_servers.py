"""Servers as each client writes them, and what is passed over with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.setup.clients import Form, Location, Places, location_of, locations
from mcp_gate.setup.servers import MOST_BYTES, Found, Unreadable, read_servers


def read(tmp_path: Path, content: Any, *keys: str) -> Found | None:
    path = tmp_path / "mcp.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_servers(Location("x", path, keys or ("mcpServers",)))


@pytest.mark.parametrize(
    ("entry", "command", "args", "url"),
    [
        ({"command": "npx", "args": ["-y", "a"], "env": {"N": 5}}, "npx", ("-y", "a"), None),
        ({"command": "a"}, "a", (), None),
        ({"command": {"path": "z", "args": ["b"]}}, "z", ("b",), None),
        ({"url": "https://a/mcp", "headers": {"X": "y"}}, None, (), "https://a/mcp"),
        ({"httpUrl": "https://g/mcp"}, None, (), "https://g/mcp"),
        ({"serverUrl": "https://w/mcp"}, None, (), "https://w/mcp"),
    ],
)
def test_every_way_of_writing_a_server_is_read(
    tmp_path: Path, entry: Any, command: str | None, args: tuple[str, ...], url: str | None
) -> None:
    found = read(tmp_path, {"mcpServers": {"a": entry}})
    assert found is not None
    (server,) = found.servers
    assert (server.name, server.command, server.args, server.url) == ("a", command, args, url)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"type": "sse", "url": "https://a"}, "it speaks SSE"),
        ({"command": "a", "disabled": True}, "it is switched off"),
        ({}, "it has neither command nor url"),
        ([], "it is not a mapping"),
        ({"command": "a", "args": "b"}, "its args are not a list of texts"),
        ({"command": "a", "env": ["b"]}, "its env are not texts by name"),
    ],
)
def test_what_the_gate_cannot_stand_before_is_passed_over_with_the_reason(tmp_path: Path, entry: Any, why: str) -> None:
    found = read(tmp_path, {"mcpServers": {"o\u202ed": entry, "good": {"command": "b"}}})
    assert found is not None
    assert [server.name for server in found.servers] == ["good"]
    assert found.odd[0].startswith("o⟨U+202E⟩d: ") or "\u202e" not in found.odd[0]
    assert why in found.odd[0]


def test_the_gate_s_own_entry_is_no_server(tmp_path: Path) -> None:
    found = read(tmp_path, {"mcpServers": {"mcp-gate": {"command": "mcp-gate"}}})
    assert found == Found(found.location, (), (), True) if found else False


def test_a_place_that_is_not_there_has_no_servers(tmp_path: Path) -> None:
    assert read(tmp_path, {"other": {}}) is None
    assert read(tmp_path, "") is None
    assert read(tmp_path, {"projects": {"/p": {"mcpServers": {}}}}, "projects", "/q", "mcpServers") is None


@pytest.mark.parametrize(
    ("text", "message"), [('{\n "a": }', ":2:7: not JSON"), ("{ // c\n}", "comments in JSON are not read")]
)
def test_a_file_that_is_no_json_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        read(tmp_path, text)


def test_a_file_in_toml_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[mcp_servers.a]\ncommand = "x"\nargs = ["y"]\n')
    (location,) = location_of(path)
    found = read_servers(location)
    assert location.form is Form.TOML
    assert found is not None
    assert found.servers[0].args == ("y",)


def test_files_of_known_clients_are_found_in_home_project_and_settings(tmp_path: Path) -> None:
    places = Places(tmp_path / "home", tmp_path / "project", tmp_path / "home" / ".config")
    files = ["project/.mcp.json", "home/.claude.json", "home/.config/Code/User/mcp.json", "home/.codex/config.toml"]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    found = [(one.client, str(one.path.relative_to(tmp_path)), one.keys) for one in locations(places)]
    assert found == [
        ("claude-code", files[0], ("mcpServers",)),
        ("claude-code", files[1], ("mcpServers",)),
        ("claude-code", files[1], ("projects", str(places.project), "mcpServers")),
        ("vscode", files[2], ("servers",)),
        ("codex", files[3], ("mcp_servers",)),
    ]


def test_on_a_mac_settings_stand_elsewhere(tmp_path: Path) -> None:
    places = Places.of({"HOME": str(tmp_path)}, "darwin", tmp_path)
    assert places.config == tmp_path / "Library" / "Application Support"


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a": ' + "9" * 5000 + "}", "\ufeff{", '{"a": "\x00"}', "[] x"])
def test_a_file_that_is_no_json_is_told_with_its_place(tmp_path: Path, content: str) -> None:
    with pytest.raises(Unreadable, match=r"mcp\.json.*not JSON"):
        read(tmp_path, content)


def test_a_file_without_end_is_not_read_to_it(tmp_path: Path) -> None:
    with (tmp_path / "mcp.json").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(Unreadable, match="more than"):
        read_servers(Location("x", tmp_path / "mcp.json", ("mcpServers",)))


def test_truth_values_are_given_to_a_server_as_json_writes_them(tmp_path: Path) -> None:
    found = read(tmp_path, {"mcpServers": {"a": {"command": "x", "env": {"A": True, "B": 5}}}})
    assert found is not None
    assert found.servers[0].env == {"A": "true", "B": "5"}


def test_a_file_of_a_user_who_works_at_home_stands_there_once(tmp_path: Path) -> None:
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor/mcp.json").write_text("{}")
    found = list(locations(Places(tmp_path, tmp_path, tmp_path / ".config")))
    assert [one.client for one in found] == ["cursor"]
