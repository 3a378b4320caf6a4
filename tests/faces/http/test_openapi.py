"""The document of the review API: what it says is so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_gate.faces.http.openapi import ANSWERS, BODIES, QUERIES
from mcp_gate.model.foreign import JsonObject
from support.reviewed import GROUPS, Reviewed, a_gate, raw

BENCH = Path(__file__).parents[3] / "bench" / "api.py"


async def document(gate: Reviewed) -> JsonObject:
    _, _, body = await raw(gate.address, "GET", "/openapi.json", b"", {"Authorization": "Bearer dana-token"})
    found: JsonObject = json.loads(body)
    return found


@pytest.mark.anyio
async def test_S152_nobody_gets_anything_but_a_problem_without_a_token(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold()
        before = await gate.gate.store.records()
        paths = (await document(gate))["paths"]
        assert {"/v1/requests", "/v1/requests/{id}/decision", "/v1/events", "/healthz", "/openapi.json"} <= set(paths)
        for path, operations in paths.items():
            for method in ("get", "post", "put", "delete", "options", "trace"):
                status, headers, body = await raw(gate.address, method.upper(), path.replace("{id}", "R-1"), b"{}")
                assert status == 401, (method, path)
                assert headers["content-type"] == "application/problem+json"
                assert json.loads(body)["code"] == "unauthorized"
            assert set(operations) <= {"get", "post"}
        after = [one for one in await gate.gate.store.records() if one["event"] != "security.callback_refused"]
        assert after == before, "but for the note that somebody tried, nothing is written"


@pytest.mark.anyio
async def test_what_is_said_of_single_paths_is_said_of_paths_that_there_are(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        paths = (await document(gate))["paths"]
        assert (BODIES.keys() | ANSWERS.keys() | QUERIES.keys()) - paths.keys() == set()
        ids = [one["operationId"] for operations in paths.values() for one in operations.values()]
        assert len(set(ids)) == len(ids)


def test_S152_requests_made_from_the_document_break_nothing() -> None:
    """As an agent; `python bench/api.py` asks for 30,000 and more."""
    where = os.pathsep.join([os.environ.get("PATH", ""), str(Path.home() / ".local/bin")])
    if shutil.which("st", path=where) is None:
        pytest.skip("needs Schemathesis (uv tool install schemathesis==4.32.5)")
    line = [sys.executable, str(BENCH), "--only", "agent", "--examples", "50"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=55, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
