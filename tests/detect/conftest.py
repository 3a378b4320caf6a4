"""What tests of detection share."""

from __future__ import annotations

import pytest

from mcp_gate.detect.kept import keep_in
from mcp_gate.detect.secrets.find import prepare
from support.scanning import rules


@pytest.fixture(scope="session", autouse=True)
def compiled_rules() -> None:
    """Loaded from where other runs kept them."""
    keep_in(rules())
    prepare(rules())
