"""Rows in statements of SQL."""

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str, *keys: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in one leaf."""
    findings = scan([Leaf(text, keys)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def test_rows_of_a_statement_are_read_by_their_columns() -> None:
    text = "INSERT INTO people (id, full_name, ssn, note) "
    text += "VALUES (1,'Ann Lee','536221234','O''Brien''s'), (2,'Bo Ray',NULL,'');"
    assert found(text) == [("PERSON", "Ann Lee"), ("US_SSN", "536221234"), ("PERSON", "Bo Ray")]


@pytest.mark.parametrize("words", ["insert into", "INSERT OR REPLACE INTO", "insert ignore into", "REPLACE INTO"])
def test_a_statement_may_begin_with_other_words(words: str) -> None:
    assert found(f"{words} people (id, full_name, ssn) VALUES (1, 'Ann Lee', 536221234)") == [
        ("PERSON", "Ann Lee"),
        ("US_SSN", "536221234"),
    ]
