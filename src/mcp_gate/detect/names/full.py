"""Full names in running text: words with capitals, the first known as a given name, the last as a surname."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mcp_gate.detect.commonwords import COMMON, THINGS
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.common import COMMON as NOBODY
from mcp_gate.detect.names.common import COMPANY
from mcp_gate.detect.names.doubt import is_only_given
from mcp_gate.detect.names.evidence import is_made_as_things, is_surname_like
from mcp_gate.detect.names.headings import is_named_beside, is_under_thing
from mcp_gate.detect.names.lexicon import is_given, is_plain
from mcp_gate.detect.names.namesakes import AFTER, BEFORE, EITHER, PLAIN
from mcp_gate.detect.names.things import SURNAMES, is_thing

_WORD: Final = r"(?:(?:[DO]['’]|Mc|Mac|al-|El-)?[^\W\d_a-z][^\W\d_]+(?:['’-][^\W\d_]{2,})*)"
_PARTICLE: Final = r"(?:van|von|de|der|den|da|dos|das|do|di|du|la|le|del|della|bin|ibn|al|el|ter|ten|zu|af|av|y|e)"
_CHAIN: Final = re.compile(
    rf"{_WORD}(?: (?:[A-Z]\.? ){{0,2}}(?:{_PARTICLE} ){{0,2}}(?:St\. )?{_WORD})+(?![\w@/=(\\-]|\.\w)"
)
_SMALL: Final = re.compile(rf"{_PARTICLE}|[A-Z]\.?|St\.")
_NOBLE: Final = frozenset({"van", "von", "der", "den", "de", "le", "la", "del", "della", "bin", "al", "ter", "St."})
"""What stands before a surname and nothing else."""
_IN_WORD: Final = frozenset("'’-.")
_GLUED: Final = frozenset("_@/.#$-=\\")
"""Before a word these make something else of it: an identifier, a path."""
_MODIFIES: Final = re.compile(r"\b(?:[Tt]he|[Aa]n?|[Oo]ur|[Yy]our|this|that)(?: (?:new|old|next|nearest|local))? \Z")
_NOUN: Final = re.compile(
    r"[ -](?!(?:had|has|was|were|will|would|could|should|did|does|and|who|said"
    r"|version|concert|novel|speech|interview|biography)\b)[a-z]{3,}"
)
"""What somebody's name makes that of a thing with; not what is somebody's own, nor what somebody does."""
_JOINED: Final = re.compile(r",? & [A-Z]")
"""What goes on as the name of a firm: `Anna Schmidt & Sons`."""
_MOST_LETTERS: Final = 24
"""Of a word that is looked for in one step."""
_ANYBODY: Final = frozenset({"John", "Jane"})
"""With `Doe`, what forms and schemas have in them until somebody puts a name there."""
_MOST: Final = 4
"""Words with capitals in a name, without what is put before it."""


def find(text: str, ends: Sequence[int], known: Iterable[Finding] = ()) -> Iterator[Finding]:
    """Names of which a later word has its third letter before one of these places.

    Args:
        known: what was found already.
    """
    taken: frozenset[int] | None = None
    done = 0
    for end in ends:
        if end <= done or _is_nobodys(text, end - 3):
            continue
        chain = _CHAIN.match(text, _begin(text, end - 3))
        if chain is None:
            continue
        done = chain.end()
        if taken is None:
            taken = frozenset([one.start for one in known])
        if chain.start() in taken:
            continue
        if place := _name(text, *chain.span()):
            yield Finding(*place, "PERSON", 0.65, "full_name")


def _is_nobodys(text: str, start: int) -> bool:
    """Whether the word at `start`, which stands behind another, can be no part of a name: a name that begins behind it
    has a later word to be found by."""
    word = text[start : start + _MOST_LETTERS].partition(" ")[0]
    if word not in COMMON and word not in NOBODY:
        return False
    return text[max(0, start - _MOST_LETTERS) : start].rpartition(" ")[0].rpartition(" ")[2] not in _NOBLE


def _begin(text: str, start: int) -> int:
    """Where the first of the words with capitals begins that one at `start` goes on from."""
    last = start
    for _ in range(2 * _MOST):
        at = start - 1
        if at < 1 or text[at] != " ":
            break
        gap = text.rfind(" ", max(0, at - _MOST_LETTERS), at)
        if (gap >= 0 or at <= _MOST_LETTERS) and text[gap + 1 : at].isalpha():  # as most are
            at = gap + 1
        while at > 0 and (text[at - 1].isalpha() or text[at - 1] in _IN_WORD):
            at -= 1
        while text[at] in _IN_WORD:  # a quote before it
            at += 1
        word = text[at : start - 1]
        if not word or not (word[0].isupper() or _SMALL.fullmatch(word)):
            break
        start = at
    while start < last and not text[start].isupper():  # a particle before the first word
        start = text.index(" ", start) + 1
    return start


def _name(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The name in a chain of words, if it is one's."""
    if start and (text[start - 1].isalnum() or text[start - 1] in _GLUED):
        return None
    words = text[start:end].split(" ")
    while words and (
        words[0] in COMMON or words[0] in NOBODY or words[0] == "Pt"
    ):  # `The Anna Lee`, `Customer Anna Lee`
        start += len(words.pop(0)) + 1
    while len(words) > 2 and not _may_begin(words[0]) and is_only_given(words[1]):  # `Vet Anna Lee`
        start += len(words.pop(0)) + 1
    if len(words) < 2:
        return None
    large = [word for word in words if not _SMALL.fullmatch(word)]
    if large[-1:] == ["Doe"] and large[0] in _ANYBODY:
        return None
    if len(large) > 1 and words[-2] in _NOBLE:  # whatever is called so is called so as a family
        large.pop()
        large.append("Lee")
    if not 2 <= len(large) <= _MOST or not _are_known(large) or not _stands_alone(text, start, end):
        return None
    thing = is_thing(text, start, end) or is_under_thing(text, start, end) or is_named_beside(text, start)
    return None if thing else (start, end)


def _may_begin(word: str) -> bool:
    """Whether a name may begin with a word, or with what stands before it."""
    return is_surname_like(word) or _SMALL.fullmatch(word) is not None or word in EITHER


def _are_known(words: list[str]) -> bool:
    if any(word in COMMON or (word in THINGS and word not in SURNAMES) or word in NOBODY for word in words):
        return False
    if words[-1] in SURNAMES and words[0] in EITHER:  # `Madison Park`
        return False
    first, *others = words
    if is_given(first) and all(map(is_surname_like, others)):
        return True
    return len(first) > 2 and is_only_given(first) and all(map(_may_be_surname, others))


def _may_be_surname(word: str) -> bool:
    """Whether a word behind a given name may be a surname that no list has: it is not made as words for things are."""
    if is_made_as_things(word) or word in PLAIN or word.lower() in AFTER | BEFORE:
        return False
    return not is_plain(word)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether what stands around it does not make it the name of a firm, a place or a part of something."""
    if COMPANY.match(text, end) or _JOINED.match(text, end):
        return False
    return not (_MODIFIES.search(text, max(0, start - 16), start) and _NOUN.match(text, end))
