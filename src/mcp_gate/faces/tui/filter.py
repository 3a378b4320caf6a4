"""What the queue is narrowed to: words, all of which have to hold. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.words import LATE_SEC

HELP: Final = "tier:high  tool:refund  agent:ci  rule:x  group:x  kind:sample  mine  late  claimed; ! before one: not"

_FIELDS: Final[dict[str, Callable[[Held], str]]] = {
    "tier": lambda held: held.tier.word,
    "tool": lambda held: held.tool,
    "agent": lambda held: held.agent,
    "rule": lambda held: " ".join(map(str, held.verdict.get("rule_ids", ()))),
    "group": lambda held: held.group,
    "kind": lambda held: held.kind,
    "id": lambda held: held.id,
    "tag": lambda held: " ".join(map(str, held.call.get("risk_tags", ()))),
}


class BadFilter(ValueError):
    """A word that is not a filter; the text names it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter; the empty one lets everything through."""

    text: str = ""
    words: tuple[tuple[bool, str, str], ...] = ()
    """Whether it must not hold, the field or "", and what is looked for in lower case."""

    @classmethod
    def parse(cls, text: str) -> Filter:
        """
        Raises:
            BadFilter: an unknown field.
        """
        words = []
        for word in text.lower().split():
            negated = word.startswith("!")
            name, colon, wanted = word.removeprefix("!").partition(":")
            if colon and name not in _FIELDS:
                raise BadFilter(f"no filter '{name}:'; there are {', '.join(_FIELDS)}")
            words.append((negated, name if colon else "", wanted if colon else name))
        return cls(" ".join(text.split()), tuple(words))

    def __bool__(self) -> bool:
        return bool(self.words)

    def lets(self, held: Held, me: str, now: float) -> bool:
        """Whether a request is shown; `now` in seconds since the epoch."""
        return all(_holds(name, wanted, held, me, now) != negated for negated, name, wanted in self.words)


def _holds(name: str, wanted: str, held: Held, me: str, now: float) -> bool:
    if name:
        return wanted in _FIELDS[name](held).lower()
    match wanted:
        case "mine":
            return me in (held.claimed_by, held.assigned_to)
        case "late":
            return held.due - now < LATE_SEC
        case "claimed":
            return bool(held.claimed_by)
        case _:
            return any(wanted in text.lower() for text in (held.tool, held.agent, held.id))
