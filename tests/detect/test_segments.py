"""Messages between hospitals, segment by segment."""

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str, *keys: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in one leaf."""
    findings = scan([Leaf(text, keys)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def test_fields_of_a_segment_are_what_the_message_says_they_are() -> None:
    patient = [("MEDICAL_RECORD", "46651294"), ("PERSON", "Daviesson^Tariq"), ("DATE_OF_BIRTH", "19840703")]
    assert found("PID|1||46651294^^^HOSP^MR||Daviesson^Tariq||19840703|F") == patient
    assert found("MSH|^~\\&|ADT\rPID|1||46651294^^^HOSP^MR||Daviesson^Tariq||19840703|F") == patient


def test_a_segment_begins_a_line() -> None:
    assert found("see PID|1||46651294||x||y") == []
