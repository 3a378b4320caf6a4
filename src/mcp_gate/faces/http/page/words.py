"""The words that a reviewer may say on the page, and what each asks of him."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from mcp_gate.faces.facts import REASONS
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import SECOND_REVIEW
from mcp_gate.review.judge import WORDS

MOST_BYTES: Final = 262_144
"""Arguments larger than this cannot be read by a person: such a call can only be denied."""
NO_BUTTON: Final = ("edit",)
"""Words for which a page is not the place."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One form of the page."""

    word: str
    label: str
    about: str
    typed: bool = False
    """Whether the digest has to be typed: it says that this very call was read."""
    reasoned: bool = False
    """Whether it needs a reason."""
    bare: bool = False
    """Whether all has to have been shown before it is said."""
    shown: bool = False
    """Whether it is about what a link does not show."""
    reasons: tuple[str, ...] = ()
    """What is often said."""


_SAYINGS: Final = (
    Saying("approve", "Approve", "It runs, with exactly these arguments.", typed=True, bare=True),
    Saying(
        "release",
        "Release",
        "The agent gets the result as it came, with all that was found in it.",
        typed=True,
        bare=True,
    ),
    Saying("redact", "Redact", "The agent gets the result as it is shown here, masked.", typed=True, shown=True),
    Saying("drop", "Drop", "The result is thrown away, and the agent is told so.", typed=True),
    Saying("good", "Good", "The call was right."),
    Saying("bad", "Bad", "The call was wrong: a violation of its agent's.", reasoned=True),
    Saying("incident", "Incident", "The call did harm: its agent goes to level 0.", reasoned=True),
    Saying("deny", "Deny", "The agent is told the reason.", reasoned=True, reasons=REASONS),
)
_BY_WORD: Final = {saying.word: saying for saying in _SAYINGS}
_AGAIN: Final = {
    "good": "The call should pass.", "bad": "The call should not pass. It is about the decision, not the agent.",
}  # fmt: skip
"""What words mean at a second look."""


def sayings(request: JsonObject, size: int) -> list[Saying]:
    """The forms for a request, none if nothing can be said of it here.

    Args:
        size: bytes of the arguments as sent.
    """
    if request["status"] != "pending" or needs_more_proof(request):
        return []
    words = [word for word in WORDS.get(request["kind"], ()) if word not in NO_BUTTON]
    found = [_BY_WORD.get(word) or Saying(word, word.capitalize(), "", True, True, True) for word in words]
    if request["kind"] == SECOND_REVIEW:
        found = [replace(saying, about=_AGAIN.get(saying.word, saying.about)) for saying in found]
    return [saying for saying in found if not saying.typed] if size > MOST_BYTES else found


def needs_more_proof(request: JsonObject) -> bool:
    """Whether it asks for a stronger proof of identity than a token."""
    word = request["verdict"].get("min_assurance", Assurance.SESSION.word)
    return word not in {proof.word for proof in Assurance if proof <= Assurance.TOKEN}
