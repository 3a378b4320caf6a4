"""Checksums and number ranges that tell a real number from a string of digits."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_DIGITS: Final = b"0123456789"
_NO_DIGITS: Final = bytes(frozenset(range(128)) - frozenset(_DIGITS))
_NO_DIGIT: Final = re.compile(r"\D+")
_PLAIN: Final = bytes.maketrans(_DIGITS, bytes((0, 1, 2, 3, 4, 5, 6, 7, 8, 9)))
_DOUBLED: Final = bytes.maketrans(_DIGITS, bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_ISSUER: Final = re.compile(
    r"(?:4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|62\d{14,17}"
    r"|(?:5018|5020|5038|58\d\d|6304|6759|676[1-3])\d{8,15})"
)
"""Card numbers by issuer and length: Visa, Mastercard, Amex, Discover, JCB, Diners, UnionPay, Maestro."""
_TEST_CARDS: Final = frozenset(
    {
        "4111111111111111", "4242424242424242", "5555555555554444", "378282246310005", "371449635398431",
        "6011111111111117", "4012888888881881", "5105105105105100", "3530111333300000", "4000056655665556",
        "30569309025904", "2223003122003222", "38520000023237", "6011000990139424", "3566002020360505",
        "5200828282828210", "4222222222222", "6200000000000005", "2223000048400011", "4000000000000002",
    }
)  # fmt: skip
_ROUND: Final = 8
"""So many zeros have only the numbers that firms give out to test with."""
_SAMPLE_SSNS: Final = frozenset({"123456789", "078051120", "219099999", "123121234", "111111111", "111223333"})
"""Numbers that forms, books and programs show what one looks like with."""
_TRIED: Final = ("assert", "expect", "luhn", "isvalid", "is_valid", "validat", "reject", "sandbox")
_SHOWN: Final = (
    "test", "fake", "dummy", "mock", "sample", "example", "fixture", "placeholder", "bogus", "e.g.",
)  # fmt: skip
_TESTS: Final = re.compile(
    r"(?<![a-z@])(?<![a-z0-9]\.)(?:test(?:s|ing)?(?![a-z])|fake|dummy|mock|sample|example|fixture|placeholder|bogus|e\.g\.)"
    r"(?![\w-]{0,20}(?:@|\.[a-z]))"
)
"""The same as words, or what begins with them; in no address, for people of whom nothing is known are given those."""
_SHOWS: Final = re.compile(
    r"(?<![a-z@_])(?<![a-z0-9]\.)(?:test(?:s|ing)?(?: it)?(?: with)?|fake|dummy|mock|samples?|examples?|fixtures?"
    r"|placeholders?|bogus|e\.g\.,?|such as|like)(?![a-z@])"
)
_BETWEEN: Final = re.compile(
    r"[\s:=,(\[\"'`_-]{0,5}(?:(?:an?|the|of|for|is|are|us|credit|debit|visa|mastercard|amex|valid|invalid|bank|cards?|ssns?"
    r"|pans?|social|security|numbers?|nos?|values?|data|or|and|to|use|try)[\s:=,.#(\[\"'`_-]{1,6}"
    r"|[\d -]{4,24}[,;)\"']{0,2}\s?[\"']?){0,6}"
)
"""Words for numbers, and other numbers, between a word that shows and one: what stands further off is about something
else."""
_EXAMPLE: Final = re.compile(
    r"(?i)(?<![\w.@-])(?:examples?|e\.g\.|sample|placeholder|dummy|docs?|documentation)(?![\w@]|\.\w)"
)
_FOR: Final = ("test", "sandbox", "dummy", "fake", "example", "placeholder")
"""Each of these words has one of them in it: they are asked for first."""
_FOR_TESTS: Final = re.compile(
    r"[\d -]+[\"'`,)]{0,2}[^.;\n]{0,32}(?<![a-z])(?:tests?|testing|sandbox|dummy|fake|example|placeholder)(?![a-z])",
    re.IGNORECASE,
)
_TEST_REACH: Final = 64
_IBAN_LENGTHS: Final = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29,
    "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    "YE": 30,
}  # fmt: skip


def digits_of(text: str) -> str:
    """All that are in a text."""
    if text.isdecimal():
        return text
    if text.isascii():
        return text.encode().translate(None, _NO_DIGITS).decode()
    return _NO_DIGIT.sub("", text)


def card(digits: str, text: str, start: int) -> bool:
    """The checksum of cards. A number that everybody tests with is none in a test, as the text around its `start`
    tells; in a result it may stand for somebody's."""
    if digits in _TEST_CARDS or digits.count("0") > _ROUND:
        return not (_is_shown(text, start) or (digits.count("0") > _ROUND and _speaks_of_tests(text, start)))
    return len(set(digits)) > 2 and luhn(digits)


def is_sample(digits: str, text: str, start: int) -> bool:
    """Whether this social security number is one that everybody shows, where the text tells that it is shown."""
    return digits in _SAMPLE_SSNS and _is_shown(text, start)


def is_fictitious(digits: str, text: str, start: int) -> bool:
    """Whether this telephone number is one that nobody has, where the text tells that it is shown."""
    if "555" not in (digits[-10:-7], digits[-7:-4]):
        return False
    return _speaks_of_tests(text, start) or _is_shown(text, start)


def _speaks_of_tests(text: str, start: int) -> bool:
    before = text[max(0, start - _TEST_REACH - 1) : start].lower()
    return any(part in before for part in _SHOWN) and _TESTS.search(before, int(start > _TEST_REACH)) is not None


def is_example(text: str, start: int) -> bool:
    """Whether the text tells before this place that what follows is an example."""
    return _EXAMPLE.search(text, max(0, start - _TEST_REACH), start) is not None


def _is_shown(text: str, start: int) -> bool:
    """Whether the number here stands in a test, or is shown as one to test with."""
    near = text[max(0, start - _TEST_REACH) : start].lower()
    if any(part in near for part in _TRIED):
        return True
    shows = list(_SHOWS.finditer(near))
    if shows and _BETWEEN.fullmatch(near, shows[-1].end()) is not None:
        return True
    behind = text[start : start + 2 * _TEST_REACH].lower()
    return any(part in behind for part in _FOR) and _FOR_TESTS.match(text, start) is not None


def luhn(digits: str) -> bool:
    """The checksum of cards, of Canadian and of South African numbers."""
    data = digits.encode("ascii", "replace")
    return (sum(data[-1::-2].translate(_PLAIN)) + sum(data[-2::-2].translate(_DOUBLED))) % 10 == 0


def card_issuer(digits: str) -> bool:
    """Whether some issuer gives out numbers that begin so and are as long."""
    return _ISSUER.fullmatch(digits) is not None


def iban(text: str) -> bool:
    """Country, length and mod 97; `text` without spaces, in capitals."""
    if len(text) != _IBAN_LENGTHS.get(text[:2], 0):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def iban_length(country: str) -> int:
    """How long an IBAN of this country is; 0 for none."""
    return _IBAN_LENGTHS.get(country, 0)


def weighted(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits, each times its weight."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def cpf(digits: str) -> bool:
    """The two check digits of a Brazilian CPF."""
    if len(set(digits)) == 1:
        return False
    return all(weighted(digits[:size], range(size + 1, 1, -1)) * 10 % 11 % 10 == int(digits[size]) for size in (9, 10))


def ssn(digits: str) -> bool:
    """Whether this could have been given out as a social security number, or as a tax number in its place (9xx)."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in ("000", "666") or group == "00" or serial == "0000":
        return False
    return area[0] != "9" or 50 <= int(group) <= 99


@lru_cache(4096)
def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text writes, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
