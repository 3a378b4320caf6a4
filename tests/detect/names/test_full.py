"""Full names in running text, without the model."""

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
        ("The parcel is still with Anna Schmidt, as it seems.", ["Anna Schmidt"]),
        ("Nobody saw Priya R. Deshpande or José Luis Romero there", ["Priya R. Deshpande", "José Luis Romero"]),
        ("the late Maria de la Cruz", ["Maria de la Cruz"]),
        ("Willem van der Berg's laptop", ["Willem van der Berg"]),
        ("it was at Anna Schmidt's house", ["Anna Schmidt"]),
        ('{"name": "Robert Miller", "email": "rm@acme.com"}', ["Robert Miller"]),
        ("Customer Anna Schmidt complained", ["Anna Schmidt"]),
        ("VALUES (606, 'Anna Schmidt', 4)", ["Anna Schmidt"]),
        ("Pt Anna Schmidt seen today", ["Anna Schmidt"]),
        ("Dear Caroline Sheffield, call us", ["Caroline Sheffield"]),
        ("behind Andrea Zbrzezny sits", ["Andrea Zbrzezny"]),
        ("Vet Anna Schmidt examined the dog", ["Anna Schmidt"]),
        ("Der Mieter Anna Schmidt hat recht", ["Anna Schmidt"]),
    ],
)
def test_a_known_given_name_with_a_known_surname_is_somebody(text: str, expected: list[str]) -> None:
    assert people(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "string", "title": "Full name", "default": "John Doe"}',
        "Morgan Stanley and Wells Fargo merge",
        "We shop at Paul Smith in London",
        "the Robert Miller app is broken",
        "Robert Miller Ltd. has paid",
        "Anna Schmidt & Sons deliver on Monday",
        "on Martin Luther King Day",
        "Martin Luther King Boulevard is closed",
        "on board the Queen Mary",
        '{"sku": "A-1", "price": 5, "name": "Robert Miller"}',
        "city: San Antonio",
        "src/Anna Miller/main.py and x.Anna Miller(1)",
        "Grant Access To Everyone In May Or June",
        "General Electric and Carl Zeiss report",
        "Spotify and Jordan River announced it",
        "Our contract with Credit Suisse ends",
        "SELECT * FROM venues WHERE name = 'Sony' AND id > 5",
        '{"venue": {"name": "Anna Schmidt", "city": "Rome"}}',
        "12:00:04 ERROR Linkerd lost its connection",
        "Press Enter to go on, or read the Tomasz Handbook",
        "Margarita Mix and Charlotte Serializer",
        "yJd éht",
    ],
)
def test_what_bears_a_full_name_is_nobody(text: str) -> None:
    assert people(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("// TODO(Federica): remove it", ["Federica"]),
        ("transcript: agent=Federica customer=Sven", ["Federica", "Sven"]),
        ("fyi, ping Ines instead", ["Ines"]),
        ("it was Federica's idea", ["Federica"]),
        ("Right. Federica is on vacation until Monday", ["Federica"]),
        ("deploy of Federica approved by all", []),
        ("tool,owner\nFederica,data\n", []),
        ("User-Agent: Mozilla/5.0, agent=Firefox", []),
        ("met Siemens today", []),
    ],
)
def test_a_known_given_name_alone_is_somebody_where_people_are_spoken_of(text: str, expected: list[str]) -> None:
    assert people(text) == expected


def test_a_page_of_capitals_takes_time_in_proportion() -> None:
    text = "Anna " * 20_000
    assert len(people(text)) <= 1


def test_columns_named_first_and_last_hold_names() -> None:
    assert people("first,last,ssn\nDefne,Bergström,433-89-2034\n") == ["Defne", "Bergström"]
    assert people("first,second,third\nAnode,Cathode,4\n") == []


def test_a_stand_in_is_somebody_where_something_says_so() -> None:
    assert people('{"customer": {"fullName": "John Doe", "ssn": "536-22-1234"}}') == ["John Doe"]
    assert people("Dear John Doe,\nthank you") == ["John Doe"]
