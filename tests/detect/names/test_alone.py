"""Given names that stand alone, without the model."""

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def people(text: str) -> list[str]:
    (found,) = scan([Leaf(text)], Options(ner=False)).findings
    return [text[one.start : one.end] for one in found if one.entity == "PERSON"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great work on the launch, Emily!", ["Emily"]),
        ("Ingrid, can you take a look?", ["Ingrid"]),
        ("thx Solveig, will do", ["Solveig"]),
        ("Waiting for Sebastian to sign the lease", ["Sebastian"]),
        ("Lunch with Hannah and Declan at noon", ["Hannah", "Declan"]),
        ("According to Priya the room is locked", ["Priya"]),
        ("Waiting for Gustavo to sign", ["Gustavo"]),
        ("Ho parlato con Giulia ieri.", ["Giulia"]),
        ("Kannst du bitte Jürgen fragen?", ["Jürgen"]),
    ],
)
def test_who_is_spoken_to_or_of(text: str, expected: list[str]) -> None:
    assert people(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12/03/2024, 18:22 - Ayesha: Are you coming?", ["Ayesha"]),
        ("<Emily> anyone there", ["Emily"]),
        ("**Deborah** 10:42 AM\ndeploying", ["Deborah"]),
        ("Ingrid hat das schon erledigt", ["Ingrid"]),
        ("so Ingrid is covering the shift", ["Ingrid"]),
        ("Emily's badge", ["Emily"]),
        ("Sounds good. /Solveig\n", ["Solveig"]),
    ],
)
def test_who_says_or_does_or_has_something(text: str, expected: list[str]) -> None:
    assert people(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* Gustavo to update the deck\n* Emily to call", ["Gustavo", "Emily"]),
        ("Kids: Solveig (7), Emily (4)", ["Solveig", "Emily"]),
        ("Attending: Priya, Eszter, Ayesha", ["Priya", "Eszter", "Ayesha"]),
        ('{"squad": ["Mehmet", "Eszter", "Priya"]}', ["Mehmet", "Eszter", "Priya"]),
        ("1;Dubois;Ingrid;Berlin", ["Dubois", "Ingrid"]),
        ('users = [("Amelie", "Mehta")]', ["Amelie", "Mehta"]),
        ("Room 2 - Amelie\n", ["Amelie"]),
        ("| Who | What |\n|---|---|\n| Gustavo | slides |\n", ["Gustavo"]),
    ],
)
def test_who_is_one_of_some(text: str, expected: list[str]) -> None:
    assert people(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Great work on the launch, team!",
        '{"rooms": ["Alpha", "Bravo", "Charlie", "Mike"]}',
        "Simon & Schuster and Sara Lee agreed",
        "Weber's Line lies east of it",
        "Restart Emily.service, then look at /srv/Emily/log",
        "We migrated to Selma(1)",
        "Kids: Lego (7), Duplo (4)",
        "Berlin, Paris and Rome are open",
        "1;Red;Large;Berlin",
        "Deployed by using Emily",
        "| Line | Zone |\n|---|---|\n| 4 | B |\n",
        "user=emily-bot action=sync",
        "# German - Austria\n# Valid: 19, 20\n### Daphne\n",
        "passe par Gare Saint-Lazare et Charles de Gaulle",
        "and 9 of Ben & Jerry's.",
    ],
)
def test_a_thing_is_nobody(text: str) -> None:
    assert people(text) == []


def test_a_field_for_somebody_may_hold_a_given_name() -> None:
    assert people('{"displayName": "Marloes ten Brink"}') == ["Marloes ten Brink"]
    assert people('{"author": "Emily", "assignee": "Solveig"}') == ["Emily", "Solveig"]
    assert people('{"author": "Gateway", "assignee": "Backend"}') == []


@pytest.mark.parametrize("closing", ["Bien à vous", "A presto", "Abraços", "Groetjes", "Bis bald"])
def test_who_signs_a_letter(closing: str) -> None:
    assert people(f"Ok.\n\n{closing},\nLinnea") == ["Linnea"]
