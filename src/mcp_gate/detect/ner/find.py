"""Names and addresses in the prose of some leaves, as far as time goes."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from typing import Final, Protocol

from mcp_gate.detect import commonwords
from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.detect.names.common import CODES, COMMON
from mcp_gate.detect.names.headings import is_named_beside
from mcp_gate.detect.names.things import is_thing
from mcp_gate.detect.ner.model import Model, Word
from mcp_gate.detect.ner.spans import HUMP, spans

_JSON: Final = re.compile(r"\s*[{\[]\s*[\"{\[]")
_STRING: Final = re.compile(r'(?:"(?:[^"\\]|\\.){1,40}"\s*:\s*)?"((?:[^"\\]|\\.)*)"(\s*:)?')
"""A string of JSON, with the short name it has: the network knows a name better by its heading."""
_PARAGRAPH: Final = re.compile(r"\S(?:[^\n]|\n(?!\s*\n\s*\n))*")
_NAME: Final = re.compile(r"(?<![\w./#$-])[^\W\d_a-z][^\W\d_]+(?:['’][^\W\d_]+)?(?![\w/@=(])")
_NOBODY: Final = COMMON | CODES | commonwords.COMMON
"""What is no reason to look, though some of it can be a part of a name that is found by its others."""
_LONGEST: Final = 480
"""Characters that the network sees at once: what it was made for; more cost more than in proportion."""
_CUT: Final = re.compile(r"(?<=[.!?;])\s+|\n|\s+")


class Labels(Protocol):
    """What `Model` does."""

    def words(self, text: str, names: Iterable[tuple[int, int]]) -> list[Word]: ...


def find(
    leaves: Sequence[Leaf],
    found: Sequence[Sequence[Finding]],
    budget_ms: float,
    clock: Callable[[], float] = time.thread_time,
    model: Labels | None = None,
) -> tuple[list[list[Finding]], bool]:
    """For every leaf the names and addresses in its prose, and whether time ran out before the end.

    Args:
        found: what other detectors found in each leaf, sorted, none overlapping: no name is looked for there.
        budget_ms: how long it may take; at least one piece of text is looked at.
        clock: seconds; by default the time that this thread worked, so that a busy machine changes nothing.
        model: what labels words; by default the one of the package, loaded once in a process.

    Raises:
        NoModel: it is not installed, or is not what it should be.
    """
    model = model or _loaded()
    out: list[list[Finding]] = [[] for _ in leaves]
    end = clock() + budget_ms / 1000
    looked = False
    for leaf, covered, own in zip(leaves, found, out, strict=True):
        for start, stop, names in _pieces(leaf.text, covered):
            if looked and clock() > end:
                return out, True
            looked = True
            text = leaf.text[start:stop]
            words = model.words(text, names)
            here = (f.at(f.start + start, f.end + start) for f in spans(text, words) if not _bears(text, f))
            own += [f for f in here if f.entity != "PERSON" or not is_named_beside(leaf.text, f.start)]
        own += _again(leaf.text, own)
    return out, False


def wanted(leaves: Sequence[Leaf]) -> bool:
    """Whether there is any prose in which a word could be a name."""
    return any(True for leaf in leaves for _ in _pieces(leaf.text, ()))


@cache
def _loaded() -> Model:
    return Model()


def _pieces(text: str, covered: Sequence[Finding]) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Stretches of prose in which words could be names, and where in one these are."""
    if " " not in text:
        return
    in_json = _JSON.match(text) is not None
    for stretch in (_STRING if in_json else _PARAGRAPH).finditer(text):
        if in_json and stretch[2] is not None:
            continue
        for start, end in _parts(text, *stretch.span()):
            if text.find(" ", start, end) < 0:
                continue
            words = _NAME.finditer(text, start, end)
            if names := [(word.start() - start, word.end() - start) for word in words if _could_be(word, covered)]:
                yield start, end, names


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A long stretch in parts, cut where a sentence or a line ends if one does."""
    while end - start > _LONGEST:
        cuts = list(_CUT.finditer(text, start + _LONGEST // 2, start + _LONGEST))
        good = [cut.end() for cut in cuts if "\n" in cut.group() or text[cut.start() - 1] in ".!?;"]
        cut = (good or [cut.end() for cut in cuts] or [start + _LONGEST])[-1]
        yield start, cut
        start = cut
    yield start, end


def _could_be(name: re.Match[str], covered: Sequence[Finding]) -> bool:
    word = name.group()
    if word in _NOBODY or not word[0].isupper() or HUMP.search(word):
        return False
    before = bisect_right(covered, name.start(), key=attrgetter("start")) - 1
    return before < 0 or covered[before].end < name.end()


def _bears(text: str, found: Finding) -> bool:
    """Whether a word that stands for somebody here is the name of a thing where it stands again."""
    word = text[found.start : found.end]
    if found.entity != "PERSON" or " " in word or text.count(word) < 2:
        return False
    places = re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    return any(is_thing(text, *place.span()) for place in places)


def _again(text: str, found: Sequence[Finding]) -> Iterator[Finding]:
    """The words of names that were found, wherever else they stand."""
    names = {text[one.start : one.end]: one for one in found if one.entity == "PERSON"}
    words = {
        word: one for name, one in names.items() for word in re.findall(r"[^\W\d_]{4,}", name) if word[0].isupper()
    }
    if not words or sum(map(text.count, words)) <= len(words):
        return
    for again in re.finditer(r"(?<![\w@./-])(?:" + "|".join(map(re.escape, words)) + r")(?![\w@/-])", text):
        if not any(one.start < again.end() and again.start() < one.end for one in found):
            first = words[again.group()]
            yield Finding(again.start(), again.end(), first.entity, first.score, "the same name")
