"""The power goes while words are written down: what was acknowledged is there when it comes back."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from mcp_gate.evidence.chain import Intact
from mcp_gate.model.request import RequestStatus
from mcp_gate.store.archive import Archive
from mcp_gate.store.store import FILE_NAME
from support.power import DISK, Loss, losses, traced
from support.stored import a_store, new_call, sent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(0),
    pytest.mark.skipif(shutil.which("strace") is None, reason="what is synced is seen with strace"),
]

WORDS = 60
LOSSES = 40
"""A round; the mission's two hundred are five rounds."""


def lost(loss: Loss, folder: Path, lock: bytes) -> frozenset[str]:
    """Open what is left as the next gate would; gives the acknowledged words that are gone."""
    folder.mkdir()
    (folder / f"{FILE_NAME}.lock").write_bytes(lock)
    for name, content in loss.files.items():
        (folder / name).write_bytes(content)

    async def approved() -> set[str]:
        async with a_store(folder) as store:
            return {request.id for request in await store.requests.page(RequestStatus.APPROVED, limit=1000)}

    found = asyncio.run(approved())
    with Archive(folder / FILE_NAME) as archive:
        assert isinstance(archive.verify(), Intact)
        said = {record["request_id"] for record in archive.after(0) if record["event"] == "request.decided"}
    assert said == found, "state and record differ"
    return loss.acknowledged - found


def outcomes(tmp_path: Path, synchronous: str, count: int) -> list[frozenset[str]]:
    """What each of so many losses took."""
    folder = tmp_path / "state"

    async def begun() -> None:
        async with a_store(folder) as store:
            await sent(store, new_call(id="c-before"))

    folder.mkdir()
    asyncio.run(begun())
    before = {name: (folder / name).read_bytes() if (folder / name).exists() else b"" for name in DISK}
    lock = (folder / f"{FILE_NAME}.lock").read_bytes()
    found = traced(folder, synchronous, WORDS)
    assert sum(op.name == DISK[0] for op in found) > 10, "the log was never carried over"
    return [
        lost(loss, tmp_path / f"after-{n}", lock) for n, loss in enumerate(losses(found, before, count, seed=count))
    ]


def test_S230_no_acknowledged_word_is_lost_with_the_power(tmp_path: Path, rounds: int) -> None:
    assert set(outcomes(tmp_path, "full", LOSSES * rounds)) == {frozenset()}


def test_S230_with_less_care_words_would_be_lost_and_this_test_would_tell(tmp_path: Path) -> None:
    assert any(outcomes(tmp_path, "normal", LOSSES))
