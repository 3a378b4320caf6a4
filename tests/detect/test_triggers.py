"""The pass of triggers: both engines lead to the same findings, and no input takes long."""

import random
import time

import pytest

from mcp_gate.detect import numbers, triggers
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan
from mcp_gate.detect.windows import around
from support.labelled import benign, records

SEEDS = (
    "1.", "a-", "(", "::", "1:", "@", "a@a.", "1 ", "+1 ", "(1) ", "A ", "Mr A ", "1 St ", '{"name":', "[", '"', "\\",
    '\\"', "%41", "&#65;", "&amp;", "\u200b", "password: ", "phone 1 ", "a,b\n", "|", "<a>", "AB12", "4 ", "4111-",
    "eyJ", "A", "A, ", "\0", "\ud800", "\u0663", "x-----BEGIN ", "pwd=abcd;", "echo pwd=", "4 5 6 ", "AB12[at]",
    "key=`", "_key=secret is ", "pass ://", "Ann Lee said ", "Hi pwd Name: ", "by é", "Hi ",
    "Dr. Ann Lee, ", "first_name: Ann\n",
)  # fmt: skip


def test_both_engines_lead_to_the_same_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    hyperscan = pytest.importorskip("hyperscan")
    assert hyperscan
    draw = random.Random(5)
    texts = [record.text for record in records(draw, 120)] + list(benign(draw, 120))
    quiet = "nothing that a number or a name stands in, line after line\n"
    padded = ["\n".join((quiet * draw.randrange(90), text, quiet * draw.randrange(90))) for text in texts[::3]]
    cut = [text[draw.randrange(20) : draw.randrange(20, 400)] for text in draw.choices(texts, k=120)]
    leaves = [Leaf(text) for text in (*texts, *padded, *cut)]
    fast = scan(leaves, Options(ner=False))
    monkeypatch.setattr(triggers, "_engine", lambda: PLAIN)
    assert scan(leaves, Options(ner=False)) == fast


PLAIN = triggers.plain_engine()


@pytest.mark.parametrize("seed", SEEDS, ids=repr)
def test_fifty_kilobytes_of_one_thing_take_milliseconds(seed: str) -> None:
    text = (seed * (50_000 // len(seed) + 1))[:50_000]
    _takes_milliseconds(text)


@pytest.mark.parametrize(("begins", "seed"), [('["', '\\"'), ('{"a": "', "\\'\\\""), ("[", '"name":[')], ids=repr)
def test_nor_do_they_in_what_begins_as_json(begins: str, seed: str) -> None:
    _takes_milliseconds(begins + (seed * 50_000)[:50_000])


def _takes_milliseconds(text: str) -> None:
    scan([Leaf("warm")], Options(ner=False))
    began = time.thread_time()
    scan([Leaf(text)], Options(ner=False))
    assert time.thread_time() - began < 0.4  # a twentieth of a second on a quiet machine


def test_a_number_in_the_middle_of_millions_of_characters_is_found_wherever_it_lies() -> None:
    filler = "lorem ipsum dolor sit amet, consectetur adipiscing elit\n" * 20_000
    at = 1 << 20
    text = filler[: at - 5] + " 536-22-1234 " + filler[at:]
    assert [text[one.start : one.end] for one in scan([Leaf(text)], Options(ner=False)).findings[0]] == ["536-22-1234"]


def test_no_number_has_a_shape_that_triggers_do_not_know() -> None:
    draw = random.Random(8)
    spans = [record.text[start:end] for record in records(draw, 300) for start, end, _ in record.spans]
    values = [value for value in spans if any(map(str.isdigit, value))]
    seen = 0
    for _ in range(2_000):
        parts = [draw.choice(("", " ", "-", "+", "1 ", "4111 ", "2026-", ", ")), draw.choice(values)]
        text = f" {''.join(parts * draw.randrange(1, 3))}{draw.choice(('', ' 12/27', '.50', '-9', ' 7', '7'))} "
        ends = triggers.find(f"{text}\n".encode("ascii", "replace")).get(triggers.Kind.NUMBER, ())
        near = [one for start, end in around(ends, 30, 8, len(text)) for one in numbers.find(text, start, end)]
        for one in numbers.find(text, 0, len(text)):
            seen += 1
            assert any(other.start <= one.start and one.end <= other.end for other in near), text
    assert seen > 300
