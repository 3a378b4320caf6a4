"""Compiled patterns are kept whole, by us alone, or made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_gate.detect import triggers
from mcp_gate.detect.kept import keep_in, kept
from support.scanning import rules


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o700)
    keep_in(tmp_path)
    yield tmp_path
    keep_in(rules())


class Maker:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return b"made"


def test_it_is_made_once_for_one_source(folder: Path) -> None:
    make = Maker()
    assert [kept(b"a", make), kept(b"a", make), kept(b"b", make)] == [b"made"] * 3
    assert make.times == 2
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 40])
def test_what_was_not_kept_whole_is_made_anew(folder: Path, damage: bytes) -> None:
    make = Maker()
    kept(b"a", make)
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    assert kept(b"a", make) == b"made"
    assert make.times == 2
    assert kept(b"a", make) == b"made"
    assert make.times == 2


def test_a_place_that_others_could_write_to_is_not_used(folder: Path) -> None:
    folder.chmod(0o777)
    keep_in(folder)
    make = Maker()
    kept(b"a", make)
    kept(b"a", make)
    assert make.times == 2
    assert list(folder.iterdir()) == []


def test_a_place_that_cannot_be_written_to_does_no_harm(folder: Path) -> None:
    folder.rmdir()
    make = Maker()
    assert kept(b"a", make) == b"made"


def test_triggers_that_were_kept_fire_as_those_just_compiled(folder: Path) -> None:
    text = b"call dana@example.com, 123-45-6789"
    first, second = triggers.hyperscan_engine()(text), triggers.hyperscan_engine()(text)
    assert first == second == triggers.plain_engine()(text)
    files = list(folder.iterdir())
    assert len(files) == 4
    for file in files:
        file.write_bytes(b"\0" * file.stat().st_size)
    assert triggers.hyperscan_engine()(text) == first
