"""Tables in a text, whose first line names the columns."""

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str, *keys: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in one leaf."""
    findings = scan([Leaf(text, keys)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def test_a_table_of_nothing_but_names_is_known_by_its_first_line() -> None:
    names = [("PERSON", name) for name in ("Ann", "Lee", "Bob", "Ray")]
    assert found("first_name,last_name,email\nAnn,Lee,none\nBob,Ray,none\n") == names


def test_columns_of_parts_of_names_make_the_others_names() -> None:
    assert found("nome;cognome;id\nEmanuele;Ferrante;4\n") == [
        ("PERSON", "Emanuele"),
        ("PERSON", "Ferrante"),
    ]
