"""What every test shares."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
# A machine that is busy draws slowly: that says nothing of the product.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=1, help="How often each crash is repeated in tests/crash.")


def pytest_xdist_auto_num_workers() -> int:
    """Twice the cores: most tests wait for other processes most of the time."""
    return 2 * len(os.sched_getaffinity(0))


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """What `--rounds` says."""
    found: int = request.config.getoption("--rounds")
    return found


@pytest.fixture
def anyio_backend() -> str:
    """The store and the transports are asyncio's: one backend."""
    return "asyncio"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything was installed that tests need, a skipped test is a failed run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter is not None else []
    if os.environ.get("MCP_GATE_NO_SKIPS") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
