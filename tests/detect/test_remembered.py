"""What is found out about words is known for the time of one scan, and no longer."""

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.names.lexicon import is_given
from mcp_gate.detect.options import Options
from mcp_gate.detect.remembered import _ALL, forget, remembered
from mcp_gate.detect.scan import scan


def test_a_word_is_asked_once_until_it_is_forgotten() -> None:
    asked: list[str] = []

    @remembered
    def is_long(word: str) -> bool:
        asked.append(word)
        return len(word) > 3

    assert [is_long("Anna"), is_long("Anna"), is_long("Li"), is_long("Li")] == [True, True, False, False]
    assert asked == ["Anna", "Li"]
    forget()
    assert is_long("Anna")
    assert asked == ["Anna", "Li", "Anna"]


def test_no_word_of_a_result_outlives_its_scan() -> None:
    assert is_given("Anna")
    assert any(_ALL)
    scan(
        [Leaf("name: Anna Schmidt\nDear Anna Schmidt,\nid,name,ssn\n1,Anna Schmidt,536-22-1234\n" * 300)],
        Options(ner=False),
    )
    assert not any(_ALL)
