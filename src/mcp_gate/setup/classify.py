"""Proposes risk tags for a tool nobody has looked at yet, with reasons that a person can argue with.

Three witnesses: the words of the name, the arguments (what `method` may be, what is a program, what says that
something is done besides), and the server's own hints. What the name does not say only the listed values of a `method`
can say in its place; else each can only make a tool riskier: that a server calls it read-only takes no tag away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.setup.arguments import Argument, arguments
from mcp_gate.setup.words import DEEDS, Effect, effect_of, split, worst

SWITCHES: Final = frozenset({"method", "action", "operation", "op", "command", "mode"})
"""Arguments that say what a tool does, where it does several things."""
PROGRAM: Final = frozenset({
    "sql", "tsql", "cypher", "sparql", "graphql", "script", "scripts", "code", "cmd", "cmds", "command",
    "commands", "cmdline", "shell", "bash", "powershell", "python", "javascript", "js", "jq", "eval", "expr",
    "expression", "statement", "statements", "program", "snippet", "formula", "macro", "lambda", "where",
    "argv", "args", "flags"
})  # fmt: skip
"""Words of arguments whose texts are run."""
CODES: Final = frozenset({
    "country", "zip", "postal", "status", "currency", "language", "lang", "error", "area", "product", "airport"
})  # fmt: skip
"""Words before `code` with which it is not a program."""
ASIDE: Final = frozenset({
    "id", "ids", "time", "date", "type", "language", "version", "count", "limit", "timeout", "format"
})  # fmt: skip
"""Last words of arguments that only name or measure something."""
ASKED: Final = frozenset({"query", "q", "text", "input", "request", "search"})
"""Arguments that may hold a query in a language."""
LANGUAGE: Final = re.compile(r"\w*sql\w*|cypher|sparql|graphql|promql|shell|bash|powershell", re.IGNORECASE)
PAGING: Final = re.compile("(?:page|next|next page|continuation|sync|max) tokens?")
"""Arguments, word by word, that are not secrets whatever they are called."""
PLACES: Final = frozenset({"env", "ENV"})
"""Arguments that name one of some environments, where all values are listed, rather than hold variables."""
TARGET: Final = re.compile(
    r"(?:.* )?(?:dest|destination|(?:output|out|save|local|download) (?:path|file|dir|folder|to))"
)
"""Arguments, word by word, that say where something is put."""
SENSITIVE: Final = {
    "financial": re.compile("refunds?|payments?|invoices?|charges?|payouts?|transfers?|amount|price|billing"),
    "secrets": re.compile(
        "secrets?|tokens?|passwords?|passphrases?|credentials?|cookies?|vault|keychain|env|dotenv|otp"
        "|(?:api|access|private|ssh|signing|encryption) ?keys?"
    ),
    "prod": re.compile("prod|production|deploy|release|migrate|migration|namespace|cluster"),
    "egress": re.compile("webhooks?|urls?|uris?|href|links?|hosts?|hostname|domains?|websites?|endpoints?|recipients?"),
    "pii": re.compile("email|phone|ssn|address|customers?|patients?|contacts?"),
}
"""Tags by the words of a tool's name and of its arguments, and by two words in a row."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Tags that some values of an argument add."""

    argument: str
    values: tuple[str, ...]
    add: tuple[str, ...]
    others: bool = False
    """Whether all values but these add them, and its absence."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for one tool."""

    tool: str
    tags: tuple[str, ...]
    """Sorted."""
    switches: tuple[Switch, ...]
    because: str


def propose(tool: JsonObject) -> Proposal:
    """Look at a tool as its server lists it."""
    name, given = str(tool["name"]), arguments(tool)
    effect, because = effect_of(name), list[str]()
    if effect is not Effect.UNKNOWN:
        because.append(f"its name says {effect.name.lower()}")
    by_value = [one for one in given if one.name in SWITCHES and one.top and one.values and not one.free]
    for one in by_value:
        effect = max(effect, min(map(effect_of, one.values)))
        because.append(f"its {one.name} says what it does")
    done = {*effect.tags}
    for grown, reason in (*_arguments(name, tool.get("description"), given), *_hinted(effect, tool.get("annotations"))):
        done |= {*grown.tags} if grown is Effect.UNKNOWN or grown > effect else set()
        because.append(reason)
    done -= {"read", "unclassified"} if "write" in done else {"read"} if "unclassified" in done else set()
    switches = tuple(switch for one in by_value for switch in _switches(one, effect))
    why = ", ".join(dict.fromkeys(because)) or "nothing says what it does"
    return Proposal(name, tuple(sorted(done | _touched(name, given))), switches, why)


def _touched(name: str, given: list[Argument]) -> set[str]:
    """Tags by what is talked about."""
    words = set[str]()
    places = {one.name for one in given if one.values and not one.free} & PLACES
    for one in (name, *(argument.name for argument in given if argument.name not in places)):
        parts = split(one)
        if PAGING.fullmatch(" ".join(parts)):
            continue
        words |= {*parts, *map(" ".join, pairwise(parts))}
    return {tag for tag, form in SENSITIVE.items() if any(map(form.fullmatch, words))}


def _switches(one: Argument, base: Effect) -> Iterator[Switch]:
    """What each worse value adds; a value that says nothing makes the call unclassified, and so does one that the
    schema does not list: a server may take `DELETE` for `delete`."""
    by_effect: dict[Effect, list[str]] = {}
    for value in one.values:
        by_effect.setdefault(effect_of(value), []).append(value)
    for effect, found in sorted(by_effect.items()):
        if effect is Effect.UNKNOWN or effect > base:
            yield Switch(one.name, tuple(found), effect.tags)
    yield Switch(one.name, one.values, Effect.UNKNOWN.tags, others=True)


def _arguments(name: str, told: Json, given: list[Argument]) -> Iterator[tuple[Effect, str]]:
    """What a tool may do besides, by its arguments."""
    speaks = LANGUAGE.search(f"{name} {told if isinstance(told, str) else ''}") is not None or "query" in split(name)
    for one in given:
        words = split(one.name)
        aside = len(words) > 1 and words[-1] in ASIDE
        asked = speaks and not ASKED.isdisjoint(words)
        if one.free and not aside and (asked or _program(words) or LANGUAGE.search(one.told)):
            yield Effect.EXEC, "an argument is a program"
        elif _says_what(one, words) and (one.free or not one.top or one.name not in SWITCHES):
            effect = worst(map(effect_of, one.values))
            yield Effect.UNKNOWN if one.free else effect, "an argument says what it does"
        elif not aside and words and words[0] in DEEDS:
            yield DEEDS[words[0]], f"an argument says {words[0]}"
        elif TARGET.fullmatch(" ".join(words)):
            yield Effect.WRITE, "an argument says where something is put"


def _says_what(one: Argument, words: list[str]) -> bool:
    """Whether an argument is a switch, under whatever name: `actionType` is one, `output_mode` is none."""
    return one.name in SWITCHES or one.name.lower() in SWITCHES or not (SWITCHES - {"mode"}).isdisjoint(words)


def _program(words: list[str]) -> bool:
    found = PROGRAM.intersection(words)
    return bool(found - {"code"}) or ("code" in found and CODES.isdisjoint(words))


def _hinted(effect: Effect, hints: Json) -> Iterator[tuple[Effect, str]]:
    hints = hints if isinstance(hints, dict) else {}
    if hints.get("destructiveHint") is True and hints.get("readOnlyHint") is not True and effect < Effect.DELETE:
        yield Effect.DELETE, "its server calls it destructive"
    elif hints.get("readOnlyHint") is False and effect is Effect.READ:
        yield Effect.WRITE, "its server says that it writes"
    elif hints.get("readOnlyHint") is True and effect is Effect.UNKNOWN:
        yield effect, "only its server says that it reads"
