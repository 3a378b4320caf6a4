"""How much the words of a name alone speak for somebody, by the lists of names and of words that are none."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect.names.lexicon import is_given, is_plain, is_surname
from mcp_gate.detect.remembered import remembered

SURNAME: Final = re.compile(
    r"(?:[^\W\d_]{3}(?:sen|sson|dottir|ski|sky|ska|wicz|czyk|ov[aá]|enko|ovi[cć]|opoulos|oğlu|oglu|escu|inen|qvist|ström|strom|gård|"
    r"berg|stein|mann|feld|hoff|ez|etti|elli|ucci|eira|inho|ian|yan|nen|iak))\Z|\A(?:[OD]['’]|Mc|Mac|Fitz|Al-|El-)[A-Z]|[^\W\d_]-[A-Z]"
    r"|[øåæłżźćńśšžčřěýůğşıçñãõêâôûîëïößðþ]"
)
"""What surnames end or begin with, and letters that no English word has."""
_OF_THINGS: Final = re.compile(
    r"-|(?:ing|ings|tions?|sions?|ments?|ness|ity|ities|ics|izers?|isers?|ware|ships?|able|ible|ful|less|ances?|ences?"
    r"|ology|graphy|graphs?|ists?|ages?|ures?|ors?|ive|ous|al|ary|ory|ed|ly|um|ware|book|board|time|line|house|land"
    r"|works?|shop|port|way|store|room|side|light|point|mix|red|blue|hall|center|centre|cup|pie|tea"
    r"|(?:et|ck|ll|er|ar|or|ow|nt|rd|nd|ick|ish|ian|if|ir|al|id|ig|um|en|on|ob|ub)s|(?:ag|son|ton|lan|fan|et|at|if|ph|en|ad|al)ic|tical|demical)\Z"
)
"""How words for things end, and names of people hardly."""
_SMALL: Final = re.compile(r"[a-zà-ÿ'’]+|[^\W\d_]\.?|St\.")
"""Particles and initials."""
_OWNS: Final = re.compile(r"['’]s\Z")


@remembered
def is_surname_like(word: str) -> bool:
    """Whether a word is known as a name, or is made like a surname."""
    return is_surname(word) or is_given(word) or SURNAME.search(word) is not None


def is_made_as_things(word: str) -> bool:
    """Whether it ends as words for things do, and hardly a name: `Hornets`, `Athletic`."""
    return _OF_THINGS.search(word) is not None


@remembered
def is_likely(name: str) -> bool:
    """Whether the first word is known as a given name or the last as a surname, in this order; behind a comma, or in
    the other one where all of it are names as well."""
    words = [word for word in name.replace(",", "").split() if not _SMALL.fullmatch(word)]
    if len(words) < 2 or "," in name:
        return any(map(is_surname_like, words))
    first, last = words[0], _OWNS.sub("", words[-1])
    if is_given(first):
        return True
    if is_surname(first) and not is_surname(last):  # `Palo Alto`, which some are called in their countries
        return SURNAME.search(last) is not None
    return is_surname(last) or SURNAME.search(last) is not None


@remembered
def without_plain(name: str) -> str:
    """A name up to a word that is none in any list and that everybody uses; empty where too little stands before it."""
    words = name.split(" ")
    for place, word in enumerate(words):
        if len(word) > 2 and word[0].isupper() and is_plain(_OWNS.sub("", word.strip(",."))):
            kept = " ".join(words[:place]).rstrip(", ")
            return kept if place > 1 and is_given(words[0]) and is_surname(words[place - 1]) else ""
    return name
