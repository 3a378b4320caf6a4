"""The one spelling of a host, and which addresses are public."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.hostnames import canonical, public


@pytest.mark.parametrize(
    ("host", "one"),
    [
        ("api.github.com", "api.github.com"), ("API.GitHub.com.", "api.github.com"), ("localhost", "localhost"),
        ("bücher.example", "xn--bcher-kva.example"), ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("xn--BCHER-kva.example", "xn--bcher-kva.example"), ("127.0.0.1", "127.0.0.1"), ("1.2.3.4.", "1.2.3.4"),
        ("0:0::1", "::1"), ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
    ],
)  # fmt: skip
def test_what_means_one_host_everywhere_has_one_spelling(host: str, one: str) -> None:
    assert canonical(host) == one


@pytest.mark.parametrize(
    "host",
    [
        "", ".", "a..", "a..b", ".a", "-a.com", "a-.com", "a_b.com", "a b", "a:80", "a/b", "*.a.com", "a.com\n",
        "a" * 64, "a." * 127,
        "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.04", "1.2.3.4.5", "a.1", "a.0x", "256.1.1.1",
        "١.2.3.4",
        "::ffff:1.2.3.4", "::ffff:102:304", "64:ff9b::102:304", "2002:102:304::", "fe80::1%eth0", "[::1]", ":", "1:2",
        "faß.de", "xn--fa-hia.de", "ａpi.com", "api。com", "a\u00adb.com", "a\u200db.com", "slac\u212a.com",
        "xn--.com", "xn--a.com",
        "bücher.1", "u\u0308ber.de",
    ],
)  # fmt: skip
def test_what_is_read_in_more_than_one_way_is_no_host(host: str) -> None:
    assert canonical(host) is None


@given(st.text(st.characters(), max_size=30))
def test_a_spelling_is_its_own_spelling(text: str) -> None:
    one = canonical(text)
    assert one is None or (canonical(one) == one and one.isascii() and one == one.lower())


@pytest.mark.parametrize(
    ("address", "open_"),
    [
        ("8.8.8.8", True), ("2606:4700::1", True), ("::ffff:8.8.8.8", True), ("64:ff9b::808:808", True),
        ("127.0.0.1", False), ("10.1.1.1", False), ("192.168.0.1", False), ("172.16.0.1", False), ("169.254.169.254",
        False),
        ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False), ("255.255.255.255", False), ("::1", False),
        ("::", False),
        ("fe80::1", False), ("fd00::1", False), ("ff02::1", False), ("::ffff:127.0.0.1", False), ("::127.0.0.1",
        False),
        ("2002:7f00:1::", False), ("64:ff9b::7f00:1", False), ("2001:db8::1", False), ("fec0::1", False),
        ("64:ff9b:1::7f00:1", False), ("::ffff:0:127.0.0.1", False), ("5f00::1", False), ("100::1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_open_internet_are_public(address: str, open_: bool) -> None:
    assert public(ipaddress.ip_address(address)) is open_
