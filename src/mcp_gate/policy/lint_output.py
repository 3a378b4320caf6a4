"""Warnings about the output review: what passes that its author probably believes to be looked after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.policy.outgoing import Outgoing
from mcp_gate.policy.read_output import LEAST_SCORE, OutputReview, OutputRule

GROUPS: Final = ("PII", "CREDENTIAL")


def lint_output(reader: Reader, reviews: Sequence[OutputReview]) -> None:
    """A document that speaks of entities takes the place of the built-in rules for everything, also for what it does
    not speak of; one that is turned off says nothing, whatever it holds."""
    for review in reviews:
        if review.place is not None and not review.enabled and review.rules:
            reader.warn(
                review.place, "this output review is turned off, so its rules are not in force",
                "remove enabled: false, or the rules",
            )  # fmt: skip
    outgoing = Outgoing.of(reviews)
    place = outgoing.place
    if place is None or not outgoing.enabled:
        return
    left = [group for group in GROUPS if not any(_holds(rule, group) for rule in outgoing.rules)]
    if left:
        reader.warn(
            place,
            f"no rule about {' and '.join(left)} holds for every result, and the built-in ones are not in force beside "
            "yours: the rest passes",
            f"add {{ id: rest, entities: [{', '.join(left)}], decision: redact }}, or say decision: allow",
        )


def _holds(rule: OutputRule, group: str) -> bool:
    """Whether a rule decides on all of a group, whatever the call and however much there is."""
    return (
        group in rule.entities and rule.match is None and rule.count_above is None and rule.min_score <= LEAST_SCORE
    )  # fmt: skip
