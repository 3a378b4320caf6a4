"""What is somebody's name by what stands around it, once the model thinks so."""

import pytest

from mcp_gate.detect.names.doubt import is_doubtful


def doubtful(text: str, sure: float = 0.95) -> bool:
    """Of the name in brackets."""
    start, end = text.index("["), text.index("]") - 1
    return is_doubtful(text.replace("[", "").replace("]", ""), start, end, sure)


@pytest.mark.parametrize(
    "text",
    [
        "Please tell [Thandiwe] about it",
        "[Lončar] began writing as a teenager",
        "Dr. [Ueda] is away",
        "see you there, [Zsófia]",
        "parcel for [Wojciech Zbrzezny] arrived",
        "the [Anna Zbrzezny] file",
        "[Anna] & Tomasz are here",
        "ping Anna and [Thabo] about Mocha 12.1.3",
        "It was [Federica Zbrzezny], not Anna.",
    ],
)
def test_somebody_is_believed(text: str) -> None:
    assert not doubtful(text)


@pytest.mark.parametrize(
    "text",
    [
        "[Ernst] & Young beat all estimates",
        "Ernst & [Young] beat all estimates",
        "[Bosch] and Sullivan Freight Ltd have signed",
        "see the [McKinsey] paper",
        "import [Julia]",
        "INFO  [Watson] started in 0.7s",
        "[Starlette] is a lightweight toolkit; see `app`",
        "[Ruff] aims to be fast",
        "nationality: [DE]",
        "then [OSError] is raised",
        "Results Of The Quarter: [Tiffany] Beats Estimates And Raises Outlook",
        "[Moreau Consulting] has paid",
        "[BIC DEUTDEFF]",
    ],
)
def test_what_bears_a_name_is_doubted(text: str) -> None:
    assert doubtful(text)


def test_a_word_that_no_list_has_needs_a_person_around_it() -> None:
    assert doubtful("take [Curiex] instead", 0.6)
    assert doubtful("take [Curiex] instead", 0.95)
    assert not doubtful("[Curiex], can you take it instead?", 0.95)
    assert doubtful("[Curiex], can you take it instead?", 0.6)
    assert not doubtful("ask [Curiex] instead", 0.4)
