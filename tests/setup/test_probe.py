"""What a server lists, asked of a real one that lists what it should not."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from mcp_gate.model.config import UpstreamSpec
from mcp_gate.setup.probe import Silent, probe

SERVER = """
import json, sys
tools = json.loads(sys.argv[1])
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("method") == "initialize":
        result = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}},
                  "serverInfo": {"name": "s", "version": "1"}}
    elif asked.get("method") == "tools/list":
        result = {"tools": tools}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"""


def asked(tmp_path: Path, names: list[str]) -> list[str]:
    (tmp_path / "server.py").write_text(SERVER)
    tools = json.dumps([{"name": name, "inputSchema": {"type": "object"}} for name in names])
    spec = UpstreamSpec("a", "a_", command=sys.executable, args=(str(tmp_path / "server.py"), tools))
    found = asyncio.run(probe({"a": spec}, 30))["a"]
    assert not isinstance(found, Silent)
    return [str(tool["name"]) for tool in found]


def test_a_tool_whose_name_would_stand_for_other_tools_is_not_proposed(tmp_path: Path) -> None:
    assert asked(tmp_path, ["get", "*_list", "get_?", "a b", "", "\ud800", "x" * 129, "read\n"]) == ["get"]


def test_a_name_that_two_tools_have_is_not_proposed(tmp_path: Path) -> None:
    assert asked(tmp_path, ["get", "list", "get"]) == ["list"]
