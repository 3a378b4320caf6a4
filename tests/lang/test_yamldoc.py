"""Strict YAML: the same tree for everybody who reads the file, and exact places."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.lang.yamldoc import Mapping_, Node, Refused, Scalar, Sequence_, read
from mcp_gate.model.foreign import Json


def plain(node: Node) -> Json:
    """The tree as texts, lists and dictionaries."""
    match node:
        case Scalar():
            return node.text
        case Sequence_():
            return [plain(item) for item in node.items]
        case Mapping_():
            return {key: plain(value) for key, value in node.entries.items()}


def tree(text: str) -> Json:
    root, problems = read("f.yaml", text.encode())
    assert not problems
    return plain(root)


def refused(data: str | bytes) -> str:
    with pytest.raises(Refused) as found:
        read("f.yaml", data.encode() if isinstance(data, str) else data)
    return str(found.value.problem)


def problems(text: str) -> list[str]:
    return [str(problem) for problem in read("f.yaml", text.encode())[1]]


def test_scalars_keep_their_text_and_nothing_is_guessed() -> None:
    text = "a: no\nb: 010\nc: 1:30\nd: 1e3\ne: .nan\nf: ~\ng: 2026-01-01\nh:\ni: 'x'\nj: \"true\"\nk: 1_000\n"
    assert tree(text) == {
        "a": "no", "b": "010", "c": "1:30", "d": "1e3", "e": ".nan", "f": "~", "g": "2026-01-01", "h": "", "i": "x",
        "j": "true", "k": "1_000",
    }  # fmt: skip


def test_quotes_are_remembered() -> None:
    root, _ = read("f.yaml", b"a: 'x'\nb: x\nc: \"x\"\nd: |\n  x\n")
    assert [node.quoted for node in root.entries.values() if isinstance(node, Scalar)] == [True, False, True, True]


def test_every_node_and_every_key_knows_its_place() -> None:
    root, _ = read("policies/a.yaml", "größe:\n  - {b: [c,\n      d]}\n".encode())
    items = root.entries["größe"]
    assert isinstance(items, Sequence_)
    inner = items.items[0]
    assert isinstance(inner, Mapping_)
    last = inner.entries["b"]
    assert isinstance(last, Sequence_)
    places = [root.keys["größe"], items.place, inner.place, inner.keys["b"], last.place, last.items[1].place]
    assert list(map(str, places)) == [
        "policies/a.yaml:1:1", "policies/a.yaml:2:3", "policies/a.yaml:2:5", "policies/a.yaml:2:6",
        "policies/a.yaml:2:9", "policies/a.yaml:3:7",
    ]  # fmt: skip


def test_S063_a_key_twice_is_a_problem_that_names_both_places() -> None:
    assert problems("a:\n  decision: deny\n  reason: x\n  decision: allow\n") == [
        "f.yaml:4:3: the key 'decision' stands here again; first at line 2; keep one of them"
    ]
    assert "again" in problems('{"a": 1, "\\u0061": 2}')[0]
    assert "again" in problems("a: 1\n'a': 2\n")[0]


def test_all_problems_of_a_file_are_collected() -> None:
    assert len(problems("a: 1\na: 2\nb:\n  c: 1\n  c: 2\nt\u043epics: 1\n")) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\n", "f.yaml:1:4: an anchor (&x)"),
        ("a: 1\nb: *x\n", "f.yaml:2:4: an alias (*x)"),
        ("a: {<<: {b: 1}}\n", "f.yaml:1:5: a merge key (<<)"),
        ("a: !!str 1\n", "f.yaml:1:4: a tag"),
        ("a: !!python/object:os.system {}\n", "f.yaml:1:4: a tag"),
        ("- &x [*x]\n", "f.yaml:1:3: an anchor"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document"),
        ("", "f.yaml:1:1: the file is empty"),
        ("# nothing\n", "f.yaml:1:1: the file is empty"),
        (" \n\n", "f.yaml:1:1: the file is empty"),
        ("- a\n", "f.yaml:1:1: the document is not a mapping"),
        ("text", "f.yaml:1:1: the document is not a mapping"),
        ("? [a]\n: 1\n", "f.yaml:1:3: a key is not a text"),
        ("? \n: 1\n", "a key has no name"),
        ("a:\n\tb: 1\n", "f.yaml:2:1: not YAML: found character that cannot start any token; this is a tab: indent"),
        ("a: [1\n", "not YAML"),
        ('{"a": 1} x', "f.yaml:1:10: not YAML"),
        (b"a: 1\nb: \xff\n", "f.yaml:2:4: the file is not valid UTF-8"),
        ("a: 1\n".encode("utf-16"), "f.yaml:1:1: the file is not valid UTF-8"),
        ("a: " + "x" * (1 << 20), "f.yaml:1:1: the file is larger than 1048576 bytes"),
    ],
)
def test_what_is_no_plain_document_is_refused_where_it_stands(text: str | bytes, expected: str) -> None:
    assert expected in refused(text)


@pytest.mark.parametrize(
    ("char", "name"),
    [("\u202e", "RIGHT-TO-LEFT OVERRIDE"), ("\u2066", "LEFT-TO-RIGHT ISOLATE"), ("\u2028", "LINE SEPARATOR"),
     ("\x85", "control"), ("\x00", "control"), ("\x1b", "control"), ("\u200f", "RIGHT-TO-LEFT MARK")],
)  # fmt: skip
def test_S070_a_file_that_reads_otherwise_than_it_looks_is_refused(char: str, name: str) -> None:
    for text in (f"a: 1\nk{char}ey: 2\n", f"a: 1\nb{char}: 2\n", f"a: 1\n#{char}b: deny\n"):
        message = refused(text)
        assert "f.yaml:2:2: " in message
        assert f"U+{ord(char):04X}" in message
        assert name in message


def test_a_lone_carriage_return_is_refused_and_a_windows_file_is_not() -> None:
    assert "U+000D" in refused("a: 1\rb: 2\n")
    assert tree("a: 1\r\nb: 2\r\n") == {"a": "1", "b": "2"}


@pytest.mark.parametrize("char", ["\u00a0", "\u200b", "\u043e", "\u03bf", "\u3164", "\ufe0f", "\uff4f"])
def test_S070_a_letter_inside_a_key_that_looks_like_another_is_named(char: str) -> None:
    found = problems(f"t{char}pics: 1\n")
    assert len(found) == 1
    assert f"U+{ord(char):04X}" in found[0]
    assert found[0].startswith("f.yaml:1:1: ")


def test_a_key_in_one_script_is_a_key() -> None:
    assert tree("größe: 1\nимя: 2\n") == {"größe": "1", "имя": "2"}


@pytest.mark.parametrize("text", ["[" * 100_000, "a: " + "{b: " * 100_000, "- " * 50_000 + "a"])
def test_nesting_beyond_twenty_is_refused_quickly(text: str) -> None:
    start = time.process_time()
    assert "nested deeper than 20" in refused(text)
    assert time.process_time() - start < 3


def test_an_alias_bomb_does_not_go_off() -> None:
    letters = "abcdefghijklmnopqrst"
    text = "a: &a [x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in itertools.pairwise(letters))
    assert "an anchor" in refused(text)


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=8)
KEYS = st.text("abcdefgh_-.* ", min_size=1, max_size=6)
DOCUMENTS = st.dictionaries(
    KEYS, st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
)


@given(DOCUMENTS, st.sampled_from([None, 2, "\t"]))
def test_json_reads_as_the_same_tree(value: Json, indent: int | str | None) -> None:
    assert tree(json.dumps(value, ensure_ascii=False, indent=indent)) == value


@given(st.binary(max_size=60) | st.text("a:&*!|>-{}[],'\" \n\t#?%1é\u202e", max_size=40).map(str.encode))
def test_any_bytes_are_a_document_or_refused(data: bytes) -> None:
    try:
        place = read("f.yaml", data)[0].place
    except Refused as e:
        place = e.problem.place
    assert place.line >= 1
    assert place.column >= 1


WRITTEN = [
    "w: a = 1 AND ¦foo = 2",
    "w: 'it''s = ''x'' AND ¦foo'",
    'w: "\\u0070rod \\U0001F600\\t\\" AND ¦foo"',
    "w: a = 1 AND\n   b = 2\n     OR ¦foo",
    'w: "a = 1   \n  AND ¦foo"',
    'w: "a = 1 \\\n   AND ¦foo"',
    "w: 'a\n\n   b ¦foo'",
    "w: |\n  a = 1\n  AND ¦foo = 1\nz: 1",
    "w: >-\n  a = 1\n  AND ü = 'ä'\n  AND ¦foo = 1\nz: 1",
    "{ w: a\n  ¦foo }",
    '# ä ö ü 😀\nw: "ö\\n¦foo"',
    "w: a¦",
    "w: 'it''s'¦",
]


@pytest.mark.parametrize("marked", WRITTEN)
def test_a_character_of_a_text_has_its_place_however_it_is_written(marked: str) -> None:
    before = marked[: marked.index("¦")]
    tree, _ = read("f.yaml", marked.replace("¦", "").encode())
    value = tree.entries["w"]
    assert isinstance(value, Scalar)
    end = len(value.text)
    at = value.text.index("foo") if "foo" in value.text else end
    place = value.place_at(at)
    quote = at == end and value.quoted  # the end is before the quote that closes a text
    found = (place.line, place.column)
    assert found == (before.count("\n") + 1, len(before) - before.rfind("\n") - quote)


def test_a_large_file_is_read_in_a_second() -> None:
    rule = "  - {id: rule-%d, match: {topics: ['job.*.read'], risk_tags: [read]}, decision: allow, reason: fine}\n"
    text = "version: v1\nrules:\n" + "".join(rule % i for i in range(5000))
    start = time.process_time()
    assert len(tree(text)["rules"]) == 5000
    assert time.process_time() - start < 3
