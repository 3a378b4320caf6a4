"""Names in records of airlines, banks, offices and programs."""

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str) -> list[tuple[str, str]]:
    (all_,) = scan([Leaf(text)], Options(ner=False)).findings
    return [
        (one.entity, text[one.start : one.end]) for one in all_ if one.entity in ("PERSON", "DATE_OF_BIRTH", "US_SSN")
    ]


def people(text: str) -> list[str]:
    return [value for entity, value in found(text) if entity == "PERSON"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.IYER/PRIYA MR  2.QXYZZ/QWER MRS", ["IYER/PRIYA", "QXYZZ/QWER"]),
        ("Pax: ZIELINSKI/BJÖRN\nSeat 14C", ["ZIELINSKI/BJÖRN"]),
        ("SSR DOCS LH HK1/P/DEU/C01/DEU/12MAR80/F/31DEC30/IVANOVA/HENRIK", ["IVANOVA/HENRIK"]),
        ("P<UTOVOLKOV<<AYESHA<MARIA<<<<<<<<<<<<\n", ["VOLKOV<<AYESHA<MARIA"]),
        (":59:/12345\nHANNAH CONTI\nLONDON", ["HANNAH CONTI"]),
        (":50F:/12345\n1/GIULIA KOWALCZYK\n2/RUE", ["GIULIA KOWALCZYK"]),
        (":86:/ORDP//NAME/RAJESH MCALLISTER/REMI/RENT", ["RAJESH MCALLISTER"]),
        ("SEPA-GUTSCHRIFT SANNE JANKOWSKI MIETE MAI", ["SANNE JANKOWSKI"]),
        ("NM1*IL*1*DUBOIS*PRIYA*A***MI*12~", ["DUBOIS*PRIYA"]),
        ("NAD+BY+++RASHID FUJIMOTO+HIGH STREET 1'", ["RASHID FUJIMOTO"]),
        ("OBR|1||A1|CBC|||2024||||||||1234^KOWALCZYK^DECLAN", ["KOWALCZYK^DECLAN"]),
        ("0 @I1@ INDI\n1 NAME Ingrid /Qwxyz/\n1 SEX F", ["Ingrid /Qwxyz/"]),
    ],
)
def test_names_stand_in_the_records_of_trades(text: str, expected: list[str]) -> None:
    assert people(text) == expected


def test_what_is_set_is_what_the_setter_is_called_after() -> None:
    assert people('p.setFirstName("Emily");\np.setLastName("Qwxyz");') == ["Emily", "Qwxyz"]
    assert found('p.withSsn("536-22-1234")') == [("US_SSN", "536-22-1234")]
    assert people('button.setText("Cancel"); window.setTitle("Settings"); c.setName("Primary")') == []


def test_a_family_tree_has_days_of_birth() -> None:
    assert found("1 BIRT\n2 DATE 4 JUL 1988\n") == [("DATE_OF_BIRTH", "4 JUL 1988")]


@pytest.mark.parametrize(
    "text",
    [
        "1.2 SCOPE/GOALS",
        "NAME INPUT/OUTPUT, READ/WRITE MR",
        "SRC/MAIN and USR/BIN",
        "OVER/XOVER response",
        ":50K:/12345\nMUSTERMANN GMBH\nBONN",
        "NM1*PR*2*BLUE CROSS*****PI*12345~",
        "NAD+SU+++ACME SUPPLIES LTD+HIGH STREET 1'",
        "a^Bc and x^Ymin, 2^Ten",
        "SELECT NAME FROM USERS WHERE TOTAL BETWEEN",
        "cout << Anna << Schmidt << endl; std::cout<<NAME<<ENDL;",
        "KUNDE 4711 PREMIUM PLUS STAMMDATEN GEAENDERT",
    ],
)
def test_other_records_are_left(text: str) -> None:
    assert people(text) == []
