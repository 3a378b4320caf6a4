"""Values under the names of fields: many at once are found as each by itself."""

from __future__ import annotations

from random import Random

import pytest

from mcp_gate.detect import fields, values
from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.joined import texts_of
from mcp_gate.detect.look import look, look_all
from mcp_gate.detect.triggers import find
from support.labelled import FIELDS, benign, records, value

DRAW = Random(4)
TEXTS = tuple(
    f"{before}{text}{behind}"
    for text in (
        *(value(DRAW, kind) for kind in (*FIELDS.values(), *FIELDS.values())), *benign(DRAW, 32), "", "x", "null",
        "Anna Lee", "anna", "<REDACTED>", "hunter2!", "x4Jq81mZp0vT", "postgres://u:pw12345@h/db", "1990-02-31",
    )
    for before, behind in (("", ""), (" ", ""), ("", ","), ("", " ext. 7"), ("", "\nof 3"), ("no ", ""))
)  # fmt: skip
KINDS = (*FIELDS.values(), "PERSON", fields.WEAK, "PASSWORD", "API_KEY", "PRIVATE_KEY", "CONNECTION_STRING")


@pytest.mark.parametrize("kind", dict.fromkeys(KINDS))
def test_the_whole_of_a_text_is_what_a_look_at_it_alone_finds(kind: str) -> None:
    for text, one in zip(TEXTS, values.wholes(kind, TEXTS), strict=True):
        alone = values.find(kind, text, 0, len(text), whole=True)
        assert one == (alone if alone is not None and alone.end - alone.start == len(text) else None), text


def test_leaves_in_rows_are_looked_at_as_each_alone() -> None:
    names = (*FIELDS, "name", "note", "password", "id", "")
    texts = (*TEXTS, *(record.text for record in records(DRAW, 40)))
    leaves = [Leaf(text, ("rows", DRAW.choice(names)) if DRAW.random() < 0.9 else ()) for text in texts]
    joined = texts_of(leaves)
    fired = joined.by_leaf(find(joined.data))
    found = look_all(leaves, fired)
    assert found == [look(leaf, fired.get(which)) for which, leaf in enumerate(leaves)]
    assert sum(map(bool, found)) > 100
