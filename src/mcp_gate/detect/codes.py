"""Codes with an unmistakable shape: IBANs and IP addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding

_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?:[ -]?[A-Za-z0-9]){11,30}")
_IPV4: Final = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d(?!\d{0,4}(?: >|: ))|-(?:b|rc|alpha|beta|snapshot))",
    re.IGNORECASE,
)
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:|:){2,7}[0-9A-Fa-f:]{0,24}(?:[0-9A-Fa-f]|:)(?![\w:])")
_VERSION: Final = re.compile(
    r"(?i)(?:v|version|ver|build|release|fw|firmware|chrome|safari|firefox|edge?|opr|opera|rev|agent|"
    r"bump(?:ed)? to|since|requires|runtime|sdk|kernel|plugin|->|→)[ :=/\"]*$"
)
_UPGRADE: Final = re.compile(r"(?i)(?:bump|grad|roll|revert)\w*(?: \w+)? (?:from|to)(?: v?[\d.]{5,20} to)? $")
_UPGRADE_REACH: Final = 48


def iban(text: str, start: int, end: int) -> Iterator[Finding]:
    """IBANs by country, length and checksum, in groups or not."""
    at = start
    while found := _IBAN.search(text, at, end):
        at = found.start() + 2
        country = found[0][:2].upper()
        length = checks.iban_length(country)
        code = ""
        for place in range(found.start(), found.end()):
            if text[place] not in " -":
                code += text[place]
            if len(code) == length:
                break
        else:
            continue
        if text[place + 1 : place + 2].isalnum() or not checks.iban(code.upper()):
            continue
        at = place + 1
        yield Finding(found.start(), at, "IBAN_CODE", 1.0, "iban")


def ipv4(text: str, start: int, end: int) -> Iterator[Finding]:
    """Addresses of the net; versions, loopback and masks are left out."""
    for found in _IPV4.finditer(text, start, end):
        address = checks.address(found[0])
        if address is None or address.is_loopback or address.is_unspecified or found[0].startswith(("0.", "255.")):
            continue
        if _VERSION.search(text[max(0, found.start() - 14) : found.start()]):
            continue
        if text.endswith((" to ", "from "), 0, found.start()) and _UPGRADE.search(
            text[max(0, found.start() - _UPGRADE_REACH) : found.start()]
        ):
            continue
        if found[0].endswith((".0.0", ".0.1")) and not address.is_private:
            continue
        yield Finding(found.start(), found.end(), "IP_ADDRESS", 0.9, "ipv4")


def ipv6(text: str, start: int, end: int) -> Iterator[Finding]:
    """Addresses of the net, but the machine's own."""
    for found in _IPV6.finditer(text, start, end):
        address = checks.address(found[0])
        if address is None or address.is_loopback or address.is_unspecified or len(found[0]) < 6:
            continue
        yield Finding(found.start(), found.end(), "IP_ADDRESS", 0.9, "ipv6")
