"""What the name of a field says about its value: `customer.lastName`, `cc_num`, `DB_PASSWORD`.

The last word of a name tells what the field holds, those before it of whom or which: an `email_template` is a template,
a `template_email` an address. So every rule looks at the end of the name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from mcp_gate.detect.fieldrules import (
    FILLERS,
    GENERIC,
    NOT_WHOM,
    PARTS_OF_NAMES,
    PERSON_FIELDS,
    PERSONS,
    RULES,
    VOCABULARY,
    WEAK_PERSON,
    words,
)

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_NUMBERED: Final = re.compile(r"(?<=[a-z])\d{1,2}$")
_COMPILED: Final = tuple((entity, re.compile(f"(?:^|.* ){pattern}")) for entity, pattern in RULES.items())
_PERSON: Final = re.compile(f"(?:^|.* ){PERSONS}s?")
_PARTS: Final = words(
    "first given last family surname vorname nachname familienname prenom voornaam achternaam fornamn efternamn "
    "fornavn etternavn efternavn imie nazwisko etunimi sukunimi jmeno prijmeni apellido apellidos cognome sobrenome"
)
_LICENSE: Final = words("license licence")
"""Of a person one to drive, of anything else one to use it."""
_SECRET: Final = re.compile(r"(.+?)(passwords?|passwd|passphrase)")
"""Glued to whatever it is the password of: `PGPASSWORD`."""
_SHORT: Final = {"nm": "name", "nbr": "number", "nmbr": "number", "addrs": "address"}
NAME: Final = "PERSON?"
"""A field called `name` or so of something that is not known to be a person."""
WEAK: Final = "PERSON*"
"""A field that holds a person, if what it holds looks like a name of two words or more."""


@lru_cache(8192)
def entity_of(path: tuple[str, ...]) -> str | None:
    """What a value at this place is likely to be: an entity, `NAME`, `WEAK` or None.

    Args:
        path: the names it stands under, outermost first.
    """
    if not path:
        return None
    name = words_of(path[-1])
    above = words_of(path[-2]) if len(path) > 1 else ()
    kept = name
    while kept:  # first as it stands, then without the words that say nothing
        if entity := _by_rule(kept):
            return entity
        if kept[-1] not in FILLERS and not kept[-1].isdigit():
            break
        kept = kept[:-1]
    if len(name) > 1 and PARTS_OF_NAMES.issuperset(name):
        return "PERSON"
    if len(name) == 1 and name[0] in PARTS_OF_NAMES and above and _PERSON.fullmatch(" ".join(above)):
        return "PERSON"
    if " ".join(name) in _LICENSE and above and _PERSON.fullmatch(" ".join(above)):
        return "DRIVER_LICENSE"
    if above and len(name) < 6 and all(map(_says_nothing, name)):
        entity = entity_of((*path[:-2], " ".join((*above, *name))))
        if entity or name[-1:] not in (("name",), ("names",)):
            return entity
    if len(name) == 1 and name[0] in ("name", "names"):
        return "PERSON" if any(_PERSON.fullmatch(" ".join(words_of(key))) for key in path[-3:-1]) else NAME
    whom = name[:-1] if name[-2:] == ("caller", "id") else name
    return WEAK if whom and whom[-1].removesuffix("s") in PERSON_FIELDS and NOT_WHOM.isdisjoint(whom) else None


@lru_cache(1024)
def is_part(name: str) -> bool:
    """Whether a field of this name holds a part of the name of what its record is about."""
    parts = words_of(name)
    return len(parts) < 3 and (not _PARTS.isdisjoint(parts) or "".join(parts) in _PARTS)


@lru_cache(1024)
def is_first_or_last(name: str) -> bool:
    """Whether a field is called `first`, `last` or so and nothing else: two of them beside each other are a name."""
    parts = words_of(name)
    return len(parts) == 1 and parts[0] in PARTS_OF_NAMES


def _says_nothing(word: str) -> bool:
    return word in FILLERS or word in PARTS_OF_NAMES or word in GENERIC or word.isdigit()


def _by_rule(parts: tuple[str, ...]) -> str | None:
    if len(parts) > 1 and parts[-1] in PARTS_OF_NAMES and parts[-2] in ("name", "names"):
        return "PERSON"
    name = " ".join(parts)
    for entity, pattern in _COMPILED:
        if pattern.fullmatch(name):
            return WEAK if entity == "PERSON" and WEAK_PERSON.fullmatch(name) else entity
    return None


@lru_cache(8192)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a field's name in small letters, without accents; words that were run together are taken apart."""
    if len(name) > 80:
        return ()
    plain = name
    if not name.isascii():
        plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    parts: list[str] = []
    plain = plain.removesuffix("__c")  # as some name what they added themselves
    for word in _NOT_WORD.split(_CAMEL.sub("_", plain).lower().replace("ß", "ss")):
        if word:
            stem = _NUMBERED.sub("", word)
            secret = _SECRET.fullmatch(stem)
            parts.extend(_apart(stem) or (secret.groups() if secret else (_SHORT.get(stem, stem),)))
            if stem != word:
                parts.append(word[len(stem) :])
    return tuple(parts)


def _apart(word: str) -> tuple[str, ...] | None:
    """`telephonenumber` as two words, where all of it are words we know; the longest first."""
    if word in VOCABULARY or len(word) > 40:
        return (word,)
    for size in range(len(word) - 2, 1, -1):
        if word[:size] in VOCABULARY and (rest := _apart(word[size:])) and rest[0] in VOCABULARY:
            return (word[:size], *rest)
    return None
