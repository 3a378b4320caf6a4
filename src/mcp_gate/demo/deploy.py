"""A deploy tool as an MCP server: versions of services by environment, kept in a JSON file.

Run with `python -m mcp_gate.demo.deploy`; the file is the one that `$DEPLOY_FILE` names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal

from mcp.server.mcpserver import MCPServer

tool = MCPServer("deploy", version="1.0.0", log_level="ERROR")


def _file() -> Path:
    return Path(os.environ.get("DEPLOY_FILE", "deploy.json"))


def _running() -> dict[str, dict[str, list[str]]]:
    file = _file()
    if not file.exists():
        return {"prod": {"web": ["1.4.1"]}, "staging": {"web": ["1.4.1", "1.4.2"]}}
    content: dict[str, dict[str, list[str]]] = json.loads(file.read_text())
    return content


@tool.tool()
def list_services(env: Literal["prod", "staging"]) -> dict[str, Any]:
    """What runs in an environment, newest version of each service."""
    return {name: versions[-1] for name, versions in _running().get(env, {}).items()}


@tool.tool()
def deploy(service: str, version: str, env: Literal["prod", "staging"]) -> dict[str, Any]:
    """Deploy a version of a service."""
    running = _running()
    running.setdefault(env, {}).setdefault(service, []).append(version)
    _file().write_text(json.dumps(running))
    return {"service": service, "version": version, "env": env, "deployed": True}


@tool.tool()
def destroy(env: Literal["prod", "staging"]) -> dict[str, Any]:
    """Take everything in an environment down."""
    running = _running()
    gone = sorted(running.pop(env, {}))
    _file().write_text(json.dumps(running))
    return {"env": env, "destroyed": gone}


if __name__ == "__main__":
    tool.run("stdio")
