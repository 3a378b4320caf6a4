"""What is said of those who trade."""

import pytest

from mcp_gate.detect.names.dealings import is_dealt_with


def dealt(text: str) -> bool:
    """Of the name in brackets."""
    start, end = text.index("["), text.index("]") - 1
    return is_dealt_with(text.replace("[", "").replace("]", ""), start, end)


@pytest.mark.parametrize(
    "text",
    [
        "[Ethan Allen] reported $3.2 million in revenue",
        "[Foster Grant] called off the merger",
        "[Ann Taylor] announced a recall of 400 lamps",
        "[Jack Wills] opened a store near Leeds",
        "[Perry Ellis] (NYSE: PERY) closed at 27.40",
        "[Davis Polk] -0.4%",
        "the [Glen Grant] store is at the mall",
        "acquired by [Bob Evans] in 2021",
        "Reviewed by [Papa Murphy's]",
        "Partner: [Trader Joe]'s\n",
        "[Spencer Stuart] exceeded its quota",
        "shares of [Eli Lilly] rose",
    ],
)
def test_who_has_shares_and_shops_is_a_firm(text: str) -> None:
    assert dealt(text)


@pytest.mark.parametrize(
    "text",
    [
        "[Ethan Allen] reported the outage",
        "[Ann Taylor] announced her leave",
        "[Ann Taylor]'s contract ends in May",
        "[Jack Wills] opened a ticket",
        "sent by [Bob Evans] in 2021",
        "a mail of [Eli Lindqvist] came",
        "[Davis Polk] - 0.4 days",
        "[Spencer Stuart] signed",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not dealt(text)
