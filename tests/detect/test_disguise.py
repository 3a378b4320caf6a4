"""What is written so that no pattern sees it, and a reader still does: escapes, tags, base64, hex, compression."""

import base64
import gzip
import json
import random
import zlib

import pytest

from mcp_gate.detect import encoded as module
from mcp_gate.detect.encoded import TooLarge
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan

PLAIN = "My SSN is 536-22-1234"


def covered(text: str) -> list[tuple[str, str]]:
    findings = scan([Leaf(text)], Options(ner=False)).findings[0]
    return [(one.entity, text[one.start : one.end]) for one in findings]


LONG = b"nothing here?? nothing at all>> " * 9 + PLAIN.encode()


def lines(data: bytes, size: int) -> list[str]:
    text = base64.b64encode(data).decode()
    return [text[at : at + size] for at in range(0, len(text), size)]


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
        "base64 without padding": once.rstrip("="),
        "base64 of UTF-16 with its mark": base64.b64encode(PLAIN.encode("utf-16")).decode(),
        "base64 of UTF-16, the other way round": base64.b64encode(PLAIN.encode("utf-16-be")).decode(),
        "base64 of a western alphabet": base64.b64encode(f"Müller: {PLAIN}".encode("latin-1")).decode(),
        "base32": base64.b32encode(data).decode(),
        "base32 in small letters": base64.b32encode(data).decode().lower().rstrip("="),
        "hexadecimal with dashes": data.hex("-"),
        "hexadecimal of a program": f"0x{data.hex()}",
        "lines of base64, set in": "\n    ".join(lines(LONG, 64)),
        "lines of base64 with escapes": "\\n".join(lines(LONG, 64)),
        "lines of base64 in one": " ".join(lines(LONG, 76)),
        "short lines of base64": "\n".join(lines(LONG, 22)),
        "lines of base64 for URLs": "\n".join(lines(LONG, 60)).translate(str.maketrans("+/", "-_")),
        "lines of base64": base64.encodebytes(b"nothing here, nothing at all. " * 9 + data).decode().strip(),
    }


@pytest.mark.parametrize("how", encoded())
def test_the_whole_of_what_is_encoded_is_covered(how: str) -> None:
    text = encoded()[how]
    assert covered(f"see: {text} (end)") == [("US_SSN", text)]


@pytest.mark.parametrize(
    "form",
    [
        "%{:02x}", "&#{};", "&#x{:x};", "\\u{:04x}", "\\x{:02x}", "\\\\u{:04x}", "&amp;#{};", "%25{:02X}",
        "&#{:09d};", "&#x{:08x};", "\\{:03o}", "\\U{:08x}", "={:02X}",
    ],
)  # fmt: skip
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


def test_bytes_as_a_database_writes_them_are_read() -> None:
    assert covered(f"row: \\x{PLAIN.encode().hex()} (1 row)") == [("US_SSN", "x" + PLAIN.encode().hex())]


def test_lines_that_are_each_by_itself_are_read_each() -> None:
    both = (b"nothing of anybody's x", b"SSN is 536-22-1234 ok.")
    clean, told = (base64.b64encode(data).decode().rstrip("=") for data in both)
    assert len(clean) == len(told) == 30
    assert covered(f"{clean}\n{told}\n{clean}") == [("US_SSN", told)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ssn: \x1b[1;31m536221234\x1b[0m", [("US_SSN", "536221234")]),
        ("ssn: \\u001b[31m536221234\\u001b[0m", [("US_SSN", "536221234")]),
        ("mail \x1b[01;31mada@analytical.org\x1b[0m ok", [("EMAIL_ADDRESS", "ada@analytical.org")]),
        ("<em>ada</em>@analytical.org", [("EMAIL_ADDRESS", "ada</em>@analytical.org")]),
        ("SSN 536-<b class='x'>22</b>-1234", [("US_SSN", "536-<b class='x'>22</b>-1234")]),
        ("SSN 536-22<wbr>-1234, 536-22&shy;-1234", [("US_SSN", "536-22<wbr>-1234"), ("US_SSN", "536-22&shy;-1234")]),
        ("SSN 536-22&ZeroWidthSpace;-1234", [("US_SSN", "536-22&ZeroWidthSpace;-1234")]),
        ("SSN 536-**22**-1234", [("US_SSN", "536-**22**-1234")]),
        ("- **password**: `hunter2Xy!9`", [("PASSWORD", "hunter2Xy!9")]),
        ("* **Password:** hunter2Xy!9 (old)", [("PASSWORD", "hunter2Xy!9")]),
        ("<b>password:</b> <span class=v>hunter2Xy!9</span>", [("PASSWORD", "hunter2Xy!9")]),
        ("us<!-- ada@analytical.org -->or", [("EMAIL_ADDRESS", "ada@analytical.org")]),
        ("us<a href='mailto:ada@analytical.org'>or</a>we", [("EMAIL_ADDRESS", "ada@analytical.org")]),
        ("ok<b class='ada@analytical.org'>or</b>we", [("EMAIL_ADDRESS", "ada@analytical.org")]),
        ("/q?card=4539+1488+0343+6467&x=1+1", [("CREDIT_CARD", "4539+1488+0343+6467")]),
        (f"{'a long line of a mail ' * 3}my SSN is 536-=\n22-1234", [("US_SSN", "536-=\n22-1234")]),
        ("ada@analytical｡org", [("EMAIL_ADDRESS", "ada@analytical｡org")]),
    ],
)
def test_what_is_there_for_screens_and_mail_is_looked_past(text: str, found: list[tuple[str, str]]) -> None:
    assert covered(text) == found


@pytest.mark.parametrize(
    "mark", ["\u0301", "\u0336", "\u20dd", "\ufe20", "\u1dc0", "\u0489", "\ufffc", "\U0001d173", "\ud800"]
)
def test_marks_on_letters_and_digits_are_looked_past(mark: str) -> None:
    for value in ("536-22-1234", "ada@analytical.org", "DE89370400440532013000"):
        said = mark.join(value)
        assert [text for _, text in covered(f"SSN or so: {said} ok")] == [said]


def test_two_things_in_tags_are_two_things() -> None:
    card = "4539148803436467"
    assert covered(f"<span>12</span><span>{card}</span>") == [("CREDIT_CARD", card)]
    assert covered("/** card **/ ***-**-1234 src/**/x **kw a=\nb=\n2**10 <b>bold</b>ness x<y>z \\123456") == []


def test_lines_that_are_nothing_together_are_each_gone_through_a_few_times_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = random.Random(7)
    text = "\n".join("".join(draw.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=64)) for _ in range(200))
    seen: list[int] = []
    decoded = module._decoded
    monkeypatch.setattr(module, "_decoded", lambda token: seen.append(len(token)) or decoded(token))
    words = [end + 1 for end in range(64, len(text) + 1, 65)]
    assert list(module.find(text, words, [])) == []
    assert sum(seen) < 8 * len(text)


@pytest.mark.parametrize("name", ["ｓｓｎ", "s\u200bsn", "\u0455\u0455n", "%73sn", "s\u0301sn"])
def test_names_of_fields_are_read_as_people_read_them(name: str) -> None:
    both = [Leaf(name, ("row",)), Leaf("536221234", ("row", name))]
    assert [one.entity for one in scan(both, Options(ner=False)).findings[1]] == ["US_SSN"]
