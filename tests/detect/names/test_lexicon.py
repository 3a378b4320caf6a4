"""The lists of names."""

import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.detect.names import lexicon as lists
from mcp_gate.detect.names.lexicon import NoNames, is_given, is_surname, lexicon


def test_names_of_many_countries_are_known() -> None:
    assert all(map(is_given, ("Anna", "Priya", "Wojciech", "Haruka", "Siobhán", "Ayşe", "Jean-Luc", "Дмитрий")))
    assert all(map(is_surname, ("Miller", "Nyström", "O'Brien", "Schmidt-Vogel", "Okonkwo", "Kowalczyk", "Deshpande")))


def test_names_in_other_letters_are_known_in_latin_ones_too() -> None:
    assert all(map(is_given, ("Keiko", "Ashok", "Faisal", "Xiuying", "Hyun-woo", "Svetlana", "Chinonso")))
    assert all(map(is_surname, ("Ogawa", "Kulkarni", "Barakat", "Kuznetsova", "Zhang", "Owusu")))


def test_other_words_are_not() -> None:
    assert not any(is_given(word) or is_surname(word) for word in ("Kubernetes", "Invoice", "Terraform", ""))


def test_nothing_of_the_package_runs() -> None:
    lexicon()
    assert "faker" not in sys.modules


def test_a_package_that_is_missing_or_another_is_said_and_no_reason_to_go_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Empty:
        version = "0"

        def locate_file(self, path: str) -> Path:
            return tmp_path / path

    def missing(_: str) -> Any:
        raise PackageNotFoundError

    try:
        lists.lexicon.cache_clear()
        monkeypatch.setattr("importlib.metadata.distribution", lambda _: Empty())
        with pytest.raises(NoNames, match="not those"):
            lexicon()
        monkeypatch.setattr("importlib.metadata.distribution", missing)
        with pytest.raises(NoNames, match="missing"):
            lexicon()
    finally:
        monkeypatch.undo()
        lists.lexicon.cache_clear()
