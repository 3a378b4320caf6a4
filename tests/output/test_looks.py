"""Each text is looked at once, and again only where something else stands in its place."""

from __future__ import annotations

from mcp_gate.detect.finding import Finding, Leaf
from mcp_gate.output.looks import Looks
from mcp_gate.output.walk import walk

MAIL = (Finding(0, 5, "EMAIL_ADDRESS", 0.9, "email"),)
ROWS = {"structuredContent": {"rows": [{"mail": "a@b.c", "by": "Anna"}, {"mail": "a@b.c", "by": "Omar"}]}}


def leaf(text: str, name: str) -> Leaf:
    return Leaf(text, ("structuredContent", "rows", name))


def test_what_stands_in_many_rows_is_looked_at_once_and_found_in_each() -> None:
    looks = Looks()
    new = looks.begin(walk(ROWS), ())
    assert new == (leaf("a@b.c", "mail"), leaf("Anna", "by"), leaf("Omar", "by"))
    looks.end(new, [MAIL, (), ()])
    assert looks.findings == [MAIL, (), MAIL, ()]


def test_after_something_was_taken_out_only_what_was_changed_and_is_no_placeholder_is_looked_at_again() -> None:
    looks, walked = Looks(), walk(ROWS)
    looks.end(looks.begin(walked, ()), [MAIL, (), ()])
    now = walked.with_texts({0: "[REDACTED:EMAIL_ADDRESS#1]", 3: "[REDACTED:PERSON#1] at a@b.c"})
    new = looks.begin(now, {"[REDACTED:EMAIL_ADDRESS#1]", "[REDACTED:PERSON#1]"})
    assert new == (leaf("[REDACTED:PERSON#1] at a@b.c", "by"),)
    looks.end(new, [MAIL])
    assert looks.findings == [(), (), MAIL, MAIL]


def test_a_payload_that_was_walked_anew_is_known_by_what_its_texts_say() -> None:
    looks = Looks()
    looks.end(looks.begin(walk(ROWS), ()), [MAIL, (), ()])
    other = {"structuredContent": {"rows": [{"by": "Omar", "mail": "a@b.c"}, {"by": "Ines"}]}}
    new = looks.begin(walk(other), {"[REDACTED:PERSON#1]"})
    assert new == (leaf("Ines", "by"),)
    looks.end(new, [()])
    assert looks.findings == [(), MAIL, ()]
