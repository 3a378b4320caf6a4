"""The official suite sees no difference between the official everything-server and the same server behind a gate."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def _bench() -> ModuleType:
    path = Path(__file__).parents[2] / "bench" / "conformance.py"
    spec = importlib.util.spec_from_file_location("bench_conformance", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


conformance = _bench()


@pytest.fixture
def peers() -> Any:
    try:
        return conformance.find_peers()
    except conformance.Missing as e:
        pytest.skip(str(e))


@pytest.mark.parametrize("stdio", [False, True], ids=["http", "stdio"])
@pytest.mark.parametrize("version", conformance.VERSIONS)
def test_a_gate_that_allows_all_changes_nothing(peers: Any, version: str, stdio: bool) -> None:
    found = conformance.measure(peers, version, stdio=stdio)
    assert found.different == ()
    assert found.bare["SUCCESS"] >= 80, "the bare server was not tested in full"
    assert found.bare["FAILURE"] == found.gated["FAILURE"] == 0


def test_what_passes_bare_and_not_behind_the_gate_is_a_difference() -> None:
    bare = {"a/x": Counter(SUCCESS=2), "a/y": Counter(SUCCESS=1), "server-sse-polling/z": Counter(SUCCESS=1)}
    gated = {"a/x": Counter(SUCCESS=1, FAILURE=1), "server-sse-polling/z": Counter(WARNING=1)}
    found = conformance.compare("v", bare, gated)
    assert [line.partition(":")[0] for line in found.different] == ["a/x", "a/y"]
    assert [line.partition(":")[0] for line in found.excused] == ["server-sse-polling/z"]
