"""What is written so that no pattern sees it, and a reader still does: escapes, tags, base64, hex, compression."""

import base64
import gzip
import json
import zlib

import pytest

from mcp_gate.detect.encoded import TooLarge
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan

PLAIN = "My SSN is 536-22-1234"


def covered(text: str) -> list[tuple[str, str]]:
    findings = scan([Leaf(text)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


def encoded() -> dict[str, str]:
    data = PLAIN.encode()
    once = base64.b64encode(data).decode()
    return {
        "base64": once,
        "base64 of base64": base64.b64encode(once.encode()).decode(),
        "base64 for URLs": base64.urlsafe_b64encode(data + b"??>>").decode(),
        "base64 of UTF-16": base64.b64encode(PLAIN.encode("utf-16-le")).decode(),
        "hexadecimal": data.hex(),
        "spaced hexadecimal": data.hex(" "),
        "hexadecimal with colons": data.hex(":").upper(),
        "gzip in base64": base64.b64encode(gzip.compress(data)).decode(),
        "zlib in hexadecimal": zlib.compress(data).hex(),
        "tags": "".join(chr(0xE0000 + byte) for byte in data),
        "lines of base64": base64.encodebytes(b"nothing here, nothing at all. " * 9 + data).decode().strip(),
    }


@pytest.mark.parametrize("how", encoded())
def test_the_whole_of_what_is_encoded_is_covered(how: str) -> None:
    text = encoded()[how]
    assert covered(f"see: {text} (end)") == [("US_SSN", text)]


@pytest.mark.parametrize(
    "form", ["%{:02x}", "&#{};", "&#x{:x};", "\\u{:04x}", "\\x{:02x}", "\\\\u{:04x}", "&amp;#{};", "%25{:02X}"]
)
def test_every_escape_of_a_value_is_covered(form: str) -> None:
    ssn = "".join(form.format(byte) for byte in b"536-22-1234")
    assert covered(f"it is {ssn} ok") == [("US_SSN", ssn)]


def test_digits_apart_are_seen_together() -> None:
    for ssn in ("5 3 6 - 2 2 - 1 2 3 4", "536 - 22 - 1234", "536\u2009\u2013\u200922\u2009\u2013\u20091234"):
        assert covered(f"so {ssn} ok") == [("US_SSN", ssn)]
    card = " ".join("5316927127572305")
    assert covered(f"{card} ok") == [("CREDIT_CARD", card)]


def test_json_in_a_string_of_json_is_read_with_its_names() -> None:
    inner = json.dumps({"ssn": "536221234", "n": 1})
    outer = json.dumps({"log": json.dumps({"body": inner})})
    assert covered(outer) == [("US_SSN", "536221234")]


def test_what_is_compressed_beyond_the_bound_is_no_pass() -> None:
    with pytest.raises(TooLarge):
        scan([Leaf(base64.b64encode(gzip.compress(bytes(3 << 20))).decode())])


def test_what_only_looks_encoded_is_left_alone() -> None:
    assert covered("sha 4b1a7a71d0a2c168f54a56d43b1858c4336639b69fc59ba49a8fae52ef90756e getCustomerByIdentifier") == []
    assert covered(base64.b64encode(b"a plain sentence without anything in it").decode()) == []
    assert covered("id 626fff10-0faf-47fa-83c3-7ffaee37d559, mac 00:1b:44:11:3a:b7") == []
