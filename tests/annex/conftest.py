"""What tests of the annex share: one, whose process takes a second to start, for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mcp_gate.annex.annex import Annex
from support.scanning import an_annex


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """For fixtures that outlive a test."""
    return "asyncio"


@pytest.fixture(scope="module")
async def annex() -> AsyncIterator[Annex]:
    """One that works."""
    async with an_annex() as one:
        yield one
