"""What tests of detection share."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from mcp_gate.detect.secrets.find import prepare


@pytest.fixture(scope="session", autouse=True)
def compiled_rules() -> None:
    """Compiled once for all runs on this machine and account: it takes seconds."""
    kept = Path(tempfile.gettempdir()) / f"mcp-gate-tests-{Path.home().owner()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    prepare(kept)
