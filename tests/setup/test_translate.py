"""From a client's server to an entry of upstreams.yaml: ids, variables, and no secret copied."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.policy.load import load
from mcp_gate.policy.read_upstreams import UPSTREAM_ID
from mcp_gate.setup import render
from mcp_gate.setup.classify import propose
from mcp_gate.setup.clients import Location
from mcp_gate.setup.servers import Server
from mcp_gate.setup.translate import Entry, distinct, translate, upstream_id

HERE = Location("cursor", Path("/srv/p/.cursor/mcp.json"), ("mcpServers",))
SECRET = "ghp_" + "a1B2" * 9


def server(name: str = "a", command: str | None = "npx", **more: Any) -> Server:
    return Server(name, HERE, command, **more)


def one(**more: Any) -> Entry:
    (entry,), odd = translate([server(**more)])
    assert odd == []
    return entry


def test_a_secret_becomes_a_variable_to_be_set_and_is_written_nowhere() -> None:
    entry = one(args=("--api-key", SECRET, "--token=" + SECRET), env={"GITHUB_TOKEN": SECRET, "MODE": "fast"})
    assert entry.spec.env == {"GITHUB_TOKEN": "${env:GITHUB_TOKEN}", "MODE": "fast"}
    assert entry.spec.args == ("--api-key", "${env:A_API_KEY}", "--token=${env:A_TOKEN}")
    assert set(entry.variables) == {"GITHUB_TOKEN", "A_API_KEY", "A_TOKEN"}
    assert SECRET not in render.upstream(entry.spec, "x", [])


def test_a_header_that_authorises_becomes_a_variable() -> None:
    entry = one(command=None, url="https://a/mcp", headers={"Authorization": "Bearer abc"})
    assert entry.spec.headers == {"Authorization": "${env:A_AUTHORIZATION}"}
    assert entry.variables == {"A_AUTHORIZATION": "Bearer abc"}


@pytest.mark.parametrize(
    ("written", "read", "variables"),
    [
        ("${HOME}/x", "${env:HOME}/x", {"HOME": ""}),
        ("${env:A_B}", "${env:A_B}", {"A_B": ""}),
        ("${X:-y}", "${env:X}", {"X": ""}),
        ("${input:my-token}", "${env:MY_TOKEN}", {"MY_TOKEN": ""}),
        ("${workspaceFolder}/db", "/srv/p/db", {}),
    ],
)
def test_references_are_written_as_the_gate_reads_them(written: str, read: str, variables: dict[str, str]) -> None:
    entry = one(args=(written,))
    assert (entry.spec.args, entry.variables) == ((read,), variables)


@pytest.mark.parametrize(
    "odd",
    [
        server(args=("${command:pick}",)), server(env={"a b": "c"}), server(args=("a\nb",)),
        server(args=("\ud800",)), server(env={"A": "${B:-x} " + SECRET}), server(command="a\rb"),
        server(command=None, url="https://a/mcp?api_key=abc"), server(command=None, url="https://a/" + SECRET),
        server(command=None, url="https://[a"), server(command=None, url="https://a b"),
        server(command=None, url="https://a:0"), server(command=None, url="https://\xe9"),
        server(command=None, url="ws://a"), server(command=None, url="https://u:p@a/"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_in_upstreams_yaml_is_passed_over(odd: Server) -> None:
    entries, why = translate([odd, server("b")])
    assert [entry.spec.id for entry in entries] == ["b"]
    assert why[0].startswith("a: ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PGPASSWORD", "hunter2"), ("DB_PASS", "hunter2"), ("STRIPE_KEY", "x1"), ("GITHUB_PAT", "x1"),
        ("OPENAPI_MCP_HEADERS", '{"Authorization": "Bearer ntn_1"}'), ("ANY", "aB3" * 8), ("HEX", "0a" * 16),
    ],
)  # fmt: skip
def test_what_may_be_a_secret_is_not_copied_either(key: str, value: str) -> None:
    entry = one(env={key: value})
    assert entry.spec.env == {key: f"${{env:{key}}}"}
    assert entry.variables == {key: value}


def test_what_is_no_secret_is_copied() -> None:
    args = ("-y", "@modelcontextprotocol/server-everything@2025.1.1", "/home/Dana/Some1FolderWithALongName", "--header",
            "Accept: application/json")  # fmt: skip
    entry = one(args=args, env={"LOG_LEVEL": "debug", "MONKEY": "a", "COMPASS": ""})
    assert (entry.spec.args, entry.variables) == (args, {})


def test_two_secrets_of_one_server_have_two_variables() -> None:
    headers = ("--header", "Authorization: Bearer abc", "--header", "X-API-Key: def")
    entry = one(args=headers)
    assert entry.spec.args == ("--header", "${env:A_HEADER}", "--header", "${env:A_HEADER_2}")
    assert entry.variables == {"A_HEADER": headers[1], "A_HEADER_2": headers[3]}


def test_two_servers_that_call_two_secrets_alike_do_not_get_each_other_s() -> None:
    entries, _ = translate([server("a", env={"API_KEY": "x"}), server("b", env={"API_KEY": "y"})])
    assert [entry.spec.env["API_KEY"] for entry in entries] == ["${env:API_KEY}", "${env:B_API_KEY}"]
    assert [dict(entry.variables) for entry in entries] == [{"API_KEY": "x"}, {"B_API_KEY": "y"}]


def test_ids_are_made_of_names_and_differ() -> None:
    entries, _ = translate([server("My Server!"), server("my-server"), server("x")], taken=["x"])
    assert [entry.spec.id for entry in entries] == ["my-server", "my-server-2", "x-2"]


@given(st.text())
def test_every_name_gives_an_id(name: str) -> None:
    assert UPSTREAM_ID.fullmatch(upstream_id(name))


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="$\0\n\r"), max_size=12)
VARIABLES = st.from_regex(r"\A[A-Z_]{1,5}\Z")
TOOLS = st.text(string.ascii_letters + string.digits + "_.-' \"{}#:é*", min_size=1, max_size=12)


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=3), st.dictionaries(VARIABLES, TEXTS), st.lists(TOOLS, max_size=9))
def test_whatever_is_written_loads_and_means_the_same(args: list[str], env: dict[str, str], tools: list[str]) -> None:
    entries, odd = translate([server("My server", args=tuple(args), env=env)])
    enum = {"method": {"enum": ["get", "drop", "o'k"]}}
    listed = [{"name": name, "inputSchema": {"properties": enum if i % 2 else {}}} for i, name in enumerate({*tools})]
    proposals = [propose(tool) for tool in listed]
    (entry,) = entries
    assert odd == []
    text = render.HEAD + render.upstream(entry.spec, "a file", proposals)
    gate = load({"upstreams.yaml": text.encode(), "policies/starter.yaml": render.POLICY.encode()})
    spec = gate.upstreams["my-server"]
    assert (spec.command, spec.args, dict(spec.env)) == ("npx", entry.spec.args, dict(entry.spec.env))
    for one in proposals:
        mapping = gate.mappings["my-server"].tool(one.tool)
        assert mapping is not None
        assert "*" in one.tool or mapping.risk_tags == frozenset(one.tags)


def test_the_same_server_with_another_environment_is_told_and_not_taken_for_the_first() -> None:
    first, twin, other = server("a", env={"DB": "x"}), server("b", env={"DB": "x"}), server("c", env={"DB": "y"})
    found, odd = distinct([first, twin, other])
    assert found == [first]
    assert odd == ["c: 'a' is started in the same way, with another environment; add it by hand"]


def test_a_server_that_its_client_starts_beside_its_own_files_is_started_there(tmp_path: Path) -> None:
    (tmp_path / "server.js").write_text("")
    here = Location("cursor", tmp_path / ".cursor" / "mcp.json", ("mcpServers",))
    servers = [
        Server("script", here, "node", ("server.js",)),
        Server("command", here, "./server.js"),
        Server("folder", here, "npx", ("-y", "files", ".")),
        Server("named", here, "npx", cwd="inner"),
        Server("nothing", here, "npx", ("-y", "some-server", "/", "x" * 5000, "\x01")),
        Server("server.js", here, "server.js", ()),
    ]
    entries, odd = translate(servers)
    assert odd == []
    project = str(tmp_path)
    assert [one.spec.cwd for one in entries] == [project, project, project, f"{project}/inner", None, None]


def test_a_project_in_the_users_file_is_the_folder_it_names(tmp_path: Path) -> None:
    (tmp_path / "server.js").write_text("")
    place = Location("claude-code", Path("/home/u/.claude.json"), ("projects", str(tmp_path), "mcpServers"))
    (entry,), _ = translate([Server("a", place, "node", ("server.js", "${workspaceFolder}"))])
    assert (entry.spec.cwd, entry.spec.args[1]) == (str(tmp_path), str(tmp_path))
