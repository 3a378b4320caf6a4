"""What is found in texts, by what reads them: the first things of every kind."""

import json
from itertools import pairwise

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan


def found(text: str, *keys: str) -> list[tuple[str, str]]:
    """Entity and value of each finding in one leaf."""
    findings = scan([Leaf(text, keys)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def test_numbers_with_a_checksum_or_a_shape_are_found_in_prose() -> None:
    assert found("card 5316-9271-2757-2305, SSN 536-22-1234") == [
        ("CREDIT_CARD", "5316-9271-2757-2305"),
        ("US_SSN", "536-22-1234"),
    ]
    assert found("pay to NL28 ABNA 3807 6990 69 today") == [("IBAN_CODE", "NL28 ABNA 3807 6990 69")]


def test_addresses_of_mail_and_net_are_found() -> None:
    assert found("from ann.lee@acme.com at 203.155.46.204 and 2001:db8:4162:505::35ff") == [
        ("EMAIL_ADDRESS", "ann.lee@acme.com"),
        ("IP_ADDRESS", "203.155.46.204"),
        ("IP_ADDRESS", "2001:db8:4162:505::35ff"),
    ]


def test_what_only_looks_like_it_is_left_alone() -> None:
    assert found("version 1.22.333.4, git@github.com, 127.0.0.1, 4111 1111 1111 1112, 000-12-3456, 12:30:45") == []


def test_a_login_at_a_machine_is_no_address_for_nobody_reads_what_is_sent_there() -> None:
    for login in ("ssh://git@host.analytical.org/x.git", "ssh://ada@analytical.org:22/x", "ftp://ada@analytical.org/"):
        assert found(f"clone {login} now") == []
    for person in ("mailto://ada@analytical.org", "sip://ada@analytical.org", "smtp://ada@analytical.org"):
        assert found(f"write to {person} now") == [("EMAIL_ADDRESS", "ada@analytical.org")]


def test_a_card_that_everybody_tests_with_is_one_but_in_a_test() -> None:
    for number in ("4111 1111 1111 1111", "4242424242424242", "3782-822463-10005", "5555555555554444"):
        assert found(f"paid with {number}") == [("CREDIT_CARD", number)]
        assert found(f'{{"payment": "{number}"}}') == [("CREDIT_CARD", number)]
    for code in ('assert validate("{}")', 'expect(luhn("{}")).toBe(true)', "test card {}"):
        assert found(code.format("4111111111111111")) == []
    for said in (
        "alice@example.com, card {}", "test@corp.io card {}", "at www.example.org, SSN none, card {}",
        "Test user Bob, card {}", "a sample of customers: Bob paid by {}",
    ):  # fmt: skip
        assert ("CREDIT_CARD", "4111 1111 1111 1111") in found(said.format("4111 1111 1111 1111"))


def test_a_name_of_a_field_tells_what_its_value_is() -> None:
    text = json.dumps({"customer": {"ssn": 536221234, "lastName": "Lee"}, "count": 536221234})
    assert found(text) == [("US_SSN", "536221234"), ("PERSON", "Lee")]
    assert found("Lee", "customer", "lastName") == [("PERSON", "Lee")]


def test_a_number_without_quotes_in_json_is_marked_bare() -> None:
    findings = scan([Leaf('{"ssn": 536221234, "dob": "1980-01-02"}')]).findings[0]
    assert [one.bare for one in findings] == [True, False]


def test_other_digits_hidden_characters_and_escapes_are_seen_through() -> None:
    zero = "\u200b"
    for text in (
        "５４０-７５-３０１７",
        f"540{zero}-75-30{zero}17",
        "540\u201175\u20113017",
        "540&#45;75-3017",
        "540%2D75-3017",
    ):
        assert found(f"it is {text} ok") == [("US_SSN", text)]
    assert found(r"ann\u0040acme.com") == [("EMAIL_ADDRESS", r"ann\u0040acme.com")]


def test_triggers_of_many_leaves_stay_with_their_leaf() -> None:
    leaves = [
        Leaf("nothing"),
        Leaf("call +49 30 628882"),
        Leaf(""),
        Leaf("SSN 536-22-1234"),
        Leaf("x"),
        Leaf("a@b.org"),
    ]
    found = [
        [(one.entity, leaf.text[one.start : one.end]) for one in findings]
        for leaf, findings in zip(leaves, scan(leaves).findings, strict=True)
    ]
    assert found == [
        [], [("PHONE_NUMBER", "+49 30 628882")], [], [("US_SSN", "536-22-1234")], [], [("EMAIL_ADDRESS", "a@b.org")],
    ]  # fmt: skip


def test_S200_what_overlaps_becomes_one_and_nothing_of_it_is_left() -> None:
    text = "\U0001f600e\u0301 ann@acme.com536-22-1234, ssn: 536-22-1234/5316927127572305\u0301"
    findings = scan([Leaf(text)], Options(ner=False)).findings[0]
    assert all(one.end <= two.start for one, two in pairwise(findings))
    left = "".join(char for place, char in enumerate(text) if not any(one.start <= place < one.end for one in findings))
    assert not any(char.isdigit() for char in left), left


def test_S200_offsets_are_those_of_the_text_as_given() -> None:
    text = "\U0001f600\U0001f600 n\u0303 5\u200b40-75-30\u00ad17 \uff41\uff42@acme.com \u2011"
    assert found(text) == [("US_SSN", "5\u200b40-75-30\u00ad17"), ("EMAIL_ADDRESS", "\uff41\uff42@acme.com")]


def test_a_standard_is_nobody_s_number() -> None:
    assert found("see RFC 7231 7.1.2, [rfc-6265-5.2.6] and RFC 8414/9207") == []
    assert found("RFC: GODE561231GR8") == [("NATIONAL_ID", "GODE561231GR8")]


@pytest.mark.parametrize("gap", [" ", "-", ".", "/", "_", "\u00b7", "\n", "\r\n    ", " \n"])
def test_an_iban_is_found_however_its_groups_are_kept_apart(gap: str) -> None:
    groups = ("DE89", "3704", "0044", "0532", "0130", "00")
    iban = f"DE89 3704 0044{gap}0532 0130 00" if "\n" in gap else gap.join(groups)
    assert found(f"IBAN {iban}, thanks") == [("IBAN_CODE", iban)]
