"""Proposes risk tags for a tool nobody has looked at yet, with reasons that a person can argue with.

Three witnesses: the verb in the name, the values that an argument such as `method` may take, and the server's own
hints. A hint can only make a tool riskier: that a server calls a tool read-only takes no tag away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from mcp_gate.model.foreign import Json, JsonObject


class Effect(IntEnum):
    """What a tool does, from mildest to worst."""

    UNKNOWN = -1
    READ = 0
    WRITE = 1
    SEND = 2
    EXEC = 3
    DELETE = 4

    @property
    def tags(self) -> tuple[str, ...]:
        return _TAGS[self]


_TAGS: Final = {
    Effect.UNKNOWN: ("unclassified",), Effect.READ: ("read",), Effect.WRITE: ("write",),
    Effect.SEND: ("write", "egress"), Effect.EXEC: ("write", "exec"), Effect.DELETE: ("write", "delete"),
}  # fmt: skip
_WORDS: Final = {
    Effect.READ: "get list read search find fetch show view describe query count check status diff log lookup browse "
    "preview inspect export download tree info head stat validate compare echo recall",
    Effect.WRITE: "create add update edit write set put patch insert upsert modify rename move copy assign unassign "
    "mark dismiss enable disable star unstar merge push commit upload save close reopen lock unlock toggle transition "
    "apply import sync manage fork submit resolve unresolve request checkout reset stage branch init store replace "
    "append",
    Effect.SEND: "send post publish email mail notify reply comment share invite pay transfer refund charge",
    Effect.EXEC: "run exec execute eval invoke trigger start stop restart deploy rollback shell bash spawn launch "
    "dispatch call",
    Effect.DELETE: "delete remove drop destroy purge truncate wipe revoke archive cancel uninstall kill terminate "
    "clear",
}
VERBS: Final = {word: effect for effect, words in _WORDS.items() for word in words.split()}
MILD: Final = ("read", "unclassified")
"""Tags that a hint takes the place of when it says something worse."""
SWITCHES: Final = ("method", "action", "operation", "op", "command", "mode")
"""Arguments that say what a tool does, where it does several things."""
SENSITIVE: Final = {
    "financial": re.compile("refunds?|payments?|invoices?|charges?|payouts?|transfers?|amount|price|billing"),
    "secrets": re.compile("secrets?|tokens?|passwords?|credentials?|apikey"),
    "prod": re.compile("prod|production|deploy|release|migrate|migration|namespace|cluster"),
    "egress": re.compile("webhooks?|urls?|uris?|endpoints?|recipients?"),
    "pii": re.compile("email|phone|ssn|address|customers?|patients?|contacts?"),
}
"""Tags by the words of a tool's name and of its arguments."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Tags that some values of an argument add."""

    argument: str
    values: tuple[str, ...]
    add: tuple[str, ...]


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
    name, properties = str(tool["name"]), _properties(tool)
    effect, because = effect_of(name), []
    if effect is not Effect.UNKNOWN:
        because.append(f"its name says {effect.name.lower()}")
    switches: tuple[Switch, ...] = ()
    argument = next((key for key in SWITCHES if _values(properties, key)), None)
    if argument is not None:
        values = _values(properties, argument)
        effect = max(effect, min(map(effect_of, values)))
        switches = tuple(_switches(argument, values, effect))
        because.append(f"its {argument} says what it does")
    worse, hinted = _hinted(effect, tool.get("annotations"))
    because += hinted
    done = {*effect.tags, *worse.tags} - ({*MILD} if worse is not effect else set())
    words = {*split(name), *(word for key in properties for word in split(str(key)))}
    touched = {tag for tag, form in SENSITIVE.items() if any(map(form.fullmatch, words))}
    return Proposal(name, tuple(sorted(done | touched)), switches, ", ".join(because) or "nothing says what it does")


def effect_of(name: str) -> Effect:
    """By the first word if it is a verb, else the last, else the worst; `get_and_delete` is as bad as `delete`."""
    halves = re.split(r"_(?:and|or|then)_", name)
    if len(halves) > 1:
        return max(map(effect_of, halves))
    parts = split(name)
    for word in (*parts[:1], *parts[-1:]):
        if word in VERBS:
            return VERBS[word]
    return max((VERBS[word] for word in parts if word in VERBS), default=Effect.UNKNOWN)


def split(name: str) -> list[str]:
    """The words of a name in snake, kebab or camel case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def _switches(argument: str, values: Iterable[str], base: Effect) -> Iterable[Switch]:
    """What each worse value adds; a value that says nothing makes the call unclassified."""
    by_effect: dict[Effect, list[str]] = {}
    for value in values:
        by_effect.setdefault(effect_of(value), []).append(value)
    for effect, found in sorted(by_effect.items()):
        if effect is Effect.UNKNOWN or effect > base:
            yield Switch(argument, tuple(found), effect.tags)


def _hinted(effect: Effect, hints: Json) -> tuple[Effect, list[str]]:
    hints = hints if isinstance(hints, dict) else {}
    if hints.get("destructiveHint") is True and hints.get("readOnlyHint") is not True and effect < Effect.DELETE:
        return Effect.DELETE, ["its server calls it destructive"]
    if hints.get("readOnlyHint") is False and effect is Effect.READ:
        return Effect.WRITE, ["its server says that it writes"]
    if hints.get("readOnlyHint") is True and effect is Effect.UNKNOWN:
        return effect, ["only its server says that it reads"]
    return effect, []


def _properties(tool: JsonObject) -> JsonObject:
    schema = tool.get("inputSchema")
    found = schema.get("properties") if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _values(properties: JsonObject, key: str) -> list[str]:
    schema = properties.get(key)
    found = schema.get("enum") if isinstance(schema, dict) else None
    return [value for value in found if isinstance(value, str)] if isinstance(found, list) else []
