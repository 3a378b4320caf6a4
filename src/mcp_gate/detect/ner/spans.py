"""From labelled words to people and addresses, without what only looks like them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.common import COMMON, COMPANY
from mcp_gate.detect.names.doubt import is_doubtful, is_only_given, is_ordinary
from mcp_gate.detect.names.headings import column, is_place, is_under_thing
from mcp_gate.detect.names.namesakes import NEVER
from mcp_gate.detect.names.things import is_thing
from mcp_gate.detect.ner.model import KINDS, Word

_PARTICLES: Final = r"van|von|de|der|den|da|dos|di|du|la|le|del|bin|al|el|ter|ten|zu|af|av"
_BETWEEN: Final = {
    "PERSON": re.compile(
        rf"[^\S\n\t]{{0,2}}|,[^\S\n\t]?|\.[^\S\n\t]?|['’`-]|[^\S\n\t](?:(?:{_PARTICLES})[^\S\n\t]){{1,2}}"
        r"|[^\S\n\t](?:(?!v)[^\W\d_]\.?[^\S\n\t]){1,2}"
    ),
    "ADDRESS": re.compile(r"[\s,.;/#()}?-]{0,8}(?:[\w'’]{1,16}[\s,.;/#()}?-]{1,8}){0,2}"),
}
"""What may stand between two words of one."""
_MORE_AFTER: Final = re.compile(
    rf"(?:[^\S\n](?:{_PARTICLES})){{0,2}}[^\S\n](?:(?!v\b)[^\W\d_]\.?[^\S\n])?(?P<word>[^\W\d_]+(?:['’-][^\W\d_]+)*)"
)
_MORE_BEFORE: Final = re.compile(r"(?<![\w.])(?P<word>[^\W\d_]{2,}(?:['’-][^\W\d_]+)*)[^\S\n](?:[^\W\d_]\.?[^\S\n])?\Z")
_LETTERS: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_NUMBER_BEFORE: Final = re.compile(r"(?<![\w.-])\d{1,6}[ ,]{1,2}\Z")
_NUMBER_AFTER: Final = re.compile(r"[\s,}?]{1,8}(?:[^\W\d_][\w'’-]*[ ,]{1,2}){0,2}\d{4,6}(?![\w.-])")
_WORD_END: Final = re.compile(r"(?<!\w)[^\W\d_]{1,2}['’-]\Z")
_IN_NUMBER: Final = re.compile(r"\d[.,]$")
_SMALL: Final = re.compile(r"\"[^\W\d_]+ [a-zà-ÿ]+\"")
"""A value of a word with a capital letter and one without: something has that name, and nobody."""
_NOT_PLACE: Final = re.compile(
    r"\d[.,]\d\d(?!\d)|\b(?:vol|pp|issn|isbn|doi|section|pr|pull|issue|credits|ticket|case|ref|chapter|version|order|invoice|seat|gate"
    r"|menge|karton|anzahl|quantity|qty|cantidad|quantité|quantità|aircraft|flight|blutdruck|stück|pieces|pcs"
    r"|odometer|plate|summe|exit|train|wagon|vlan|trace|ean|sku|pallet|u\.s|use|limit|container|slot|track|platform)\b"
    r"|\bx \d|\d x\b|[a-z] \d-\d\Z|['\"] [A-Z]"
    r"|nummer\b|\bredis\b",
    re.IGNORECASE,
)
"""Prices, and what is numbered otherwise."""
HUMP: Final = re.compile(
    r"(?<!^Mc)(?<!^Mac)(?<!^Fitz)(?<!^De)(?<!^Di)(?<!^Du)(?<!^La)(?<!^Le)(?<![-'’ ]Mc)(?<=[a-zß-ÿ])[A-Z]"
)
_NO_ADDRESS: Final = re.compile(
    r"\d+\.\d+\.\d|\b\d{4}-\d\d-\d\d\b|\A[A-Z][a-z]+-\d+\Z|\b(?:DEBUG|INFO|WARN(?:ING)?|ERROR|TRACE|FATAL)\b"
    r"|;|\d\w{0,2}\. [A-Z]|\A[^\W\d]+(?: [^\W\d]+)*\n\d+\Z|#\d+, #"
)
"""Lines of logs, the end of a sentence and the next, a town in one row and the number of the next."""
_MODEL: Final = re.compile(r"(?:[^\W\d_]+ )*[A-Z]{3,} \d+")
"""`Ada RTX 6000`."""
_WITHOUT_STREET: Final = ({"BUILDING_NUMBER", "CITY", "ZIP_CODE"}, {"ZIP_CODE", "STATE"})
"""Without the name of a street it is the town with its code that makes an address: a floor or a seat makes none."""
_PRICE_ON: Final = re.compile(r"[.,]\d")
_POSTCODE: Final = re.compile(r"(?<=[A-Z]\d|\d[A-Z]|\d\d)[^\S\n]\d[A-Z]{2}\b")
"""The second half of a British one."""
_SENTENCE: Final = re.compile(
    r"(?<![\w'’-])(?!(?:street|road|lane|avenue|court|drive|unit|suite|flat|block|near|boulevard|chemin|place|calle|plaza"
    r"|paseo|avenida|piazza|viale|ulica|numero|número)\b)[a-zà-ÿ]{4,}(?![\w'’])"
)
"""A word in small letters that belongs to no address: between others it makes them a sentence."""
_OPEN: Final = frozenset(" \t\n\r\"'“”‘’«»()[]{}<>:;,.!?*|`-–—\\…")


def spans(text: str, words: Sequence[Word]) -> Iterator[Finding]:
    """People and addresses in a text whose words are labelled, in order."""
    everyday = frozenset(text[word.start : word.end] for word in words if word.whole)
    run: list[Word] = []
    for word in words:
        kind = _kind(word)
        if kind is None:
            continue
        if run and kind == _kind(run[-1]) and _goes_on(text, kind, run, word.start):
            run.append(word)
            continue
        yield from _finding(text, run, everyday)
        run = [word]
    yield from _finding(text, run, everyday)


def _goes_on(text: str, kind: str, run: Sequence[Word], end: int) -> bool:
    """Whether another word belongs to these, by what stands between them."""
    start = run[-1].end
    if kind == "PERSON" and text[start] == "," and text[start + 1].isalpha():
        return False  # the next cell of a row
    if kind == "PERSON" and text[start] == "," and (" " in text[run[0].start : start] or text[end].islower()):
        return False  # the next of a list; in `Lee, Ann` one word stands before the comma
    return _BETWEEN[kind].fullmatch(text, start, end) is not None and not _SENTENCE.search(text, start, end)


def _kind(word: Word) -> str | None:
    return KINDS.get(word.label)


def _finding(text: str, run: Sequence[Word], everyday: frozenset[str]) -> Iterator[Finding]:
    if not run:
        return
    kind = str(_kind(run[0]))
    found = _person(text, run, everyday) if kind == "PERSON" else _address(text, run)
    if kind == "ADDRESS" and not found:
        people = _among_places(text, run, everyday)
        yield from (Finding(*place, "PERSON", 0.7, "prose") for place in people if not is_thing(text, *place))
    if found:
        yield Finding(*found, kind, round(0.5 + 0.35 * max(word.score for word in run), 2), "prose")


# ---- people


def _person(text: str, run: Sequence[Word], everyday: frozenset[str]) -> tuple[int, int] | None:
    """A name begins with a capital letter, holds no digits and no signs of code, and is a word of its own."""
    run = _capital(text, run)
    start, end = _whole(text, run[0].start), run[-1].end
    name = text[start:end]
    opened = start == 0 or text[start - 1] in _OPEN or (text[start - 1] == "=" and " " in name)
    opened = opened or (text[start - 1] == "@" and is_only_given(name))
    alone = opened and (end == len(text) or (text[end] in _OPEN and (text[end] != "(" or " " in name)))
    if not name[0].isupper() or not alone:
        return None
    if HUMP.search(name) or (name in COMMON) or COMPANY.match(text, end):
        return None
    if _SMALL.match(text, max(0, start - 1)):
        return None
    wide = _widened(text, start, end, run, everyday)
    thing = is_thing(text, start, end) or is_thing(text, *wide) or is_under_thing(text, *wide)
    thing = thing or is_doubtful(text, *wide, max(word.score for word in run), everyday)
    return None if thing else wide


def _among_places(text: str, run: Sequence[Word], everyday: frozenset[str]) -> list[tuple[int, int]]:
    """Full names that the network took for places, of which the given name is known."""
    out: list[tuple[int, int]] = []
    for word in run:
        if out and word.start < out[-1][1]:
            continue
        end = _LETTERS.match(text, word.start)
        more = _MORE_AFTER.match(text, end.end()) if end and is_only_given(end[0]) else None
        if more and _could_be(more["word"], everyday) and more["word"] not in NEVER:
            place = word.start, more.end()
            if not (
                is_under_thing(text, *place)
                or COMPANY.match(text, place[1])
                or is_doubtful(text, *place, 0.5, everyday)
            ):
                out.append(place)
    return out


def _capital(text: str, run: Sequence[Word]) -> Sequence[Word]:
    """Without words in small letters at its ends, which the network takes along with a name."""
    while len(run) > 1 and text[run[-1].start].islower() and text[run[-1].start - 1] == " ":
        run = run[:-1]
    while len(run) > 1 and text[run[0].start].islower() and text[run[0].end] == " ":
        run = run[1:]
    return run


def _whole(text: str, start: int) -> int:
    """Where the word begins of which the network took the end for a name: `O'Halloran`."""
    begin = _WORD_END.search(text, max(0, start - 3), start + 1) if text[start] in "'’-" else None
    return begin.start() if begin else start


def _widened(text: str, start: int, end: int, run: Sequence[Word], everyday: frozenset[str]) -> tuple[int, int]:
    """With the words beside it that the network was not sure of: capital letters, and no everyday words."""
    count = len(text[start:end].split())
    after = _MORE_AFTER.match(text, end)
    if count < 3 and after and _could_be(after["word"], everyday) and not COMPANY.match(text, after.end()):
        end = after.end()
    before = _MORE_BEFORE.search(text, max(0, start - 40), start)
    if count < 2 and run[0].label == "SURNAME" and before and _could_be(before["word"], everyday):
        start = before.start("word")
    return start, end


def _could_be(word: str, everyday: frozenset[str]) -> bool:
    return word[0].isupper() and not word.isupper() and word not in COMMON and not is_ordinary(word, everyday)


# ---- addresses


def _address(text: str, run: Sequence[Word]) -> tuple[int, int] | None:
    """More than the name of a town, and not a number alone."""
    while run and text[run[-1].start : run[-1].end] in COMMON:
        run = run[:-1]
    if not run:
        return None
    labels = {word.label for word in run}
    start, end = run[0].start, run[-1].end
    if before := _NUMBER_BEFORE.search(text, max(0, start - 8), start):
        start = before.start()
    if (after := _NUMBER_AFTER.match(text, end)) and "ZIP_CODE" not in labels:
        end = after.end()
    if rest := _POSTCODE.match(text, end):
        end = rest.end()
    place = text[start:end]
    words = [word for word in run if text[word.start].isupper() and word.end - word.start >= 2]
    if (
        all(text[word.start : word.end] in NEVER for word in words)
        or not any(c.isdigit() for c in place)
        or len(place) < 8
        or HUMP.search(place)
    ):
        return None
    if not any(c.islower() for c in place) or _NO_ADDRESS.search(place) or _MODEL.fullmatch(place):
        return None
    if not place[0].isalnum() or _NOT_PLACE.search(place) or _IN_NUMBER.search(text, max(0, start - 2), start):
        return None
    if _PRICE_ON.match(text, end) or checks.is_example(text, start):
        return None
    heading = column(text, start)
    if heading and (not is_place(heading) or "\n" in place):
        return None
    return (start, end) if "STREET_NAME" in labels or any(labels >= parts for parts in _WITHOUT_STREET) else None
