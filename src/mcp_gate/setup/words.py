"""What the words of a tool's name say that it does. A name may be a lie or a habit: what is doubtful is not read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import IntEnum
from typing import Final


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
    "preview inspect tree info head stat validate compare echo",
    Effect.WRITE: "create add update edit write set put patch insert upsert modify rename move copy assign unassign "
    "mark dismiss enable disable star unstar merge push commit upload download export save close reopen lock unlock "
    "toggle transition apply import sync manage fork submit resolve unresolve request checkout reset stage branch init "
    "store replace append overwrite approve grant ban schedule enqueue install provision rotate restore revert attach "
    "detach link unlink mount register subscribe unsubscribe open click press fill navigate",
    Effect.SEND: "send post publish email mail notify reply comment share invite pay transfer refund charge",
    Effect.EXEC: "run exec execute eval invoke trigger start stop restart reboot deploy rollback shell bash spawn "
    "launch dispatch call",
    Effect.DELETE: "delete remove drop destroy purge truncate wipe revoke archive cancel uninstall kill terminate "
    "clear",
}
VERBS: Final = {word: effect for effect, words in _WORDS.items() for word in words.split()}
THINGS: Final = frozenset({
    "star", "merge", "push", "commit", "upload", "download", "export", "lock", "import", "fork", "request",
    "checkout", "stage", "branch", "store", "copy", "patch", "link", "post", "email", "mail", "reply",
    "comment", "share", "invite", "transfer", "refund", "charge", "run", "trigger", "start", "stop", "deploy",
    "launch", "dispatch", "call", "archive", "cancel", "close", "open", "schedule", "press"
})  # fmt: skip
"""Verbs that are as often the thing which another verb is about, as in `get_commit`."""
DEEDS: Final = {word: effect for word, effect in VERBS.items() if effect is not Effect.READ and word not in THINGS}
"""Verbs that say what is done wherever they stand, as in `search_and_replace`."""
AT_THE_END: Final = frozenset({"status", "log", "tree", "info", "head", "stat"})
"""Words that say read as the last alone: `git_log` shows one, `log_event` writes one."""
BETWEEN: Final = frozenset({"and", "or", "then"})


def effect_of(name: str) -> Effect:
    """The worst of what stands on both sides of `and`; nothing where one side says nothing and the other reads."""
    if not name.isascii():  # letters that look like others say nothing
        return Effect.UNKNOWN
    sides: list[list[str]] = [[]]
    for word in split(name):
        if word in BETWEEN:
            sides.append([])
        else:
            sides[-1].append(word)
    found = [_side(side) for side in sides]
    return Effect.UNKNOWN if max(found) is Effect.READ and Effect.UNKNOWN in found else max(found)


def _side(words: list[str]) -> Effect:
    """By the first word if it is a verb, else the last, else the worst; no milder than what `DEEDS` say."""
    if words[:2] in (["check", "in"], ["check", "out"]):
        words = ["checkout", *words[2:]]
    said = [word for word in words[:1] if len(words) == 1 or word not in AT_THE_END] + words[-1:]
    found = next((VERBS[word] for word in said if word in VERBS), None)
    if found is None:
        found = worst(VERBS[word] for word in words if word in VERBS and word not in AT_THE_END)
    return max(found, worst(DEEDS[word] for word in words if word in DEEDS))


def worst(effects: Iterable[Effect]) -> Effect:
    """The worst of some effects; unknown where there are none."""
    return max(effects, default=Effect.UNKNOWN)


def split(name: str) -> list[str]:
    """The words of a name in snake, kebab or camel case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])", r"\1\3 \2\4", name)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]
