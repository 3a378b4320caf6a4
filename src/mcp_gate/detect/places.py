"""Postal addresses: a number with a street, by the words that streets are named with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding

_CAP: Final = r"[^\W\d_a-z][\w'’.-]*"
_KIND: Final = (
    r"(?i:street|avenue|road|lane|boulevard|blvd|drive|court|way|place|square|terrace|row|close|crescent|cres|parkway|"
    r"pkwy|highway|hwy|circle|cir|trail|trl|loop|alley|gardens|grove|hill|mews|walk|pike|plaza|broadway|quay|wharf|"
    r"rise|"
    r"vale|park|heights|estate|st|ave|rd|ln|dr|ct|pl|sq|ter)\b\.?"
)
_UNIT: Final = r"(?:,? ?(?:(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|No)\b\.? ?#?[\w-]+|# ?\w+))?"
_POSTCODE: Final = (
    r"(?:[A-Z]{2},? \d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|\d{4,6}(?:-\d{3,4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d)"
    r"(?!\w)"
)
_TOWN: Final = (
    rf"(?:[,\n] ?{_CAP}(?:[ -](?!{_POSTCODE})(?:[a-z]{{2,3}} )?{_CAP}){{0,3}}(?:,? {_POSTCODE})?"
    rf"(?:,? (?:[A-Z]{{2}}\b|{_POSTCODE}))?)"
)
_CODE: Final = r"(?:\d{4,5}|\d{3} \d{2}|\d{2}-\d{3}|\d{5}-\d{3})"
_CODE_TOWN: Final = (
    rf"(?:,? ?\n? ?(?:[A-Z]{{1,2}}-)?{_CODE}(?: [A-Z]{{2}})? {_CAP}(?:[ -]{_CAP}){{0,2}}"
    rf"|, {_CAP}(?: {_CAP}){{0,2}}(?: ?[,-] ?[A-Z]{{2}})?,? (?:{_CODE}(?![\w-])|[A-Z]\d[A-Z] ?\d[A-Z]\d\b))"
)
_ENDINGS: Final = (
    "(?:straße|strasse|str\\.|weg|allee|platz|gasse|ring|damm|ufer|laan|straat|plein|gatan|gata|vej|veien|gade)"
)
_ORDINAL: Final = r"\d{1,3}(?:st|nd|rd|th)"
_OF: Final = (
    r"(?:d[eu][ls]? |d[aeio] |dei |degli |delle |dello |dell['’]|de la |della |des |dos |las? |los |l['’]|d['’])*"
)
_FLOOR: Final = (
    r"(?:,? (?:\d{1,2}[ºª°oa]|[Pp]iso \d{1,2}|[Bb]ajo|[Aa]tico|int\.? ?\d{1,3}|scala [A-Z])(?: ?(?:[A-Z]\b|izq|dcha|"
    r"[Dd]erecha|[Ii]zquierda)\.?)?)?"
)
_AMBIGUOUS: Final = (
    "(?:gracht|kade|singel|dijk|hof|dreef|steeg|markt|wal|steig|pfad|graben|chaussee|promenade|berg|v[äa]gen|gr[äa]nd|"
    "stigen|vei|veg|torv|torg|katu|tie|polku|utca|park|kai|winkel|wiese|feld|tor|bogen|zeile|brücke)"
)
"""What streets end with, and much else: a town has to follow."""
_FORMS: Final = (
    r"(?:(?:Flat|Apt|Apartment|Unit|Suite|Room) \w{1,5},? )?"
    rf"\d{{1,6}}[A-Za-z]?(?:-\d{{1,5}})?,? (?:(?:{_CAP}|{_ORDINAL}) ){{1,4}}?{_KIND}(?: (?:NW|NE|SW|SE|[NSEW])\b\.?)?"
    rf"{_UNIT}{_TOWN}?{_TOWN}?",
    rf"(?:{_CAP}[ -]){{0,2}}(?!\w*(?:[aeiou]ring|[pt]ring|[ie]gade) )[^\W\d_a-z][^\W\d_]*{_ENDINGS} \d{{1,4}} "
    rf"?[a-z]?\b{_CODE_TOWN}?",
    rf"(?:{_CAP}[ -]){{0,2}}[^\W\d_a-z][^\W\d_]*{_AMBIGUOUS} \d{{1,4}} ?[a-z]?\b{_CODE_TOWN}",
    rf"(?:Am|An der|An den|Im|In der|In den|Auf der|Auf dem|Zum|Zur|Unter den|Hinter dem) {_CAP}"
    rf"(?: {_CAP})? \d{{1,4}} ?[a-z]?\b{_CODE_TOWN}",
    rf"(?:{_CAP} ){{1,2}}(?:Straße|Strasse|Str\.|Weg|Allee|Platz|Gasse|Ring) \d{{1,4}} ?[a-z]?\b{_CODE_TOWN}?",
    rf"\d{{1,4}}(?: ?(?:bis|ter))?,? (?i:rue|avenue|boulevard|place|quai|chemin|impasse|cours|route|"
    rf"all[ée]e) {_OF}{_CAP}(?:[ -]{_CAP}){{0,3}}"
    rf"{_CODE_TOWN}?",
    rf"(?i:calle|via|viale|piazza|corso|rua|avenida|plaza|paseo|carrer|c/|ul\.|"
    rf"ulica) {_OF}{_CAP}(?: (?:de )?{_CAP}){{0,3}},? "
    rf"\d{{1,4}}[A-Za-z]?(?:/\d{{1,4}}[A-Za-z]?)?{_FLOOR}{_CODE_TOWN}?",
    rf"(?i:p\.? ?o\.? ?box) \d{{1,6}}{_TOWN}?{_TOWN}?",
    r"(?:PSC|Unit|CMR) \d{3,5},? Box \d{3,5}(?:[,\n ]{1,2}[AFD]PO A[AEP] \d{5})?",
    rf"\d{{1,4}} {_CAP}(?: {_CAP})?, {_CAP}(?: {_CAP})?,? (?:[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}}|"
    rf"[A-Z]{{2}} \d{{5}}(?:-\d{{4}})?)"
    r"(?!\w)",
    rf"\d{{1,4}}[A-Z]?(?:/\d{{1,4}})?, (?:(?:\d{{1,2}}(?:st|nd|rd|th) )?{_CAP}(?: {_CAP}){{0,3}}, ){{2,3}}"
    rf"{_CAP}(?: {_CAP})? ?-? ?[1-8]\d{{5}}(?!\w)",
    rf"\d{{1,4}}[A-Z]?(?:/\d{{1,4}})?, (?:{_CAP} ){{1,3}}(?:Salai|Nagar|Marg|Road|Street|Cross|Main|Layout|Colony|Lane"
    rf"|Chowk|Bazaar|Vihar|Enclave|Sarani|Path), {_CAP}(?: {_CAP})? ?-? ?[1-8]\d{{5}}(?!\w)",
)
_STREETS: Final = re.compile(r"(?<![\w.,:/-])(?:" + "|".join(_FORMS) + ")")
_YEARS: Final = re.compile(r"(?:19|20)\d\d-(?:19|20)\d\d,")
"""What somebody called Lane has written."""


def find(text: str, start: int, end: int) -> Iterator[Finding]:
    """Addresses in a stretch of a text."""
    for match in _STREETS.finditer(text, start, end):
        if _YEARS.match(match[0]):
            continue
        if "Anytown" not in match[0] or not checks.is_example(text, match.start()):
            yield Finding(match.start(), match.end(), "ADDRESS", 0.75, "street")
