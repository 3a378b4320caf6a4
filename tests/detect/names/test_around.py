"""Words around a name that tell things from people, and everyday words in one."""

import pytest

from mcp_gate.detect.names.doubt import is_doubtful

EVERYDAY = frozenset({"Sofa", "Construction", "Castle", "Morning", "Shin", "Hall"})
"""What the model's vocabulary has whole."""


def doubtful(text: str) -> bool:
    """Of the name in brackets."""
    start, end = text.index("["), text.index("]") - 1
    return is_doubtful(text.replace("[", "").replace("]", ""), start, end, 0.97, EVERYDAY)


@pytest.mark.parametrize(
    "text",
    [
        "Is it still using [Luigi], or not?",
        "Cannot open [Felix]",
        "deploy of [Tess] approved",
        "cc Anna, who owns [Sally]. Deadline is Monday.",
        "[Calypso] and Juno are both written in Java",
        "ERROR [Tess]: access denied",
        "[Armani] cut its forecast",
        "[Castillo Construction] opened a branch",
        "near [Hearst Castle] today",
        "[Florence] Sofa is blue",
        '"Morning [Glory]"',
        "[MSC Isabella] left the port",
    ],
)
def test_things_are_told_by_what_stands_around_or_in_them(text: str) -> None:
    assert doubtful(text)


@pytest.mark.parametrize(
    "text",
    [
        "ask [Luigi] about it",
        "[Tess] wrote to us",
        "Ms. [Shin] is here",
        "with [Eun-ji Shin] today",
        "[Anna Hall] left",
    ],
)
def test_people_are_still_believed(text: str) -> None:
    assert not doubtful(text)
