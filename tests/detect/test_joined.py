"""Leaves put together for one pass: signs are those of the texts, and places lead back to the leaves."""

from __future__ import annotations

import pytest

from mcp_gate.detect import triggers
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.joined import join, texts_of
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan
from mcp_gate.detect.triggers import Kind

LEAVES = (Leaf("x4Jq81mZp0vT ok", ("token",)), Leaf("\0ä"), Leaf("", ("phone",)), Leaf("2026", ("created", "mail")))


def test_both_ways_have_one_byte_for_each_character_and_say_where_texts_begin() -> None:
    named, alone = join(LEAVES), texts_of(LEAVES)
    assert named.data == b"token: x4Jq81mZp0vT ok\n??\nphone: \nmail: 2026\n"
    assert b"token" not in alone.data
    for joined in (named, alone):
        for start, leaf in zip(joined.starts, LEAVES, strict=True):
            assert len(joined.data[start:].partition(b"\n")[0]) == len(leaf.text)


def test_names_of_fields_are_no_signs_in_their_texts() -> None:
    texts = texts_of([Leaf("left at the door", ("phone",)), Leaf("call 555", ("passport_number",))])
    ends = triggers.find(texts.data)
    assert [kind.name for kind in Kind if kind in ends] == ["CUE_PHONE"]
    assert [*texts.by_leaf(ends)] == [1]


def test_places_in_texts_alone_are_found_again_where_names_stand_before_them() -> None:
    named, alone = join(LEAVES), texts_of(LEAVES)
    runs = triggers.find(alone.data).get(Kind.RUN, ())
    assert [named.data[:end].rpartition(b" ")[0] for end in alone.moved(runs, named)] == [b"token: x4Jq81mZp0vT"]
    assert alone.moved(runs, alone) == runs


@pytest.mark.parametrize("name", ["Comment", "Kommentär", "note"])
def test_a_name_with_a_capital_may_be_who_says_what_stands_behind_it(name: str) -> None:
    said = scan([Leaf("Hubert Zyx hugged my, well", (name,))], Options(ner=False)).findings[0]
    assert [one.rule for one in said] == (["person_by_verb"] if name != "note" else [])
