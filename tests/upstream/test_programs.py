"""Programs behind upstreams, compared at every start; with real children."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.lang import strictjson
from mcp_gate.model.config import Limits, UpstreamSpec
from mcp_gate.store.results import Pin
from mcp_gate.upstream.link import ClientHello, Down
from mcp_gate.upstream.manager import Upstreams
from mcp_gate.upstream.program import Files
from mcp_gate.upstream.programs import KEY, Difference, Replaced, differences
from mcp_gate.upstream.supervised import State
from mcp_gate.wire.peer import Lost
from support.upstreams import SCRIPT, Ears, Probe, until

pytestmark = pytest.mark.anyio

CLIENT = ClientHello("2025-06-18", {}, {"name": "c", "version": "0"})
EVIL = "\n# another program\n"


class Shop:
    """The probe as a script of its own that a test may change, and what is said of it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.probe = Probe(folder, **settings)
        self.script = folder / "server.py"
        self.script.write_text(SCRIPT.read_text())
        self.kept: list[Files] = []
        self.told: list[Replaced] = []

    @property
    def spec(self) -> UpstreamSpec:
        data = str(self.probe.control), str(self.probe.log)
        args = "-I", "server.py", "--control", data[0], "--log", data[1]
        return UpstreamSpec(
            "shop", "shop_", command=sys.executable, args=args, cwd=str(self.script.parent), pin_program=True,
            pin_except=data,
        )  # fmt: skip

    def change(self) -> None:
        self.script.write_text(SCRIPT.read_text() + EVIL)

    @asynccontextmanager
    async def behind(self, pauses: tuple[float, float] = (0.02, 0.05)) -> AsyncIterator[Upstreams]:
        """A gate's upstreams that remember what an earlier gate accepted."""
        found = Upstreams(Limits(), pauses=pauses)
        if self.kept:
            found.programs.load("shop", {KEY: Pin("", strictjson.dumps(dict(self.kept[-1])).decode())})
        found.programs.keep = self._keep
        found.programs.on_replaced = lambda upstream, replaced: self.told.append(replaced)
        await found.start({"shop": self.spec}, {})
        try:
            yield found
        finally:
            await found.stop()

    async def _keep(self, upstream: str, files: Files) -> None:
        assert self.probe.pids() == []  # recorded before it is started
        self.kept.append(files)


def state(found: Upstreams) -> State:
    return found.health()[0].state


async def test_S188_the_first_start_is_accepted_and_the_same_files_start_again(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for _ in range(2):
        async with shop.behind() as found:
            await found.shared("shop")
            await (await found.open("shop", CLIENT, Ears())).close()
    assert [list(files) for files in shop.kept] == [[sys.executable, str(shop.script)]]
    assert (len(shop.probe.pids()), shop.told) == (4, [])


async def test_S188_another_script_at_a_restart_is_not_started_until_it_is_accepted(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.behind() as found:
        await found.shared("shop")
    shop.change()
    async with shop.behind(pauses=(60.0, 60.0)) as found:
        with pytest.raises(Lost, match="its program waits to be accepted"):
            await found.shared("shop")
        with pytest.raises(Down):
            await found.open("shop", CLIENT, Ears())
        (health,) = found.health()
        (replaced,) = shop.told
        assert health.state is State.CHANGED
        assert health.error.startswith(f"{shop.script} is not the file that was accepted (sha256:")
        assert health.error.endswith("; 'mcp-gate upstreams pin shop' shows and accepts that")
        assert [one.file for one in replaced.differences] == [str(shop.script)]
        assert len(shop.probe.pids()) == 1
        found.programs.accept("shop", replaced)
        found.retry("shop")
        async with asyncio.timeout(10):
            await until(lambda: state(found) is State.UP)
    assert len(shop.probe.pids()) == 2


async def test_S188_the_restart_after_a_crash_looks_too_and_what_is_put_back_starts(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    async with shop.behind() as found:
        await found.shared("shop")
        shop.change()
        assert state(found) is State.UP  # what runs is what was accepted
        os.kill(shop.probe.pids()[0], signal.SIGKILL)
        await until(lambda: state(found) is State.CHANGED and found.health()[0].restarts > 2)
        assert (len(shop.probe.pids()), len(shop.told)) == (1, 1)
        shop.script.write_text(SCRIPT.read_text())
        await until(lambda: state(found) is State.UP)
    assert len(shop.kept) == 1


async def test_whoever_waits_to_try_again_does_so_once_it_is_accepted() -> None:
    found = Upstreams(Limits())
    waiting = [asyncio.ensure_future(found.rest("shop", 60.0)) for _ in range(2)]
    other = asyncio.ensure_future(found.rest("other", 60.0))
    await asyncio.sleep(0)
    found.retry("shop")
    found.retry("shop")
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)
    assert not other.done()
    other.cancel()


async def test_S188_a_script_that_changes_while_it_starts_does_not_come_up(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.script.write_text(SCRIPT.read_text().replace("\nimport ", "\nopen(__file__, 'a').write('#')\nimport ", 1))
    async with shop.behind(pauses=(60.0, 60.0)) as found:
        with pytest.raises(Lost, match="it was changed while it started"):
            await found.shared("shop")
        assert found.health()[0].error == f"{shop.script} was written while it was started"
        assert state(found) is State.DOWN


async def test_S188_what_cannot_be_recorded_is_not_started(tmp_path: Path) -> None:
    shop = Shop(tmp_path)

    async def full(upstream: str, files: Files) -> None:
        raise OSError(28, "No space left on device")

    async with shop.behind() as found:
        found.programs.keep = full
        await until(lambda: found.health()[0].restarts > 1)
        assert (state(found), found.programs.accepted("shop"), shop.probe.pids()) == (State.DOWN, None, [])


async def test_a_reload_that_pins_no_more_starts_what_is_there(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.kept.append({str(shop.script): "sha256:0"})
    async with shop.behind() as found:
        await until(lambda: state(found) is State.CHANGED)
        spec = shop.spec
        free = UpstreamSpec("shop", "shop_", command=spec.command, args=spec.args, cwd=spec.cwd)
        await found.apply({"shop": free}, {})
        await until(lambda: state(found) is State.UP)


def test_a_file_more_and_a_file_less_are_differences() -> None:
    assert differences({"a": "1", "b": "1", "c": "1"}, {"b": "1", "c": "2", "d": "1"}) == (
        Difference("a", "1", None), Difference("c", "1", "2"), Difference("d", None, "1"),
    )  # fmt: skip
