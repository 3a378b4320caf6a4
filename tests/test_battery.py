"""Every case of the battery that is due has a test that bears its id (`test_S084_...`, anywhere in a name)."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent

LATER: dict[str, str] = {}
"""Cases that need what is not there yet."""


def battery() -> dict[str, str]:
    """Titles by id."""
    lines = (HERE / "data" / "battery.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["id", "group", "title"]
    return {id: title for id, _, title in (line.split("\t") for line in lines[1:])}


def ids_of_tests() -> set[str]:
    """Ids in the names of tests."""
    found: set[str] = set()
    for file in HERE.rglob("test_*.py"):
        for name in re.findall(r"^ *(?:async )?def (test_\w+)\(", file.read_text(), re.M):
            found.update(re.findall(r"S\d{3}(?!\d)", name))
    return found


def test_every_case_has_a_test_that_bears_its_id() -> None:
    there = ids_of_tests() | LATER.keys()
    missing = {id: title for id, title in battery().items() if id not in there}
    assert missing == {}


def test_what_is_put_off_is_a_case_and_has_no_test() -> None:
    assert LATER.keys() <= battery().keys()
    assert LATER.keys() & ids_of_tests() == set()
