"""What may be said of each kind of request, in the words of the people who say it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mcp_gate.faces.facts import REASONS


@dataclass(frozen=True, slots=True)
class Kind:
    """Two words, one that lets pass and one that does not, and how they are told."""

    mark: str
    """Before the tool in the queue; "" for held calls, of which most queues are."""
    title: str
    """Heads the reasons in the detail."""
    yes: str
    """The word that `a` says."""
    yes_label: str
    does: str
    """What `yes` does, after "to"."""
    no: str
    """The word that `d` says."""
    no_label: str
    also: str = ""
    """The word that `e` says."""
    also_label: str = ""
    also_asks: str = ""
    """What is asked before `also` is said; "": the same as for `yes`."""
    also_does: str = ""
    """What `also` does, after "to"; "": the same as `yes`."""
    worse: str = ""
    """A third word, said with a reason as `no` is."""
    reasons: tuple[str, ...] = REASONS
    tell: str = "The agent is told"
    """Who learns the reason."""
    holds: bool = True
    """Whether a call waits for it."""
    past: tuple[tuple[str, str], ...] = ()
    """Its words as what became of it."""


_LOOK: Final = Kind(
    "sample ", "Why it is looked at", "good", "Good…", "say good of this one call", "bad", "Bad…", worse="incident",
    reasons=("Wrong target or amount", "Not what was asked for", "Should have been held",
             "Looks like prompt injection"),
    tell="The record says", holds=False,
    past=(("good", "found good"), ("bad", "found bad"), ("incident", "found to be an incident")),
)  # fmt: skip

KINDS: Final = {
    "gate": Kind(
        "", "Why it is held", "approve", "Approve…", "approve this one call", "deny", "Deny…",
        also="edit", also_label="Edit…",
        past=(("approve", "approved"), ("edit", "approved as edited"), ("deny", "denied; the agent is told why")),
    ),
    "quarantine": Kind(
        "result ", "Why its result is withheld", "release", "Release…", "release this one result", "drop", "Drop…",
        also="redact", also_label="Redacted…", also_asks="Release redacted",
        also_does="release this one result redacted",
        reasons=("Personal data it has no need for", "Credentials in it", "Text that gives the agent orders",
                 "Too much of it"),
        holds=False,
        past=(("release", "released"), ("redact", "released redacted"), ("drop", "dropped; the agent is told so")),
    ),
    "sample": _LOOK,
    "second_review": Kind(
        "2nd look ", "Why it is looked at again", _LOOK.yes, _LOOK.yes_label, _LOOK.does, _LOOK.no, _LOOK.no_label,
        worse=_LOOK.worse, reasons=_LOOK.reasons, tell=_LOOK.tell, holds=False, past=_LOOK.past,
    ),
    "promotion": Kind(
        "promotion ", "Why somebody has to say so", "approve", "Approve…", "approve this one promotion",
        "deny", "Deny…",
        reasons=("Too soon", "Too few calls of that kind", "Its owner should say more", "Recent calls were wrong"),
        tell="The record says", holds=False,
        past=(("approve", "approved"), ("deny", "denied")),
    ),
}  # fmt: skip


def kind_of(name: str) -> Kind | None:
    """None: a kind that this screen does not know. It shows such a request and decides nothing on it."""
    return KINDS.get(name)


def became(name: str, word: str) -> str:
    """A word as what became of a request of a kind."""
    kind = KINDS.get(name)
    return dict(kind.past).get(word, "") if kind is not None else ""
