"""What the words of a name alone say."""

import pytest

from mcp_gate.detect.names.evidence import is_likely, without_plain


@pytest.mark.parametrize(
    "name",
    ["Anna Zbrzezny", "Kostyantyn Hrytsenko", "Guang Bai", "Björn Þórsson", "Johannessen, Tonje", "Al-Masri, Layla"],
)
def test_a_given_name_before_or_a_surname_behind_makes_a_name_likely(name: str) -> None:
    assert is_likely(name)


@pytest.mark.parametrize("name", ["Palo Alto", "La Croix", "Piggly Wiggly", "Hugging Face", "Virgin Atlantic"])
def test_names_the_other_way_about_and_unknown_words_are_not_likely(name: str) -> None:
    assert not is_likely(name)


def test_an_everyday_word_ends_a_name_or_makes_a_thing_of_it() -> None:
    assert without_plain("Maria Miller Accounting") in ("Maria Miller Accounting", "Maria Miller")
    assert without_plain("Maria Miller Kitchen") == "Maria Miller"
    assert without_plain("Kelly Blue Book") == ""
    assert without_plain("Silver Fern Wines") == ""
    assert without_plain("Jackson Hole") == ""
    assert without_plain("Kelly Green") == "Kelly Green"
