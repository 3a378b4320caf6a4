"""Secrets in running text, by what stands before them: `password = …`, `token: …`, `--api-key …`, `Bearer …`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from mcp_gate.detect.secrets.names import Kind, kind_of
from mcp_gate.detect.secrets.pattern import compiled
from mcp_gate.detect.secrets.shapes import Shape
from mcp_gate.detect.secrets.telling import LONGEST_NAME, NAME_BYTES, stretches
from mcp_gate.detect.secrets.triggers import WORD, Trigger
from mcp_gate.detect.secrets.values import LONGEST, is_key, is_password, is_random, is_scrambled, is_worn

_ASSIGNED: Final = compiled(
    WORD
    + rb"([a-z0-9_.-]{0,24})"
    + rb"(\s{0,2}:\s{0,2}[a-z_][a-z0-9_.|<>\[\] ]{0,32}=\s{0,2}"
    + rb"|\\{0,3}[\"'`]?\]?\s{0,4}(?::=|=>|={1,3}|:)[ \t]{0,4}|\s{1,3}(?:is|was|ist|lautet|es|est)(?:\s{1,3}|:\s{0,3})"
    + rb"|>|[\"']\s{0,2},\s{0,4})"
    + rb"((?:\\{0,3}[\"'`])?)[^\s\"'`\\]",
    any_case=True,
)
_TOLD: Final = compiled(
    rb"--((?:[a-z0-9]+[_-])*" + WORD + rb"[a-z0-9_-]{0,24})\s{1,4}([\"'`]?)[^\s\"'`-]", any_case=True
)
_SPOKEN: Final = compiled(
    rb"\b(password|passwd|passcode|passphrase|pwd|pw|passwort|kennwort|contrase.a|mot de passe|senha|secret|token|key)"
    rb"((?:\s{1,3}[a-z0-9_/'-]{1,24}){0,6})"
    rb"(?:\s{1,3}(?:is|was|to|ist|lautet|es|est)(?:\s(?:now|still|currently|just|set\sto))?\s{0,3}:?|\s{0,2}:|\s{1,2}(?:->|=))\s{1,3}"
    rb"([\"'`]?)[^\s\"'`]",
    any_case=True,
)
_HEADER: Final = compiled(
    rb"(?:\b(?:bearer|basic|token|apikey|negotiate|digest)\s{1,4}|[?&](?:sig|x-amz-signature|x-goog-signature)=)"
    rb"([a-z0-9._~+/=%-]{16,})"
    rb"|(?:\b(?:client|app|api|shared|webhook|signing|access|auth|bot)[ _-](?:secret|key)|_secret_access_key)"
    rb"\s{1,4}([a-z0-9._~+/=-]{16,})",
    any_case=True,
)
_BESIDE: Final = compiled(
    rb"\b(?:(?:password|passwd|passphrase|pwd|pw)\s{1,3}[\"'`]?"
    rb"|(?:login|log ?in|sign ?in|credentials|creds)(?:\s(?:is|are|with|as|using)|:)\s{1,3}[^\s/]{2,64} ?/ ?"
    rb"|(?:admin|administrator|root)[\"']\s{0,2}:\s{0,2}[\"']"
    rb"|\blogin\s[^\s@]{1,64}@[^\s@]{1,64}\s{1,3}"
    rb"|\b(?:root|admin|administrator|postgres|ubuntu) / (?:(?:password|passwd|pass|pwd|pw)[ :]{1,3})?[\"'`]?"
    rb"|\b(?:user(?:name)?|login|account)(?:\s|:\s?)[^\s]{1,64}\s(?:and\s)?pass\s{1,3}[\"'`]?)([^\s\"'`,;:=]{6,64})"
    rb"|(?:^|\s)[\"'`(]?([^\s\"'`,;:=()]{6,64})[\"'`)]?(?: as| is)(?: the| your| my| our| a| his| her| their)?"
    rb"(?: new| temp| temporary| initial| default| current)?(?: root| admin| db| wifi| vpn| login)?"
    rb" (?:password|passwd|passcode|passphrase|pwd|pw)\b",
    any_case=True,
)
_CODE: Final = compiled(
    rb"(?i:\b(?:one[ -]time|verification|authentication|login|sign[ -]in|otp|2fa|mfa)\s{1,2}(?:pass)?code)"
    rb"(?:\s(?:is|was))?\s{0,2}[:=]?\s{0,2}(\d{4,8})\b|\bPIN"
    rb"(?:\s(?:for|of|to)\s(?:the|my|our|his|her)\s\w{1,16})?(?:\s(?:is|was)|\s{0,2}[:=])\s{0,2}(\d{4,8})\b"
)
_PHRASE: Final = compiled(
    rb"\b(?:seed|recovery|mnemonic|backup)\s(?:phrase|words)\s{0,2}(?:is|:|=)\s{0,3}((?:[a-z]{3,8}\s{1,2}){11,23}[a-z]{3,8})\b",
    any_case=True,
)
_HASHED: Final = compiled(
    rb"(?:^|[\s\"'])[\w.@-]{1,64}:(\$(?:apr1|1|5|6|2[abxy]|y|argon2id?)\$[A-Za-z0-9./$=,+-]{20,})"
)
_GIVEN: Final = compiled(
    rb"(?:\bauth\s{0,2}=\s{0,2}|BasicAuth|NetworkCredential|\.login)\(\s{0,2}[\"'][^\"'\s]{1,64}[\"']\s{0,2},\s{0,2}[\"']([^\"'\s]{4,128})[\"']"
    rb"|\bcurl\s[^\n]{0,256}(?:-u|--user)\s{0,2}[\"']?[^\s:\"']{1,64}:([^\s\"']{4,128})"
    rb"|\bidentified\s{1,4}(?:with\s{1,4}\S{1,40}\s{1,4})?by\s{1,4}'([^'\s]{4,128})'"
    rb"|\blogin\s{1,4}\S{1,64}\s{1,4}password\s{1,4}(\S{4,128})"
    rb"|\bsshpass\s{1,4}-p\s{0,2}[\"']?([^\s\"']{4,128})"
    rb"|\b(?:docker|podman|helm)\s[^\n]{0,64}login\s[^\n]{0,128}\s-p\s{1,4}[\"']?([^\s\"']{4,128})"
    rb"|\becho\s{1,4}(?:-n\s{1,4})?[\"']?([^\s\"'$]{4,128})[\"']?\s{0,3}\|[^\n]{0,128}--password-stdin"
    rb"|\bsqlcmd\s[^\n]{0,128}\s-P\s{0,2}[\"']?([^\s\"']{4,128})"
    rb"|\bredis-cli\s[^\n]{0,128}\s(?:-a|--pass)\s{1,4}[\"']?([^\s\"']{4,128})"
    rb"|\bnet\s{1,4}use\s[^\n]{0,128}/user:\S{1,64}\s{1,4}([^\s/*][^\s]{3,127})"
    rb"|\bnet\s{1,4}use\s[^\n]{0,128}?\\{1,2}\S{1,128}\s{1,4}([^\s/*]\S{3,127})\s{1,4}/user:"
    rb"|\brequirepass\s{1,4}[\"']?([^\s\"']{4,128})"
    rb"|\bvariable\s{1,4}\"[^\"\n]{0,40}(?:pass\w{0,8}|secret|token|key)\"\s{0,4}\{[^{}]{0,200}?\bdefault\s{0,4}=\s{0,4}\"([^\"\n]{4,128})\""
    rb"|\b(?:new\s{1,4}PDO|mysqli(?:_connect)?|getConnection)\(\s{0,8}[\"'][^\"'\n]{0,256}[\"']\s{0,4},"
    rb"\s{0,8}[\"'][^\"'\s]{1,64}[\"']\s{0,4},\s{0,8}[\"']([^\"'\s]{4,128})[\"']"
    rb"|\bConvertTo-SecureString\s{1,4}(?:-String\s{1,4})?[\"']([^\"'\n]{4,128})[\"']"
    rb"|(?:^|\n)[a-z0-9_.*-]{1,64}:(?:\d{2,5}|\*):[a-z0-9_*-]{1,64}:[a-z0-9_*-]{1,64}:([^\s:]{4,128})"
    rb"|\bmysql\w{0,8}\s[^\n]{0,128}\s-p[\"']?([^\s\"']{4,128})",
    any_case=True,
)
_FORM: Final = re.compile(rb"(?i)login\s{1,4}(?:forms?|page|screen|and|with|or|flow|view|dialog|name)\b")
"""No login but what one logs in with."""
_WORDS: Final = {ends: re.compile(rb"[^\s\"'`,;" + ends + rb"]*") for ends in (b"", b"<", b"&#")}
_ELSE: Final = compiled(
    rb"\b(?:hash\w*|polic\w*|length|rules?|requirements?|resets?|expir\w*|attempts?|fields?|strength|hint|checksum|digest"
    rb"|fingerprint|salt|ids?|url|link|version|errors?|count|for v)\b",
    any_case=True,
)
"""What is told of a password besides the password."""
_WHOSE: Final = (b"my ", b"our ", b"your ", b"his ", b"her ", b"their ", b"the ", b"new ", b"temp ")
_IS: Final = (b"is", b"is:", b"was")
_TRAILING: Final = b")}]>.:\\"
_LEAST: Final[dict[Kind, int]] = {"PASSWORD": 4, "API_KEY": 8, "SOME_KEY": 20}
"""Characters without which a value is none of these, as `_entity` says."""
_LEAST_IN_ADDRESS: Final = 32
"""Characters of a `?key=…` in an address that may be nothing but a hash elsewhere."""
_MOST_WITHIN: Final = 32
"""How many names are looked at that stand in the value of another (`a=b=c=…`), so that it does not take for ever."""


def assigned(data: bytes, signs: frozenset[Trigger], separators: Sequence[int]) -> Iterator[Shape]:
    """What stands behind a telling name or word, as far as there are signs of any.

    Args:
        separators: where those behind telling names end.
    """
    yield from _named(data, separators)
    for trigger, find in _PASSES.items():
        if trigger in signs:
            yield from find(data)


def _header(data: bytes) -> Iterator[Shape]:
    """`Authorization: Bearer …`"""
    for hit in _HEADER.finditer(data):
        which = hit.lastindex
        text = hit.group(which).decode().rstrip(".")
        if is_key(text) if which == 1 else is_random(text):
            yield Shape(hit.start(which), hit.start(which) + len(text), "API_KEY", 0.85, "authorization header")


def _given(data: bytes) -> Iterator[Shape]:
    """What a command or a call gets as its second word."""
    for hit in _GIVEN.finditer(data):
        which = hit.lastindex
        if hit.group(which).islower() and hit.group(which).isalpha() and _FORM.match(hit.group()):
            continue
        if is_password(hit.group(which).decode(), written=True):
            yield Shape(hit.start(which), hit.end(which), "PASSWORD", 0.85, "given to a command")


def _shaped(pattern: Any, rule: str) -> Callable[[bytes], Iterator[Shape]]:
    """What needs no second look."""

    def find(data: bytes) -> Iterator[Shape]:
        for hit in pattern.finditer(data):
            yield Shape(hit.start(hit.lastindex), hit.end(hit.lastindex), "PASSWORD", 0.75, rule)

    return find


def _named(data: bytes, separators: Sequence[int]) -> Iterator[Shape]:
    """`password = …`"""
    at = seen = within = 0
    before: tuple[Kind, str, bool] | None = None
    entity: str | None = None
    for begins, stop in stretches(separators):
        at = max(at, begins)
        while (hit := _ASSIGNED.search(data, at, stop)) is not None:
            word, (gap, open_), begin = hit.start(), hit.span(2), hit.end(3)
            first = _first(data, word)
            kind = kind_of(data[first:gap].decode().rstrip("_.-"))
            if kind is None:
                at = begin
                continue
            within = within + 1 if word < seen else 0
            at = begin if within < _MOST_WITHIN else max(seen, begin)
            sep, quote = data[gap:open_], data[open_:begin]
            ends = _ends(data, first, sep)
            if ends is None:
                continue
            start, end = _value(data, begin, quote, ends)
            seen = max(seen, end)
            if end - start < _LEAST[kind]:
                continue
            if b"," in sep and data[end + 1 : end + 2] not in (b")", b"]"):
                continue
            value = data[start:end]
            if kind == "SOME_KEY" and ends == b"&#" and len(value) >= _LEAST_IN_ADDRESS and is_random(value.decode()):
                kind = "API_KEY"
            alone = bool(quote) or ends == b"&#" or _has_line(data, first, sep, end)
            if not alone and value.isalpha() and len(value) < 20 and not is_scrambled(value.decode()):
                continue  # a word: nothing that stands free
            asked = (kind, value.decode(), alone)
            if asked != before:  # the same over and over is thought about once
                before, entity = asked, _entity(asked[0], asked[1], written=asked[2])
            if entity is not None:
                yield Shape(start, end, entity, 0.75, "named")


def _has_line(data: bytes, first: int, sep: bytes, end: int) -> bool:
    """Whether it stands alone: name and value on a line, as in a file of settings (`password: hunter2`), or the value
    at the end of what is said (`The password is hunter2.`)."""
    last = data[end : end + 3].partition(b"\n")[0].rstrip(b".!\r") == b""
    begins = data[max(0, first - 1) : first] in (b"", b"\n") or data[max(0, first - 6) : first].lower().endswith(_WHOSE)
    alone = sep.strip() == b":" and begins
    return last and (alone or sep.strip() in _IS)


def _told(data: bytes) -> Iterator[Shape]:
    """`--password …`, as it is told to a program."""
    for hit in _TOLD.finditer(data):
        start, end = _value(data, hit.end(2), hit.group(2), b"")
        entity = _entity(kind_of(hit.group(1).decode()), data[start:end].decode(), written=bool(hit.group(2)))
        if entity is not None:
            yield Shape(start, end, entity, 0.75, "given to a command")


def _ends(data: bytes, first: int, sep: bytes) -> bytes | None:
    """What ends a value in this surrounding besides white space and quotes; None where nothing is assigned."""
    before = data[max(0, first - 2) : first]
    if sep == b">":
        return b"<" if before.endswith(b"<") else None
    if b"," in sep:  # ("password", "x"), and not one of a list of names
        return b"" if before[:1] in (b"(", b"[") else None
    return b"&#" if before.endswith((b"?", b"&")) else b""


def _entity(kind: Kind | None, text: str, *, written: bool) -> str | None:
    match kind:
        case "PASSWORD":
            return "PASSWORD" if is_password(text, written=written) else None
        case "API_KEY":
            return "API_KEY" if (is_key(text) if written else is_random(text)) else None
        case "SOME_KEY":
            return "API_KEY" if len(text) >= 20 and is_random(text) and not text.islower() else None
        case None:
            return None


def _spoken(data: bytes) -> Iterator[Shape]:
    """`the password for the lab box is …`"""
    for hit in _SPOKEN.finditer(data):
        if _ELSE.search(hit.group(2)) is not None:
            continue
        start, end = _value(data, hit.end(3), hit.group(3), b"")
        text, written = data[start:end].decode(), bool(hit.group(3))
        if hit.group(1).lower() not in (b"secret", b"token", b"key"):
            if is_password(text, written=written):
                yield Shape(start, end, "PASSWORD", 0.65, "spoken of")
        elif is_random(text):
            yield Shape(start, end, "API_KEY", 0.65, "spoken of")


def _beside(data: bytes) -> Iterator[Shape]:
    """`login dana / password …`, `… as the password`, where it can be nothing else."""
    for hit in _BESIDE.finditer(data):
        which = hit.lastindex
        text = hit.group(which).decode().rstrip(").]}!?" if which == 1 else "")
        if is_password(text, written=False) and is_worn(text):
            yield Shape(hit.start(which), hit.start(which) + len(text), "PASSWORD", 0.6, "beside the word")


def _first(data: bytes, at: int) -> int:
    """Where the name begins of which the telling word is a part."""
    near = data[max(0, at - LONGEST_NAME) : at]
    return at - len(near) + len(near.rstrip(NAME_BYTES))


def _value(data: bytes, at: int, quote: bytes, ends: bytes) -> tuple[int, int]:
    """Where what is assigned lies: to its closing quote, or as far as a word goes."""
    stop = min(len(data), at + LONGEST)
    if quote:
        close = data.find(quote, at, stop)
        line = data.find(b"\n", at, stop)
        if close >= 0 and (line < 0 or close < line):
            return at, close
    word = _WORDS[ends].match(data, at, stop)
    if word is None:
        return at, at
    return at, at + len(word.group().partition(b"\\n")[0].rstrip(_TRAILING))


_PASSES: Final = {
    Trigger.TOLD: _told,
    Trigger.SPOKEN: _spoken,
    Trigger.BESIDE: _beside,
    Trigger.HEADER: _header,
    Trigger.GIVEN: _given,
    Trigger.CODE: _shaped(_CODE, "code for once"),
    Trigger.PHRASE: _shaped(_PHRASE, "seed phrase"),
    Trigger.HASHED: _shaped(_HASHED, "hash of a password"),
}
