"""Upstreams that fetch whatever is newest."""

from __future__ import annotations

import json

import pytest

from mcp_gate.policy.load import load
from support.directories import files


def warned(command: str, *args: str, of: str = "names no version", **more: object) -> list[str]:
    entry = json.dumps({"command": command, "args": args, **more})
    gate = load(files(upstreams=f"version: v1\nupstreams:\n  u: {entry}\n"))
    return [str(warning) for warning in gate.warnings if of in warning.message]


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("npx -y @scope/server --root /srv", "@scope/server"), ("npx server@latest", "server@latest"),
        ("/usr/bin/npx --package=server run", "server"), ("npx -p server run", "server"), ("bunx server", "server"),
        ("uvx mcp-server-time", "mcp-server-time"), ("uvx --python 3.11 mcp-server-time", "mcp-server-time"),
        ("uvx --from mcp-servers[all] time", "mcp-servers[all]"), ("uvx server>=1.2", "server>=1.2"),
    ],
)  # fmt: skip
def test_S188_a_package_without_a_version_is_warned_of(line: str, package: str) -> None:
    (found,) = warned(*line.split())
    assert found.startswith(f"upstreams.yaml:3:3: '{package}' names no version: it can be another program at every")
    assert "write the version you looked at, such as " in found


@pytest.mark.parametrize(
    "line",
    [
        "npx -y @scope/server@1.2.3", "npx server@v2", "uvx server==1.2", "uvx server@1.2", "uvx --from server==1 time",
        "uvx --from git+https://host/x@main x", "npx ./server", "npx", "npx -y", "uvx --python",
        "npx ${env:SERVER}", "python -m server", "server",
    ],
)  # fmt: skip
def test_a_version_a_path_an_address_or_another_program_is_not(line: str) -> None:
    assert warned(*line.split()) == []


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("npx server@1.2.3", "not the package that it fetches; install the package and name its own program as"),
        ("/usr/bin/python3.11 -I -m server", "the module behind '-m'; name the module's file as an argument"),
        ("python server.py", ""), ("node server.js -m", ""),
    ],
)  # fmt: skip
def test_S188_what_pin_program_does_not_reach_is_warned_of(line: str, cure: str) -> None:
    found = warned(*line.split(), of="pin_program", pin_program=True)
    assert [cure in warning for warning in found] == [True] * bool(cure)
    assert warned(*line.split(), of="pin_program") == []
