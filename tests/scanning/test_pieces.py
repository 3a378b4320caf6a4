"""Leaves in pieces, put together again: nothing is lost at a border, nothing found twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import pytest

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.scanning import pieces as module
from mcp_gate.scanning.gathered import Gathered
from mcp_gate.scanning.pieces import pieces

NUMBER = re.compile(r"#[0-9]+#")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds of a size that tests can see over."""
    monkeypatch.setattr(module, "TOGETHER", 60)
    monkeypatch.setattr(module, "MOST_LEAVES", 24)
    monkeypatch.setattr(module, "LONGEST", 100)
    monkeypatch.setattr(module, "BESIDE", 20)


def found(leaves: Sequence[Leaf]) -> list[list[str]]:
    """Numbers between hashes, by way of pieces."""
    gathered = Gathered(len(leaves))
    for piece in pieces(leaves):
        hits = [
            (which, Finding(hit.start(), hit.end(), "X", 0.9, "r"))
            for which, leaf in enumerate(piece.leaves)
            for hit in NUMBER.finditer(leaf.text)
        ]
        gathered.add(piece, hits)
    own = gathered.of(range(len(leaves)))
    for each in own:
        assert all(one.end <= other.start for one, other in pairwise(each))
    return [[leaf.text[f.start : f.end] for f in each] for leaf, each in zip(leaves, own, strict=True)]


def test_wherever_a_number_stands_it_is_found_once_and_whole() -> None:
    for at in range(0, 480, 3):
        text = ("word " * 100)[:at] + "#4111111111#" + "tail " * 20
        assert found([Leaf(text)]) == [["#4111111111#"]], at


def test_a_text_without_any_gap_is_cut_all_the_same() -> None:
    for at in range(80, 130):
        assert found([Leaf("x" * at + "#4111111111#" + "x" * 200)]) == [["#4111111111#"]], at


def test_many_leaves_are_each_found_under_their_own_number() -> None:
    leaves = [Leaf(f"leaf #{n}#" if n % 3 else "") for n in range(200)]
    assert found(leaves) == [[f"#{n}#"] if n % 3 else [] for n in range(200)]


def test_long_and_short_leaves_mix() -> None:
    leaves = [Leaf("#1#"), Leaf("a " * 400 + "#2#"), Leaf(""), Leaf("#3# " + "b" * 70), Leaf("#4#")]
    assert found(leaves) == [["#1#"], ["#2#"], [], ["#3#"], ["#4#"]]


def test_no_piece_is_larger_than_it_may_be() -> None:
    leaves = [Leaf("x" * size) for size in (1, 59, 60, 61, 99, 100, 101, 350, 5, 5)]
    for piece in pieces(leaves):
        assert sum(len(leaf.text) for leaf in piece.leaves) <= 100 + 2 * 20
        assert len(piece.leaves) == len(piece.windows) <= 24 + 3


def test_the_last_leaves_of_a_piece_are_shown_to_the_next() -> None:
    shown = [[leaf.text for leaf in piece.leaves] for piece in pieces([Leaf(f"line {n:02}") for n in range(12)])]
    assert all(before[-2:] == after[:2] for before, after in pairwise(shown))


def test_every_window_of_a_table_sees_what_its_columns_are() -> None:
    text = "id,name,ssn\n" + "".join(f"{n:03},Dana,#{n:03}#\n" for n in range(60))
    windows = list(pieces([Leaf(text)]))
    assert len(windows) > 5
    assert all(piece.leaves[0].text.startswith("id,name,ssn\n") for piece in windows)
    assert found([Leaf(text)]) == [[f"#{n:03}#" for n in range(60)]]


def test_leaves_keep_the_names_they_stand_under() -> None:
    (piece, *_) = pieces([Leaf("y" * 300, ("user", "ssn"))])
    assert piece.leaves[0].keys == ("user", "ssn")
