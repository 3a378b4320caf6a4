"""How much of what is personal is found, and how much is not that looks like it: a small set of our own, drawn anew."""

from random import Random

import pytest

from mcp_gate.detect.finding import Leaf
from mcp_gate.detect.options import Options
from mcp_gate.detect.scan import scan
from support.labelled import benign, records


@pytest.mark.parametrize("seed", [1, 2])
def test_nearly_all_that_is_personal_is_covered_and_hardly_anything_else(seed: int) -> None:
    drawn = list(records(Random(seed), 400))
    scanned = scan([Leaf(record.text) for record in drawn], Options(ner=False)).findings
    missed, wrong, total = [], [], 0
    for record, found in zip(drawn, scanned, strict=True):
        covered = {place for one in found for place in range(one.start, one.end)}
        for start, end, entity in record.spans:
            total += 1
            letters = [place for place in range(start, end) if record.text[place].isalnum()]
            if sum(place in covered for place in letters) < 0.5 * len(letters):
                missed.append((entity, record.text[start:end], record.text[max(0, start - 30) : end + 10]))
        wrong += [
            (one.entity, record.text[one.start : one.end], record.text[:60])
            for one in found
            if not any(start < one.end and one.start < end for start, end, _ in record.spans)
        ]
    assert len(missed) <= 0.02 * total, missed
    assert len(wrong) <= 0.01 * total, wrong


def test_the_entity_is_the_right_one() -> None:
    wrong, total = [], 0
    for record in records(Random(3), 200):
        found = scan([Leaf(record.text)], Options(ner=False)).findings[0]
        for start, end, entity in record.spans:
            named = {one.entity for one in found if one.start < end and start < one.end}
            total += 1
            if named and entity not in named:
                wrong.append((entity, named, record.text[start:end]))
    assert len(wrong) <= 0.02 * total, wrong


def test_of_two_hundred_look_alikes_at_most_two_in_a_hundred_are_hit() -> None:
    texts = list(benign(Random(4), 208))
    found = scan([Leaf(text) for text in texts], Options(ner=False)).findings
    hit = [(text, one) for text, one in zip(texts, found, strict=True) if one]
    assert len(hit) <= 4, hit
