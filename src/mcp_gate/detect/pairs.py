"""Names with values inside a text: YAML, `key=value`, labels before a colon, tags, JSON that is part of a text."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from mcp_gate.detect import fields, values
from mcp_gate.detect.fieldrules import HUMAN
from mcp_gate.detect.fields import entity_of
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.secrets.values import is_scrambled

_IN_NAMES: Final = string.ascii_letters + string.digits + "_.-" + "".join(map(chr, range(0xC0, 0x180)))
_PHRASE: Final = re.compile(r"(?:[^\W_][\w.'/-]* ){0,4}$")
_WORD_BEFORE: Final = re.compile(r"[\w.'/-] ")
_TAG: Final = re.compile(r"<([\w:.-]{1,64})(?:\s[^<>]{0,200})?$")
_BARE: Final = re.compile(r"[ \t]{0,16}-?(\d[\d.]*)(?=\s*[,}\]\n]|\s*$)")
_QUOTED: Final = {
    quote: re.compile(rf"[^{quote}\\\n]{{0,4096}}(?:\\.[^{quote}\\\n]{{0,4096}}){{0,64}}") for quote in "\"'"
}
_LABEL_END: Final = re.compile(r"[\n;|\t ](?:(?<=[^ ])|(?= )|(?=- ))")
_NEXT: Final = re.compile(r"\n[ \t-]{0,16}[\w.-]{1,64}(?:=[^=\s]|[ \t]?:(?:\s|$))")
"""A line that has a name of its own."""
_PAIR_END: Final = re.compile(r"[\s,;&|\"'<>)\]}]")
_CODE: Final = re.compile(
    r"[A-Za-z_]+\d{0,2}(?:\.[A-Za-z_]+\d{0,2})+(?:[\[(][\w.\[\](]{0,256})?|[A-Za-z_]+\[[\w.,\[\]]{0,256}\)?|(?:[A-Z][a-z]+){2,8}"
)
"""What stands for a key in a program, or is the type of one: `node.token`, `tokens[at]`, `CookieTypes`."""
_VARIABLE: Final = re.compile(r"_*[A-Za-z]+(?:[._]+[A-Za-z]+\d?)+")
"""The same with underscores: `granular_bot_token`, `keys.load_private_key`."""
_SUM: Final = re.compile(r"[\w.]+ [-+*/%] [\w.]+")
"""What a program works out: `start_line + 1`."""
_LITERALS: Final = frozenset({"True", "False", "None", "Null", "Undefined", "Nil"})
_IN_PROGRAMS: Final = frozenset({"PERSON", "ADDRESS", "API_KEY", "PRIVATE_KEY"})
"""What the variables of programs are called after."""
_DEEPEST: Final = 32
"""Characters by which a line is indented, from where on all are one."""
_LONGEST_LINE: Final = 4_096
"""Characters before a name in which its line has to begin."""
_BESIDE: Final = re.compile(r"(?:name|key|type|field|label):?[ =]{1,2}[\"']?([\w.-]{2,64})[\"']?\s{1,24}(?:- )?$")
_MORE_SEPARATORS: Final = frozenset("=>:*")
_GAPS: Final = frozenset(" \n\t")
_NAMES: Final = frozenset({"PERSON", fields.NAME, fields.WEAK})
_NAME_RUN: Final = re.compile(
    r"[^\W\d_a-z][\w'’.-]{0,24}(?: [^\W\d_a-z][\w'’.-]{0,24}){1,3}(?=[ \t]*(?:[\n\r;,|)\]]|\Z| [\w.-]{1,32}=))"
)
"""A name that goes on behind a space, up to the next pair or the end of the line."""
_SEVERAL_WORDS: Final = frozenset({"PERSON", "ADDRESS", fields.NAME, fields.WEAK})
_LONGEST: Final = 120
"""Characters of a value that nothing ends."""
_DOCUMENT: Final = re.compile(r"(?i)(?:.*[ _.-])?doc(?:ument)?[ _-]?(?:no|nr|num|number|id)\.?")
_PASSPORT: Final = re.compile(r"(?i)passport")
_NEAR: Final = 80
_WITH: Final = 240
"""How far from each other pairs lie that speak of one person."""


def find(text: str, ends: Sequence[int], above: tuple[str, ...]) -> Iterator[Finding]:
    """Findings in values behind the separators that end at `ends`."""
    human = -_WITH
    names: list[Finding] = []
    initial: list[Finding] = []
    known: dict[str, str | None] = {}
    for end in ends:
        name, quoted = _name(text, end - 1)
        if not name:
            continue
        if name in known:
            entity = known[name]
        else:
            entity = entity_of((*above, name)) or entity_of((*above, name.rsplit(" ", 1)[-1]))
            known[name] = entity
        if entity in (None, fields.NAME) and not quoted:
            entity = _by_surroundings(text, end - 1, name) or entity
        if entity is None and _DOCUMENT.fullmatch(name) and _PASSPORT.search(text, max(0, end - _NEAR), end + _NEAR):
            entity = "PASSPORT"
        if entity is None and fields.is_first_or_last(name) and (part := _value(text, end, "PERSON", json=quoted)):
            initial = [one for one in initial if end - one.end < _NEAR]
            if initial:
                yield from (initial[-1], part)
            initial.append(part)
        if entity is None:
            continue
        found = _value(text, end, entity, json=quoted)
        if found is None:
            continue
        if entity == fields.NAME:
            names.append(found)
            continue
        if entity == "PERSON" and fields.is_part(name):
            initial = [one for one in initial if end - one.end < _NEAR]
            yield from initial
            initial.append(found)
        if entity in HUMAN:
            human = end
            names, near = [], [one for one in names if end - one.end < _WITH]
            yield from near
        yield found
    yield from (one for one in names if 0 <= one.start - human < _WITH)


def _name(text: str, at: int) -> tuple[str, bool]:
    """The name before a separator, and whether it stands in quotes."""
    stop = at
    if text[at] == ">":
        tag = _TAG.match(text, max(0, text.rfind("<", max(0, at - 200), at)), at)
        return (tag[1], False) if tag else ("", False)
    while stop and text[stop - 1] in " \t":
        stop -= 1
    while stop and text[stop - 1] == "*":
        stop -= 1
    quote = text[stop - 1 : stop]
    if quote == '"' or quote == "'":
        last = stop - 2 if stop > 1 and text[stop - 2] == "\\" else stop - 1
        first = text.rfind(quote, max(0, last - 66), last)
        return (text[first + 1 : last], True) if first >= 0 else ("", False)
    run = text[max(0, stop - 64) : stop]
    name = run[len(run.rstrip(_IN_NAMES)) :]
    before = run[: len(run) - len(name)]
    spoken = text[at] == ":" or (text[at] == "=" and text[at - 1] == " " == text[at + 1 : at + 2])
    if name and spoken and _WORD_BEFORE.match(before[-2:]) and (phrase := _PHRASE.search(before)):
        name = phrase[0] + name
    return name, False


def _by_surroundings(text: str, at: int, name: str) -> str | None:
    """By the name that is less indented above it, or by a name beside it that says what the value is of."""
    begin = text.rfind("\n", max(0, at - _LONGEST_LINE), at) + 1
    if name == "value" and (beside := _BESIDE.search(text, max(0, begin - 100), max(begin, at - len(name)))):
        return entity_of((beside[1],))
    if begin == 0 or text[begin] not in " -":
        return None
    indent = len(text[begin:at]) - len(text[begin:at].lstrip(" -"))
    for parent in reversed(list(_above(min(indent, _DEEPEST)).finditer(text, max(0, begin - 600), begin))):
        if len(parent[1]) < indent:
            return entity_of((parent[2], name))
    return None


@cache
def _above(indent: int) -> re.Pattern[str]:
    """Lines that are less indented (or as little as is told apart) and have nothing behind their name."""
    most = "" if indent == _DEEPEST else indent - 1
    return re.compile(rf"\n([ -]{{0,{most}}}+)(?![ -])([\w.-]{{1,64}}):[ \t]*(?=\n|$)")


def _value(text: str, end: int, entity: str, *, json: bool) -> Finding | None:
    if text[end - 1] == ">" and text[end - 2] != "=":  # a tag
        stop = text.find("<", end, end + 200)
        return values.find(entity, text, end, stop, whole=True) if stop > end else None
    if (first := text[end : end + 1]) in _MORE_SEPARATORS:
        while text[end : end + 1] in _MORE_SEPARATORS:
            end += 1
        if text[end - 3 : end] == "***":  # masked
            return None
        first = text[end : end + 1]
    start = end
    while first in _GAPS and start - end < 16:
        start += 1
        first = text[start : start + 1]
    escape = 1 if first == "\\" else 0
    if quoted := _QUOTED.get(text[start + 1 : start + 2] if escape else first):
        match = quoted.match(text, start + escape + 1)
        if match is not None and text[match.end() : match.end() + 1] == text[start + escape]:
            return values.find(entity, text, match.start(), match.end() - escape, whole=True)
    if json and (bare := _BARE.match(text, end)):
        found = values.find(entity, text, *bare.span(1), whole=True)
        return None if found is None else Finding(found.start, found.end, found.entity, found.score, found.rule, True)
    if text[end : end + 1] == "\n" and (text[end - 1] == "=" or _NEXT.match(text, end)):
        return None  # an empty one
    if text[end - 1] == "=" and entity in _NAMES and (named := _NAME_RUN.match(text, end)):
        return values.find(entity, text, *named.span(), whole=True)
    spaced = text[end : end + 1] in _GAPS
    label = spaced or (text[end - 1] == ":" and entity in _SEVERAL_WORDS)
    start = end + (1 if spaced else 0)
    stop_at = (_LABEL_END if label else _PAIR_END).search(text, start + 1, start + _LONGEST)
    found = values.find(
        entity, text, start, stop_at.start() if stop_at else min(len(text), start + _LONGEST), whole=False
    )
    if found is None or found.entity not in _IN_PROGRAMS:
        return found
    value = text[found.start : found.end]
    if found.entity == "PERSON":
        return None if value in _LITERALS or text[found.end : found.end + 1].isdigit() else found
    if found.entity == "ADDRESS":
        return None if _SUM.fullmatch(value) else found
    if not (_CODE.fullmatch(value) or _VARIABLE.fullmatch(value)):
        return found
    return found if is_scrambled(value.replace(".", "").replace("_", "")) else None
