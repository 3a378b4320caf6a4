"""The vendors' shapes are loaded when something in a text could have one, and not before."""

from __future__ import annotations

import random
import re
import re._constants as op  # type: ignore[import-not-found]  # Python's own parser of patterns has no stubs
import re._parser as parser  # type: ignore[import-not-found]
import string
from typing import Any

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.secrets import find as module
from mcp_gate.detect.secrets.find import Secrets, ShapesWanted, find
from mcp_gate.detect.secrets.signs import may_hold_shapes
from mcp_gate.detect.secrets.triggers import fired
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


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")
def test_every_sample_of_a_vendors_shape_shows_a_sign_of_it() -> None:
    """Samples are the shortest that a rule takes, so what the rules take is longer and shows more."""
    kingfisher = pytest.importorskip("kingfisher_sdk", reason="kingfisher-secret-scanner is not there")
    rules = kingfisher.Rules(cache=True, cache_dir=kept_rules())
    scanner = kingfisher.Scanner(rules)
    seen, unread, unseen = 0, 0, []
    for rule in rules.metadata():
        if not rule["visible"]:
            continue
        try:
            sampler = Sampler(rules.detail(rule["id"])["detection_regex"])
        except re.error:  # written for another engine
            unread += 1
            continue
        for text in (sampler.text() for _ in range(3)):
            data = f" {text} ".encode()
            if any(found.visible for found in scanner.scan(data)):
                seen += 1
                unseen += [] if may_hold_shapes(data, fired(data)) else [(rule["id"], text)]
    assert seen > 500
    assert unread < 50
    assert unseen == []


@pytest.mark.parametrize(
    "text",
    ["hello", "The order was shipped on the 3rd, unfortunately without notes.", '{"id": "O-1", "total": 12.5}', ""],
)
def test_ordinary_words_and_numbers_show_none(text: str) -> None:
    assert not may_hold_shapes(text.encode(), fired(text.encode()))


def test_a_long_run_of_hardly_any_characters_shows_none_and_one_of_many_does() -> None:
    for text, held in (("x" * 100, False), ("-" * 40, False), ("qwertzuiopasdfghjklyx", True)):
        assert may_hold_shapes(text.encode(), fired(text.encode())) is held


def test_who_cannot_wait_is_told_that_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module._Prepared, "loaded", None)
    assert find([Leaf("hello")], at_once=True) == [[]]
    with pytest.raises(ShapesWanted):
        find([Leaf("x4Jq81mZp0vT")], at_once=True)
    monkeypatch.setattr(module._Prepared, "loaded", Secrets(None))
    assert find([Leaf("x4Jq81mZp0vT")], shapes=False, at_once=True) == [[]]
