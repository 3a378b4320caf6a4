"""The vendors' shapes are loaded when something in a text could have one, and not before."""

from __future__ import annotations

import random
import re
import re._constants as op  # type: ignore[import-not-found]  # Python's own parser of patterns has no stubs
import re._parser as parser  # type: ignore[import-not-found]
import string
from collections.abc import Iterator
from typing import Any

import pytest

from mcp_gate.detect import triggers
from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.joined import join
from mcp_gate.detect.secrets import find as module
from mcp_gate.detect.secrets.find import Secrets, ShapesWanted, find_in
from mcp_gate.detect.secrets.signs import Region, regions
from mcp_gate.detect.secrets.triggers import Trigger, fired
from support.labelled import records
from support.scanning import rules as kept_rules

LETTERS = string.ascii_letters + string.digits
PRINTED = [chr(code) for code in range(33, 127)]


class Sampler:
    """Makes texts that a pattern matches, by walking it as Python's own parser reads it."""

    def __init__(self, pattern: str) -> None:
        flags = "".join(re.findall(r"\(\?([a-zA-Z]+)\)", pattern))
        self._tree = parser.parse(re.sub(r"\(\?[a-zA-Z]+\)", "", pattern), re.X if "x" in flags else 0)
        self._random = random.Random(pattern)
        self._groups: dict[Any, str] = {}

    def text(self) -> str:
        return self._of(self._tree)

    def _of(self, tree: Any) -> str:
        return "".join(self._one(code, value) for code, value in tree)

    def _one(self, code: Any, value: Any) -> str:
        if code is op.LITERAL:
            return chr(value)
        if code is op.NOT_LITERAL or code is op.ANY:
            return self._random.choice(LETTERS)
        if code is op.IN:
            chars = self._class(value)
            return self._random.choice([char for char in chars if char in LETTERS] or chars)
        if code is op.BRANCH:
            return self._of(self._random.choice(value[1]))
        if code is op.SUBPATTERN:
            self._groups[value[0]] = self._of(value[3])
            return self._groups[value[0]]
        if code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            return "".join(self._of(value[2]) for _ in range(value[0]))
        if code is op.ATOMIC_GROUP:
            return self._of(value)
        return self._groups.get(value, "") if code is op.GROUPREF else ""

    def _class(self, items: Any) -> list[str]:
        chars: list[str] = []
        for code, value in items:
            if code is op.LITERAL:
                chars.append(chr(value))
            elif code is op.RANGE:
                chars += [chr(c) for c in range(value[0], min(value[1], 126) + 1)]
            elif code is op.CATEGORY:
                word = str(value)
                base = string.digits if "DIGIT" in word else LETTERS + "_" if "WORD" in word else " "
                chars += [c for c in PRINTED if c not in base] if "NOT" in word else list(base)
        return [c for c in PRINTED if c not in chars] if items[0][0] is op.NEGATE else chars or ["x"]


def where(data: bytes) -> list[Region]:
    return regions(data, fired(data), triggers.find(data).get(triggers.Kind.RUN, ()))


def samples(times: int) -> Iterator[tuple[str, str]]:
    """Rules and texts of their shapes, the shortest that they take: what is real is longer and shows more."""
    kingfisher = pytest.importorskip("kingfisher_sdk", reason="kingfisher-secret-scanner is not there")
    rules = kingfisher.Rules(cache=True, cache_dir=kept_rules())
    scanner = kingfisher.Scanner(rules)
    unread = 0
    for rule in rules.metadata():
        if not rule["visible"]:
            continue
        try:
            sampler = Sampler(rules.detail(rule["id"])["detection_regex"])
        except re.error:  # written for another engine
            unread += 1
            continue
        for text in (sampler.text() for _ in range(times)):
            if any(found.visible for found in scanner.scan(f" {text} ".encode())):
                yield rule["id"], text
    assert unread < 50


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
def test_every_sample_of_a_vendors_shape_shows_a_sign_of_it() -> None:
    drawn = list(samples(3))
    assert len(drawn) > 500
    assert [(rule, text) for rule, text in drawn if not where(f" {text} \n".encode())] == []


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
def test_wherever_credentials_stand_in_a_long_text_the_parts_looked_at_hold_all_that_the_whole_does() -> None:
    dice = random.Random(3)
    drawn = [text for _, text in samples(1)] + [record.text for record in records(dice, 200)]
    dice.shuffle(drawn)
    quiet = "a quiet line of words in which nobody stands\n"
    text = "".join(f"{quiet * dice.choice((0, 1, 90, 200))}{one}\n" for one in drawn)
    parts = where(text.encode("ascii", "replace"))
    assert len(parts) > 30
    separators = fired(text.encode("ascii", "replace"))[Trigger.NAMED]
    assert found_in(text, parts) == found_in(text, [Region(0, len(text) + 1, frozenset(Trigger), separators)])


def found_in(text: str, parts: list[Region]) -> list[Finding]:
    leaves = [Leaf(text)]
    return Secrets.load(kept_rules()).find(leaves, join(leaves), parts).get(0, [])


@pytest.mark.parametrize(
    "text",
    ["hello", "The order was shipped on the 3rd, unfortunately without notes.", '{"id": "O-1", "total": 12.5}', ""],
)
def test_ordinary_words_and_numbers_show_none(text: str) -> None:
    assert where(f"{text}\n".encode()) == []


def test_a_long_run_of_hardly_any_characters_shows_none_and_one_of_many_does() -> None:
    for text, held in (("x" * 100, False), ("-" * 40, False), ("qwertzuiopasdfghjklyx", True)):
        assert bool(where(f"{text}\n".encode())) is held


def test_a_run_of_a_megabyte_is_looked_at_from_its_beginning() -> None:
    data = b"words " * 5_000 + b"qwertzuiopasdfghjklyx" * 40_000 + b" words" * 5_000
    (one,) = where(data)
    assert one.start < 30_000
    assert one.stop > len(data) - 30_000


def test_who_cannot_wait_is_told_that_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(text: str, *, shapes: bool) -> dict[int, list[Finding]]:
        joined = join([Leaf(text)])
        runs = triggers.find(joined.data).get(triggers.Kind.RUN, ())
        return find_in([Leaf(text)], joined, runs, shapes=shapes, most_signs=100)

    monkeypatch.setattr(module._Prepared, "loaded", None)
    assert at_once("hello", shapes=True) == {}
    with pytest.raises(ShapesWanted):
        at_once("x4Jq81mZp0vT", shapes=True)
    monkeypatch.setattr(module._Prepared, "loaded", Secrets(None))
    assert at_once("x4Jq81mZp0vT", shapes=False) == {}
