"""Codes with an unmistakable shape: IBANs and IP addresses."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.fieldrules import words
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names.headings import column

_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[ -]?\d{2}(?:(?:[ -]|[ .·_/]?(?:\r?\n[ \t]{0,8})?)[A-Za-z0-9]){11,30}"
)
"""However its groups are kept apart, also where it goes on in the next line."""
_IPV4: Final = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d(?!\d{0,4}(?: >|: ))|-(?:b|rc|alpha|beta|snapshot))",
    re.IGNORECASE,
)
_IPV6: Final = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:|:){2,7}[0-9A-Fa-f:]{0,24}(?:[0-9A-Fa-f]|:)(?![\w:])")
_VERSION: Final = re.compile(
    r"(?i)(?:v|version|ver|build|release|fw|firmware|chrome|safari|firefox|edge?|opr|opera|rev|agent|"
    r"bump(?:ed)? to|since|before|requires|runtime|sdk|kernel|plugin|->|→|[<>=~^]=|nginx|httpd|openssl|openssh|redis"
    r"|node|php|mysql|mariadb|postgres(?:ql)?|python|ruby|java|jdk|jre|driver|library|package|module)[ :=/\"]*$"
)
_UPGRADE: Final = re.compile(r"(?i)(?:bump|grad|roll|revert)\w*(?: \w+)? (?:from|to)(?: v?[\d.]{5,20} to)? $")
_UPGRADE_REACH: Final = 48
_BEHIND_PRODUCT: Final = frozenset(" /@-")
_PRODUCT: Final = re.compile(r"([A-Za-z][\w+#.]*)([ /@-])\Z")
_VERSIONS: Final = re.compile(r"(?i)(?<![a-z])(?:version|build|release|firmware|ver|rev|tag)(?![a-z])")
"""A column of what is no address."""
_HEADING: Final = 240
"""Characters of a first line that may name columns."""
_PEERS: Final = words(
    "ip ips ipv4 address addr host hostname server client peer source destination src dst from to at on by via "
    "gateway remote origin visitor node user dns router proxy connection connect connecting connected "
    "disconnected accept accepted ban banned unban block blocked allow allowed deny denied found ping pinging "
    "trying and or is was are of login logged logon sender session request requests scan scanned attacker hit "
    "seen visit visited user users http ssh https tcp udp ftp smtp vpn port route hop the public external "
    "internal local my your his her their new old last"
)
"""Words before an address of the net."""
_SMALL: Final = 31
"""The parts of versions and sections seldom go higher, and of four thousand addresses those of one do not."""
_OF_PATH: Final = re.compile(r"(?<![\d.])\d{0,4}\.\d+[ ,]\Z")
_PATH_ON: Final = re.compile(r"[ ,]-?\d{0,4}\.\d+(?!\.\d+\.)")
"""Numbers with fractions before and after: so curves are written, which leave out what they can."""
_WITHIN: Final = re.compile(
    r"10\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\."
)
"""Addresses that say nothing outside of one house."""
_RESOLVERS: Final = words(
    "8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 2001:4860:4860::8888 "
    "2001:4860:4860::8844 2606:4700:4700::1111 2606:4700:4700::1001 2620:fe::fe"
)
"""Servers that everybody asks for names."""
_SOMEBODYS: Final = words("client customer visitor caller remote login logged signed my his her their home")
"""Before an address within a house that somebody has there."""
_SHOWN: Final = ("192.0.2.", "198.51.100.", "203.0.113.")
"""Nobody has these: they are kept for what is written about the net."""
_FAR: Final = 64
_IS_SHOWN: Final = re.compile(r"\bexample\.(?:com|net|org)\b|\bdocumentation\b|\bRFC ?5737\b")
_PAIRS: Final = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+")
"""Bytes of anything."""
_WORD: Final = re.compile("[a-z]+")
_MASK: Final = re.compile(r"/(\d{1,2})(?![\d/])")


def iban(text: str, start: int, end: int) -> Iterator[Finding]:
    """IBANs by country, length and checksum, in groups or not."""
    at = start
    while found := _IBAN.search(text, at, end):
        at = found.start() + 2
        country = found[0][:2].upper()
        length = checks.iban_length(country)
        code = ""
        for place in range(found.start(), found.end()):
            if text[place].isalnum():
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
    last, heads = -1, None
    for found in _IPV4.finditer(text, start, end):
        address = checks.address(found[0])
        if address is None or _is_nobodys(address, found[0]) or found[0].startswith(("0.", "255.")):
            continue
        if _WITHIN.match(found[0]) and not _is_somebodys(text, found.start()):
            continue
        follows = text[last : found.start()].strip() in ("->", "→") if 0 < found.start() - last < 6 else False
        if not follows and _VERSION.search(text[max(0, found.start() - 14) : found.start()]):
            continue
        if text.endswith((" to ", "from "), 0, found.start()) and _UPGRADE.search(
            text[max(0, found.start() - _UPGRADE_REACH) : found.start()]
        ):
            continue
        if found[0].endswith((".0.0", ".0.1")) and not address.is_private:
            continue
        if _is_network(text, found.end(), address) or _is_counted(text, found):
            continue
        if heads is None:
            heads = _VERSIONS.search(text[: max(0, text.find("\n", 0, _HEADING))]) is not None
        if found[0].startswith(_SHOWN) and _is_shown(text, *found.span()):
            continue
        if heads and _VERSIONS.search(column(text, found.start())):
            continue
        last = found.end()
        yield Finding(found.start(), last, "IP_ADDRESS", 0.9, "ipv4")


def ipv6(text: str, start: int, end: int) -> Iterator[Finding]:
    """Addresses of the net, but the machine's own."""
    for found in _IPV6.finditer(text, start, end):
        address = checks.address(found[0])
        if address is None or _is_nobodys(address, found[0]) or len(found[0]) < 6 or _PAIRS.fullmatch(found[0]):
            continue
        if address.is_link_local or _is_network(text, found.end(), address):
            continue
        yield Finding(found.start(), found.end(), "IP_ADDRESS", 0.9, "ipv6")


def _is_shown(text: str, start: int, end: int) -> bool:
    """Whether what stands around an address that documents use says that it is one of those."""
    return checks.is_example(text, start) or _IS_SHOWN.search(text, max(0, start - _FAR), end + _FAR) is not None


def _is_counted(text: str, found: re.Match[str]) -> bool:
    """Whether four numbers are the version of what stands before them, a section of it, or points of a curve."""
    start, end = found.span()
    if _PATH_ON.match(text, end) and _OF_PATH.search(text, max(0, start - 12), start):
        return True
    product = _PRODUCT.search(text, max(0, start - 24), start) if text[start - 1 : start] in _BEHIND_PRODUCT else None
    if product is None or product[1].lower() in _PEERS:
        return False
    parts = [*map(int, found[0].split("."))]
    return max(parts) <= _SMALL or (0 in parts[1:] and (product[1][0].isupper() or product[2] != " "))


def _is_somebodys(text: str, start: int) -> bool:
    """Whether the line says before it that somebody has this address within a house."""
    before = text[max(0, start - 48) : start].rpartition("\n")[2].lower()
    return not _SOMEBODYS.isdisjoint(_WORD.findall(before))


def is_within(written: str) -> bool:
    """Whether an address is one within a house, or of no machine at all."""
    if _WITHIN.match(written):
        return True
    address = checks.address(written)
    return address is not None and (_is_nobodys(address, written) or address.is_link_local)


def _is_nobodys(address: ipaddress.IPv4Address | ipaddress.IPv6Address, written: str) -> bool:
    return written in _RESOLVERS or address.is_loopback or address.is_unspecified or address.is_multicast


def _is_network(text: str, end: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether what follows says that it is a whole network: `/16`, and nothing set behind it."""
    mask = _MASK.match(text, end)
    if mask is None or not 0 < int(mask[1]) < address.max_prefixlen:
        return False
    return int(address) & ((1 << (address.max_prefixlen - int(mask[1]))) - 1) == 0
