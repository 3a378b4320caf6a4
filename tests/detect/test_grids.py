"""What is found in tables that are drawn, by the names of their columns, rows or fields."""

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[str]:
    """The values of the findings in a text."""
    return [text[one.start : one.end] for one in scan([Leaf(text)], Options(ner=False)).findings[0]]


def test_columns_lie_under_a_line_of_dashes() -> None:
    text = "EMPNO  NAME         BIRTHDATE   ROOM\n-----  -----------  ----------  ----\n"
    assert found(text + "10012  Lorraine Vance  1940-01-25  12\n") == ["Lorraine Vance", "1940-01-25"]
    aligned = "id last_name  note\n-- ---------- ----\n 7 Vance      ok\n"
    assert found(aligned) == ["Vance"]


def test_columns_may_have_names_in_capitals_alone() -> None:
    text = "NAME          EMAIL            ROLE\nAnn Lee       ann@acme.com     admin\n"
    assert found(text) == ["Ann Lee", "ann@acme.com"]
    assert found("NAME          READY   STATUS\nTown Hall     1/1     Running\n") == []


def test_a_record_is_a_field_a_line() -> None:
    assert found("-[ RECORD 1 ]-+------\nid            | 5\nfull_name     | Yuki Watanabe\n") == ["Yuki Watanabe"]


def test_cells_of_html_belong_to_what_heads_their_column_or_stands_before_them() -> None:
    table = "<table><tr><th>Name</th><th>Tel.</th></tr><tr><td>Declan Fay</td><td>0664 5208915</td></tr></table>"
    assert found(table) == ["Declan Fay", "0664 5208915"]
    assert found("<dl><dt>Passport</dt><dd>H8F02RC3W</dd><dt>Since</dt><dd>1980-01-02</dd></dl>") == ["H8F02RC3W"]
    assert found("<table><tr><td>Date of birth:</td><td>1980-01-02</td></tr></table>") == ["1980-01-02"]
    assert found("<table><tr><th>Name</th><th>Size</th></tr><tr><td>Town Hall</td><td>12</td></tr></table>") == []
