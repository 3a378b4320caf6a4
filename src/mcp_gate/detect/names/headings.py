"""Whether a name stands where things do: under a field, a column, a line's label or a list's of that kind."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.detect import fields
from mcp_gate.detect.names.namesakes import KEYS, LISTS

_KEY: Final = re.compile(
    r"(?:\A|[\n;,|({\[.*>-])[^\S\n]*[\"']?([A-Za-z][\w -]{0,24})[\"']?\**[^\S\n]?[:=]\**[^\S\n]?[\"']?\Z"
)
_ENDS: Final = re.compile(r"[^\S\n]?(?:\Z|[\"'\n;,|)}\].])")
_WITHIN: Final = re.compile(r"\b([A-Za-z]\w*)\s+(?:not )?in\s*\(\s*(?:'[^'\n]{0,40}',\s*){0,8}'\Z", re.IGNORECASE)
"""The column of SQL that one of some values is looked for in."""
_TABLE: Final = re.compile(r"\bfrom\s+(\w{3,24})\s[^;]{0,160}'\Z", re.IGNORECASE)
"""The table of SQL in which a text in quotes is looked for."""
_LIST: Final = re.compile(
    r"(?:\A|[\n.;])[^\S\n]*(?:[#*-]+ )?(?:[A-Za-z]+ ){0,2}([A-Za-z]+)(?: of the day| in [a-z ]{1,16})?:[^\n.:;]*\Z"
)
_NAMED: Final = re.compile(r"\"(?:name|title|label|description|displayName|display_name)\"\s*:\s*\"\Z", re.IGNORECASE)
_ABOVE: Final = re.compile(r"\"(\w+)\"\s*:\s*\Z")
_OF_THING: Final = re.compile(
    r"\"(?:iata|icao|sku|price|unit_?price|list_?price|isbn|gtin|ean|upc|asin|barcode|stock|in_?stock|inventory|version|license|repo"
    r"|default_branch|genre|calories|weight|dimensions|brand|manufacturer|model|osm_id|lat|lon|lng|latitude|longitude"
    r"|coordinates|horsepower|rating|cuisine|population|capacity|symbol|ticker|isrc|bpm|tracks)\"\s*:",
    re.IGNORECASE,
)
"""Fields beside which a name is that of a thing."""
_ARRAY: Final = re.compile(r"\"(?:\w*_)?([A-Za-z]{3,24})\"\s*:\s*\[[^\[\]]*\Z")
"""The array whose objects these are."""
_OF_PERSON: Final = re.compile(
    r"\"\w*(?:e-?mail|phone|birth|dob|ssn|gender|age|salary|employee|patient|nationality|first_?name|last_?name|surname)\w*\"\s*:",
    re.IGNORECASE,
)
_PLACES: Final = re.compile(
    r"addr|adres|street|str(?:\.|aße|asse)|rue|calle|via\b|direcc|indirizzo|endere|anschrift|wohn|home|location|line_?\d|residence"
    r"|\bto\b|ship|deliver|billing|note|comment|text|body|message|descr|remark|city|plz|zip|post",
    re.IGNORECASE,
)
_PEOPLE: Final = re.compile(
    r"(?:(?:full|display|customer|client|contact|guest)[ _]?)?name|guest|customer|client|contact|owner|tenant|landlord"
    r"|employee|manager|mentor|student|pupil|teacher|tutor|player|member|patient|doctor|nurse|driver|passenger|author"
    r"|reporter|assignee|reviewer|speaker|attendee|participant|applicant|candidate|recipient|sender|beneficiary|holder"
    r"|nombre|nom",
    re.IGNORECASE,
)
_CELL: Final = re.compile(r"[^,;\t|\n]+")
_FULL: Final = re.compile(r"(?:[^\W\d_a-z][^\W\d_]+(?:['’-][^\W\d_]+)*(?:[ ](?!$)|$)){2,3}")
"""Two words or three with capital letters."""
_RULE: Final = re.compile(r"\|?[ :]*-{2,}[-| :+]*\|?[ \t]*(?:\n|\Z)")
_FIELD: Final = re.compile(r"\"([\w -]{1,40})\"\s*:\s*\"\Z")
_BREAK: Final = re.compile(r"[,;\t|]")
_ROW: Final = 4_000
"""Characters of a row to either side of a name that are looked at."""
_FAR, _NEAR = 60, 240
"""Characters before a name, and around it, that are looked at."""


def is_under_thing(text: str, start: int, end: int) -> bool:
    """Whether what stands over a stretch of a text says that it is a thing."""
    near = max(0, start - _NEAR)
    quoted = text.startswith("'", start - 1)
    if quoted and (table := _TABLE.search(text, near, start)) is not None and table[1].lower() in LISTS:
        return True
    if text[max(0, start - 8) : start].rstrip(" \t\"'*").endswith((":", "=", "(", ",")) and _ENDS.match(text, end):
        key = _KEY.search(text, max(0, start - _FAR), start) or (_WITHIN.search(text, near, start) if quoted else None)
        if key is not None and _is_one(key[1]):
            return True
    colon = text.rfind(":", near, start)
    line = _LIST.search(text, near, start) if colon >= 0 and "\n" not in text[colon:start] else None
    return (line is not None and line[1].lower() in LISTS) or _is_one(column(text, start))


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


def person_in(text: str, at: int) -> tuple[int, int] | None:
    """The cell in which a place is, if it holds two words or three with capitals in a column of people."""
    if not _PEOPLE.fullmatch(column(text, at)):
        return None
    cell = next((m for m in _CELL.finditer(text, text.rfind("\n", 0, at) + 1) if m.end() > at), None)
    return cell.span() if cell and cell.start() <= at and _FULL.fullmatch(cell[0]) else None


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
    if _OF_PERSON.search(around) is not None:
        return False
    listed = _ARRAY.search(text, max(0, begin - _NEAR), begin)
    return _OF_THING.search(around) is not None or (listed is not None and listed[1].lower() in LISTS)
