"""What is left after something was taken out, and what is known of it without another walk."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.detect.finding import Finding
from mcp_gate.model.output import OutputDecision
from mcp_gate.output.decide import Found
from mcp_gate.output.placeholders import Placeholders
from mcp_gate.output.redact import redact
from mcp_gate.output.walk import SHORTEST_TEXT, walk
from mcp_gate.output.walked import Part

KEYS = st.sampled_from(["a", "name", "p-1@x.org", "text", "2"])
VALUES = st.sampled_from(["", "no", "pay", "a@b.example", '{"n": 123456789}', "[x]", 7, 123_456_789, 0.5, None, True])
JSONS = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def block(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


@given(st.dictionaries(KEYS, JSONS, max_size=3), JSONS, st.text(alphabet="01", max_size=40), st.booleans())
def test_what_is_known_after_a_redaction_is_what_a_walk_comes_to(
    data: dict[str, Any], other: Any, chosen: str, told_twice: bool
) -> None:
    blocks = [block(json.dumps(data)), block(json.dumps([other])), block("call 555 now")]
    payload: dict[str, Any] = {"content": blocks[0 if told_twice else 1 :]}
    if told_twice:
        payload["structuredContent"] = data
    walked = walk(payload)
    found = [
        Found(at, Finding(0, len(leaf.text), "PERSON", 1.0, "test"), OutputDecision.REDACT, "", "")
        for at, (leaf, part, one) in enumerate(zip(walked.leaves, walked.parts, chosen, strict=False))
        if one == "1" and part is not Part.KEY
    ]
    left = redact(payload, walked, found, Placeholders())
    if left.walked is None:
        assert any(one.leaf in walked.blocks for one in found)
        return
    again = walk(left.payload)
    assert left.walked.twins == again.twins
    told = {leaf for leaf in again.leaves if len(leaf.text) >= SHORTEST_TEXT}  # shorter ones stand in lists of texts
    assert told <= set(left.walked.leaves), "something new is not looked at"


def test_a_new_key_or_a_new_text_of_a_block_is_walked_again() -> None:
    payload = {"content": [block('{"n": 5551234')], "structuredContent": {"p@x.org": "is whose"}}
    walked = walk(payload)
    for at, leaf in enumerate(walked.leaves):
        one = Found(at, Finding(0, len(leaf.text), "PERSON", 1.0, "test"), OutputDecision.REDACT, "", "")
        left = redact(payload, walked, [one], Placeholders())
        assert (left.walked is None) == (at in walked.blocks or walked.parts[at] is Part.KEY), leaf
