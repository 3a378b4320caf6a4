"""What every test shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The store and the transports are asyncio's: one backend."""
    return "asyncio"
