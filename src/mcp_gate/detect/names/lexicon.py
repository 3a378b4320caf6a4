"""Given names and surnames of some eighty countries, from the package Faker, which is read and never run."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from mcp_gate.detect.kept import kept
from mcp_gate.detect.names import also
from mcp_gate.detect.remembered import remembered

PACKAGE: Final = "faker"
_LEAST: Final = 15_000
"""Names of each kind without which it is not the list that was expected."""
_LEAST_PLAIN: Final = 1_000
"""The same, of words that are none."""
_PROSE: Final = re.compile(r"\"([a-z]{3,})\"")
_ASSIGNED: Final = re.compile(r"^    (\w+)\b[^=\n]*=", re.MULTILINE)
_CAPITAL: Final = r"[^\W\d_a-z\u0590-\u10ff\u1100-\u1dff\u2c00-\ud7ff]"
"""A letter of a script that has capitals: only there a name shows."""
_TEXT: Final = re.compile(rf"[\"']({_CAPITAL}[^\"\\\n{{}}]{{1,40}})[\"']")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_GIVEN: Final = re.compile(r"first|given|middle")
_SURNAME: Final = re.compile(r"last|surname|family")
_OTHER: Final = re.compile(r"format|prefix|suffix|title")
_FEW: Final = 3
"""So many times as many countries tell what a name is."""
_ALIKE: Final = 3
"""Letters by which names begin alike."""
_MARKS: Final = re.compile("[\u0300-\u036f]+")
_LETTERS: Final = tuple(zip("øłđıæœþðß", ("o", "l", "d", "i", "ae", "oe", "th", "d", "ss"), strict=True))
"""Those that no mark makes of others."""


_LATIN: Final = str.maketrans(also.CYRILLIC)


class NoNames(Exception):
    """The lists of names are not there, or are not what they should be; the text says what helps."""


class Names:
    """Words of names, folded. Those that begin alike stand in one text, a line each: a fifth of a set's memory."""

    def __init__(self, alike: Iterable[str]) -> None:
        self._alike = {lines[1 : _ALIKE + 1].rstrip("\n"): lines for lines in alike}

    def __contains__(self, name: str) -> bool:
        return f"\n{name}\n" in self._alike.get(name[:_ALIKE], "")


class Lexicon(NamedTuple):
    """What is known of names."""

    given: Names
    surnames: Names
    old: Names
    """Given names that nobody was given for a century, many of which mean something else today."""
    plain: Names
    """Words of everyday English that are no names at all."""
    mostly: Names
    """Given names that are surnames as well, but in far fewer countries."""


def folded(word: str) -> str:
    """A word as the lexicon has it: small letters without marks."""
    return word.lower() if word.isascii() else _plain(word)


def _plain(text: str) -> str:
    text = text.lower()
    for letter, plain in _LETTERS:
        text = text.replace(letter, plain)
    return _MARKS.sub("", unicodedata.normalize("NFKD", text))


@cache
def lexicon() -> Lexicon:
    """Loaded once in a process, in tens of milliseconds, or in some where an earlier process kept it.

    Raises:
        NoNames: it cannot be had.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        raise NoNames("the lists of names are missing: install mcp-gate anew, with its dependencies") from None
    folder = Path(str(package.locate_file("faker/providers")))
    lists = kept(f"names 20 {package.version}".encode(), lambda: _written(folder)).decode().split("\0\0")
    return Lexicon(*(Names(names.split("\0")) for names in lists))


@remembered
def is_given(name: str) -> bool:
    """Whether somebody has this given name, or one of two that a hyphen joins."""
    return _holds(lexicon().given, name) or _holds(lexicon().old, name)


@remembered
def is_given_today(name: str) -> bool:
    """The same, without names that only the nineteenth century knew."""
    return _holds(lexicon().given, name)


def is_mostly_given(name: str) -> bool:
    """Whether it is a given name in many more countries than it is a surname in."""
    return folded(name) in lexicon().mostly


@remembered
def is_surname(name: str) -> bool:
    """Whether somebody has this surname, or one that a hyphen or an apostrophe joins it to."""
    return _holds(lexicon().surnames, name)


@remembered
def is_plain(word: str) -> bool:
    """Whether a word, or the one it is the plural of, is one that everybody uses and nobody is called by."""
    plain = folded(word)
    words = lexicon().plain
    return plain in words or (plain.endswith("s") and plain[:-1] in words and not is_surname(word))


def _holds(names: Names, name: str) -> bool:
    plain = folded(name)
    if plain in names:
        return True
    return not plain.isalpha() and any(part in names for part in _WORD.findall(plain))


def _written(folder: Path) -> bytes:
    """All lists, as `Names` takes them: names that begin alike, and the lists, stand apart by zeros."""
    read: dict[str, list[str]] = {"given": [], "old": [], "surname": []}
    read["given"] += also.GIVEN.split()
    read["surname"] += also.SURNAMES.split()
    countries: dict[str, Counter[str]] = {"given": Counter(), "surname": Counter()}
    for path in folder.glob("person/*/__init__.py"):
        old = path.parent.name == "en"  # of the nineteenth century: General, Press, Liberty
        here: dict[str, list[str]] = {"given": [], "old": [], "surname": []}
        for kind, names in _names(path.read_text("utf-8")):
            here["old" if old and kind == "given" else kind] += names
        for kind, names in here.items():
            read[kind] += names
            if kind in countries:
                countries[kind].update(_words(names))
    given = _words(read["given"])
    longer = [name for name in read["surname"] if " " in name]  # `de la Cruz`, but of `Mac Anna` nothing
    surnames = _words(name for name in read["surname"] if " " not in name)
    surnames |= _words(name.rpartition(" ")[2] for name in longer) - given
    past = _words(read["old"]) - given
    prose = "\n".join(path.read_text("utf-8") for path in folder.glob("lorem/en_US/__init__.py"))
    plain = frozenset(_PROSE.findall(prose)) - given - surnames - past
    fewer = countries["surname"]
    mostly = frozenset(
        name for name, many in countries["given"].items() if many >= _FEW and many >= _FEW * fewer[name] > 0
    )
    lists = given, surnames, past, plain, mostly
    if min(len(given), len(surnames)) < _LEAST or len(plain) < _LEAST_PLAIN:
        raise NoNames(f"the lists of names in {PACKAGE} are not those that this release knows; install mcp-gate anew")
    return "\0\0".join("\0".join(_alike(names)) for names in lists).encode()


def _words(names: Iterable[str]) -> frozenset[str]:
    """Single words, those in Cyrillic letters in Latin ones as well."""
    found = _WORD.findall(_plain("\n".join(names)))
    return frozenset([*found, *(name.translate(_LATIN) for name in found if not name.isascii())])


def _alike(names: Iterable[str]) -> Iterator[str]:
    for _, alike in groupby(sorted(names), key=lambda name: name[:_ALIKE]):
        yield "\n" + "\n".join(alike) + "\n"


def _names(source: str) -> Iterator[tuple[str, list[str]]]:
    """The lists of names that a class of that package consists of, each with its kind."""
    heads = list(_ASSIGNED.finditer(source))
    for which, head in enumerate(heads):
        end = heads[which + 1].start() if which + 1 < len(heads) else len(source)
        name = head[1]
        if _OTHER.search(name):
            continue
        kind = "given" if _GIVEN.search(name) else "surname" if _SURNAME.search(name) else None
        if kind is not None:
            yield kind, _TEXT.findall(source, head.end(), end)
