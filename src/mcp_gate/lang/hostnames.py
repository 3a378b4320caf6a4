"""The one spelling of a host: what allowlists hold, and what the hosts of calls and connections are compared by."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

LONGEST: Final = 253
NAME: Final = re.compile(r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)")
NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes browsers, and the C library, read the whole name as an IPv4 address."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that is given to anybody; what lies elsewhere is for special uses, or was given up."""


def canonical(host: str) -> str | None:
    """A host name or address (without brackets) in lower case, A-labels, without a dot at its end; None where those
    who read it would not all mean the same host.

    So an IPv4 address is four plain decimal numbers, an IPv6 address has no zone and holds no IPv4 address, and a name
    beyond ASCII is one that both editions of IDNA write alike.
    """
    if not 0 < len(host) <= LONGEST:
        return None
    if ":" in host:
        return _ipv6(host)
    name = host.lower().removesuffix(".")
    if NUMBER.fullmatch(name.rpartition(".")[2]):
        return _ipv4(name)
    if not host.isascii() or "xn--" in name:
        return _international(name)
    return name if NAME.fullmatch(name) else None


def _ipv4(text: str) -> str | None:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        return None


def _ipv6(text: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return str(address) if address.scope_id is None and "." not in text and _within(address) is None else None


def _international(name: str) -> str | None:
    """IDNA 2008 without any mapping of characters; IDNA 2003 must agree. A-labels must be what their text gives."""
    import idna  # its tables take their time, and few hosts need them

    try:
        ascii_ = idna.encode(name).decode()
        text = idna.decode(ascii_)
        agreed = name in (ascii_, text) and text.encode("idna").decode() == ascii_ and "xn--" in ascii_
    except (UnicodeError, IndexError):  # `idna.IDNAError` is one
        return None
    return ascii_ if agreed and NAME.fullmatch(ascii_) else None


def public(address: IpAddress) -> bool:
    """Whether an address is one of the open Internet's, and not a wrapping of one that is not."""
    if isinstance(address, ipaddress.IPv6Address):
        within = _within(address)
        if within is not None:
            return public(within)
        if address not in UNICAST:
            return False
    return address.is_global and not address.is_multicast


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if address.ipv4_mapped is not None or address.sixtofour is not None:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else None
