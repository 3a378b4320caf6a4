"""Whether a name stands where things do: under a field, a column, a line's label or a list's of that kind."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect import fields
from mcp_gate.detect.names.namesakes import KEYS

_KEY: Final = re.compile(
    r"(?:\A|[\n;,|({\[.*>-])[^\S\n]*[\"']?([A-Za-z][\w -]{0,24})[\"']?\**[^\S\n]?[:=]\**[^\S\n]?[\"']?\Z"
)
_ENDS: Final = re.compile(r"[^\S\n]?(?:\Z|[\"'\n;,|)}\].])")
_NAMED: Final = re.compile(r"\"(?:name|title|label|description|displayName|display_name)\"\s*:\s*\"\Z", re.IGNORECASE)
_ABOVE: Final = re.compile(r"\"(\w+)\"\s*:\s*\Z")
_OF_THING: Final = re.compile(
    r"\"(?:iata|icao|sku|price|unit_?price|list_?price|isbn|gtin|ean|upc|asin|barcode|stock|in_?stock|inventory|version|license|repo"
    r"|default_branch|genre|calories|weight|dimensions|brand|manufacturer|model|osm_id|lat|lon|lng|latitude|longitude"
    r"|coordinates|horsepower|rating|cuisine|population|capacity|symbol|ticker|isrc|bpm|tracks)\"\s*:",
    re.IGNORECASE,
)
"""Fields beside which a name is that of a thing."""
_OF_PERSON: Final = re.compile(
    r"\"\w*(?:e-?mail|phone|birth|dob|ssn|gender|age|salary|employee|patient|nationality|first_?name|last_?name|surname)\w*\"\s*:",
    re.IGNORECASE,
)
_PLACES: Final = re.compile(
    r"addr|adres|street|str(?:\.|aße|asse)|rue|calle|via\b|direcc|indirizzo|endere|anschrift|wohn|home|location|line_?\d|residence"
    r"|\bto\b|ship|deliver|billing|note|comment|text|body|message|descr|remark|city|plz|zip|post",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"\|?[ :]*-{2,}[-| :+]*\|?[ \t]*(?:\n|\Z)")
_FIELD: Final = re.compile(r"\"([\w -]{1,40})\"\s*:\s*\"\Z")
_BREAK: Final = re.compile(r"[,;\t|]")
_ROW: Final = 4_000
"""Characters of a row to either side of a name that are looked at."""
_FAR, _NEAR = 60, 240
"""Characters before a name, and around it, that are looked at."""


def is_under_thing(text: str, start: int, end: int) -> bool:
    """Whether what stands over a stretch of a text says that it is a thing."""
    if text[max(0, start - 8) : start].rstrip(" \t\"'*").endswith((":", "=", "(", ",")) and _ENDS.match(text, end):
        key = _KEY.search(text, max(0, start - _FAR), start)
        if key is not None and _is_one(key[1]):
            return True
    return _is_one(column(text, start))


def column(text: str, start: int) -> str:
    """The heading of the column of a table with separators in which a place is; empty if there is none."""
    top = text.find("\n", 0, _NEAR + 1)
    line = text.rfind("\n", max(0, start - _ROW), start) + 1
    if top < 0 or line == 0:
        return ""
    stop = text.find("\n", start, start + _ROW)
    row = text[line : stop if stop >= 0 else start + _ROW]
    heads = text[:top].rstrip("\r")
    mark = _BREAK.search(heads)
    if mark is None or row.count(mark[0]) != heads.count(mark[0]) or (mark[0] in ",;" and f"{mark[0]} " in heads):
        return ""
    cells = [cell.strip(" \"'") for cell in heads.split(mark[0])]
    return cells[text.count(mark[0], line, start)] if mark[0] == "|" or all(cells) else ""


def is_place(heading: str) -> bool:
    """Whether addresses may stand in a column of that heading."""
    return _PLACES.search(heading) is not None


def _is_one(key: str) -> bool:
    whole = key.strip().lower().replace(" ", "_")
    return whole in KEYS or whole.replace("_", "-").rpartition("-")[2] in KEYS


def is_under_rule(text: str, end: int) -> bool:
    """Whether it stands in the first line of a table that a rule follows: `| Nurse | Ward |`, `|---|---|`."""
    line = text.find("\n", end, end + _NEAR)
    return line >= 0 and _RULE.match(text, line + 1) is not None


def is_whole_value(text: str, start: int, end: int) -> bool:
    """Whether it is all of a value of JSON whose field says nothing of people."""
    field = _FIELD.search(text, max(0, start - _FAR), start) if text[end : end + 1] == '"' else None
    if field is None or fields.entity_of((field[1],)) not in (None, fields.NAME):
        return False
    begin, stop = max(text.rfind("{", max(0, start - _NEAR), start), start - _NEAR, 0), text.find("}", end, end + _NEAR)
    return _OF_PERSON.search(text[begin : stop if stop >= 0 else end + _NEAR]) is None


def is_named_beside(text: str, start: int) -> bool:
    """A `name` in an object of JSON with other fields of a thing, and none of a person."""
    if text[start - 1 : start] != '"' or not _NAMED.search(text, max(0, start - _FAR), start):
        return False
    begin = max(text.rfind("{", max(0, start - _NEAR), start), start - _NEAR, 0)
    if (above := _ABOVE.search(text, max(0, begin - _FAR), begin)) and _is_one(above[1]):
        return True
    end = text.find("}", start, start + _NEAR)
    around = text[begin : end if end >= 0 else start + _NEAR]
    return _OF_PERSON.search(around) is None and _OF_THING.search(around) is not None
