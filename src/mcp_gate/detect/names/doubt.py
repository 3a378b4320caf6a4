"""Whether what the model takes for somebody's name is rather nobody's: by lists of names, and by what stands around it.

A full name that is known is believed. The less is known of a word, the more has to speak for a person: a title, a verb
that only people do, a word that people are spoken to or of with.
"""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect.commonwords import THINGS
from mcp_gate.detect.names.common import COMPANY
from mcp_gate.detect.names.lexicon import is_given, is_surname
from mcp_gate.detect.names.namesakes import EITHER, NEVER, PHRASES
from mcp_gate.detect.names.things import SURNAMES, is_thing

_SURE, _LIKELY = 0.9, 0.6
"""What the model has to think of a word that no list has, and of one that may be a surname."""
_FAR: Final = 48
_INNER: Final = re.compile(r"[A-Z]{2}[a-z]|(?<![A-Z]c)(?<!Mac)(?<!De)(?<!Di)(?<!Le)(?<!La)(?<!Fitz)(?<=[a-z])[A-Z]")
_AMPERSAND: Final = re.compile(r"(?:['’]s)?,? & ?(\w*)")
_AMPERSAND_BEFORE: Final = re.compile(r"(?:(\w+)(?:['’]s)? )?& ?\Z")
_LOADED: Final = re.compile(r"(?:\A|\n)[ \t]*(?:import|from|use|using|require|package|module|include|@\w+)\b[^\n]*\Z")
_QUOTED_CODE: Final = re.compile(r"`\Z|\[\Z")
_THE: Final = re.compile(r"\b(?:[Tt]he|[Aa]n?|[Oo]ur|[Ee]ach|[Ee]very|[Aa]ny|[Oo]ne|[Nn]ew) \Z")
_NOUN: Final = re.compile(
    r"[ -](?!(?:family|case|estate|household|wedding|funeral|and|or|who|has|had|is|was)\b)[a-z]{3,}"
)
_DOES: Final = re.compile(
    r" (?:(?:also|now|currently|still|no longer|just|might|will|can|does(?:n't| not)?|is|are|was"
    r"|has been) )?(?:an? (?:\w+,? ){0,4}(?:\w*ware|tool|library|framework|package|language|service|server|client"
    r"|program|film|firm|company|database|engine|standard|protocol|plugin|module|platform|brand|city|town)|provides?"
    r"|supports?|includes?|contains?|requires?|allows?|returns?|raised?|aims? to|offers?|listening|crashed|exited"
    r"|released|beats|acquire[sd]?|ships|shipped|handles?|implements?|depends|generates?|launche[sd]|unveil(?:s|ed)"
    r"|announce[sd]|rebalanced|restart(?:ed|ing|s)|start(?:s|ed|ing)? (?:in|up|on|with)|running|installed|migrated"
    r"|upgraded|deployed|compiled|designed|licensed|intended|built|based on|available|written in|used (?:to|for|by)"
    r"|deprecated|required|tries to|provide)\b"
)
"""What programs and firms do and are, and people hardly."""
_SENTENCE_BEFORE: Final = re.compile(r"[^.!?\n:]{0,240}\Z")
_SENTENCE_AFTER: Final = re.compile(r"[^.!?\n]*")
_LONGER: Final = re.compile(r"[^\W\d_]{4,}")
_LOG: Final = re.compile(r"\b(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL|NOTICE)\]?:? +\Z")
_TECHNICAL: Final = re.compile(r"`|://|::|\(\)|->|=>|\b\d+\.\d+\.\d|\w_\w|[{}=]|^\s*#|\[\d+\]|\*\*?\w", re.MULTILINE)
_SPOKEN_TO: Final = re.compile(
    r"\b(?:mrs?|ms|miss|mx|dr|prof|professor|sir|madam|herr|frau|mme|sra?|doctor|nurse|patient|customer|client"
    r"|engineer|manager|agent|caller|user|guest|tenant|driver|author|reviewer|assignee|reporter|brother|sister|son"
    r"|daughter|kid|wife|husband|friend|colleague|boss|mother|father|uncle|aunt|officer|detective|judge|captain"
    r"|attorney|teacher|employee|maintainer|approver|speaker|named?|ask(?:ed|s)?|ping(?:ed)?|tell|told|met|thanks?|hi"
    r"|hello|dear|hey|cc|says?|said|called|him|her|let)[.,:]? ?\Z",
    re.IGNORECASE,
)
_SPEAKS: Final = re.compile(
    r" (?:said|says|asked|asks|wrote|writes|told|replied|wants|wanted|thinks|thought|knows|knew|called|emailed|lives"
    r"|lived|moved|joined|left|approved|agreed|met|spoke|mentioned|suggested|prefers|had|spent|began|shouted|argued"
    r"|explained|paid|bought|born|died|married|confirmed|complained|forgot)\b"
)
_SPOKEN_OF: Final = re.compile(
    r"\b(?:with|by|from|to|for|and|but|that|why is|why does|than|as|between|via|early|remember me,)[.,:]? ?\Z",
    re.IGNORECASE,
)
_ACTS: Final = re.compile(
    r" (?:needs|sent|works?|worked|ordered|would|has|was|were|is|noted|never|always|can|could|will|who|and|or|did"
    r"|does)\b|['’]s\b|[,!?] |[.!?]?\s*\Z"
)
_ANOTHER: Final = re.compile(r"(?:,| and| or|,? &) ([^\W\d_a-z][^\W\d_]+)")
_ANOTHER_BEFORE: Final = re.compile(r"([^\W\d_a-z][^\W\d_]+)(?:,| and| or) \Z")
"""Somebody else, whose given name is known."""
_JOINT: Final = r"(?:,? (?:and|or|und|et|y)|,|;|/)"
_WITH_FIRM: Final = re.compile(rf"{_JOINT} (?P<name>[A-Z][\w&.'’-]*(?: (?:& )?[A-Z][\w&.'’-]*)*)")
_WITH_FIRM_BEFORE: Final = re.compile(rf"(?P<name>[A-Z][\w&.'’-]*(?: (?:& )?[A-Z][\w&.'’-]*)*){_JOINT} \Z")


def is_of_things(text: str, start: int, end: int) -> bool:
    """Whether words that stand where names stand are the name of a thing or a firm after all."""
    if is_thing(text, start, end) or COMPANY.search(text, start, end) or COMPANY.match(text, end):
        return True
    first, *others = text[start:end].split(" ")
    if not others or not others[-1].endswith("s") or is_given(first) or not is_surname(first):
        return False
    return not any(is_given(other) or is_surname(other) for other in others)  # `Brandt Instruments`


def is_only_given(name: str) -> bool:
    """Whether a single word is known as a given name, and is no surname and nothing else."""
    return is_given(name) and not is_surname(name) and name not in EITHER


def is_doubtful(text: str, start: int, end: int, sure: float) -> bool:
    """Whether too little speaks for it.

    Args:
        sure: what the model thinks of the surest word of it.
    """
    name = text[start:end]
    parts = [part for part in re.split(r"[\s,]+", name) if len(part.strip(".")) > 1 and part[0].isupper()]
    known = sum(is_given(part) or is_surname(part) for part in parts)
    modified = _THE.search(text, max(0, start - 8), start) is not None and _NOUN.match(text, end) is not None
    if len(parts) > 1:
        return _are_doubtful(text, start, end, parts, known, sure) or (modified and not _begins_given(parts))
    if name.isupper() or _INNER.search(name) or modified or _is_of_firm(text, start, end):
        return True
    return _is_doubtful_alone(text, start, end, sure)


def _are_doubtful(text: str, start: int, end: int, parts: list[str], known: int, sure: float) -> bool:
    if COMPANY.search(text, start, end) or any(part in THINGS and part not in SURNAMES for part in parts[1:]):
        return True
    if _AMPERSAND_BEFORE.search(text, max(0, start - 3), start) or (
        "," in text[start:end] and (_AMPERSAND.match(text, end) or not (is_surname(parts[0]) or is_given(parts[1])))
    ):
        return True
    if known == len(parts):
        return False
    if _is_in_headline(text, start, end) or (known and not any(map(is_given, parts)) and is_surname(parts[0])):
        return not _has_cue(text, start, end)
    cued = _has_cue(text, start, end) or _has_weak_cue(text, start, end)
    return not known and (text[start:end].isupper() or (sure < _SURE and not cued))


def _begins_given(parts: list[str]) -> bool:
    return is_only_given(parts[0]) or (is_given(parts[0]) and is_surname(parts[-1]) and "_".join(parts) not in PHRASES)


def _is_doubtful_alone(text: str, start: int, end: int, sure: float) -> bool:
    name = text[start:end]
    given = is_given(name) and name not in EITHER
    if _LOADED.search(text, max(0, start - _FAR), start):
        return True
    if _DOES.match(text, end) and (not given or _LOG.search(text, max(0, start - _FAR), start)):
        return True
    if given:
        return False
    if _QUOTED_CODE.search(text, max(0, start - 1), start) or _is_in_headline(text, start, end):
        return True
    if _has_cue(text, start, end):
        return False
    if _TECHNICAL.search(text):
        return True
    return sure < (_LIKELY if is_surname(name) else _SURE) and not _has_weak_cue(text, start, end)


def _has_cue(text: str, start: int, end: int) -> bool:
    before = _before(text, start)
    if _SPOKEN_TO.search(before) or _SPEAKS.match(text, end):
        return True
    other = _ANOTHER_BEFORE.search(before) or _ANOTHER.match(text, end)
    return other is not None and is_only_given(other[1])


def _has_weak_cue(text: str, start: int, end: int) -> bool:
    return _SPOKEN_OF.search(_before(text, start)) is not None or _ACTS.match(text, end) is not None


def _before(text: str, start: int) -> str:
    return text[max(0, start - _FAR) : start].rstrip("\"'“(")


def _is_of_firm(text: str, start: int, end: int) -> bool:
    """Whether an ampersand joins it to something, or it stands in one row with a firm."""
    name = text[start:end]
    joined = _AMPERSAND.match(text, end) or _AMPERSAND_BEFORE.search(text, max(0, start - _FAR), start)
    if joined:
        return not (is_only_given(name) and is_only_given(joined[1] or ""))  # `Anna & Tomasz` are no firm
    for other in (_WITH_FIRM.match(text, end), _WITH_FIRM_BEFORE.search(text, max(0, start - _FAR), start)):
        if other and (COMPANY.search(text, *other.span("name")) or other["name"].split(" ")[0] in NEVER):
            return not is_given(name)
    return False


def _is_in_headline(text: str, start: int, end: int) -> bool:
    """Whether hardly a word of the sentence has no capital, beside names."""
    before, after = _SENTENCE_BEFORE.search(text, 0, start), _SENTENCE_AFTER.match(text, end)
    longer = _LONGER.findall(f"{before[0] if before else ''} {after[0] if after else ''}")
    small = sum(word[0].islower() for word in longer)
    others = [word for word in longer if not (is_given(word) or is_surname(word))]
    return len(others) > 2 and small <= len(longer) // 8
