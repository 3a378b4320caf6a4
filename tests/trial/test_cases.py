"""Cases as an admin writes them: what is read, and what is refused with its place."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mcp_gate.model.call import UNKNOWN
from mcp_gate.model.config import ConfigError
from mcp_gate.model.decision import Decision, Tier
from mcp_gate.trial.cases import Case, Expected, read_cases

WHOLE = """\
version: v1
cases:
  - name: all of it
    call:
      { tool: shop_x, args: { amount: 5 }, agent: bot, confidence: 0.5, level: 2, anomaly: 0.9, retries: 3,
        first_time: true, tags: [prod] }
    expect: { decision: deny, rule: a, tier: high, route: ops }
"""


def read(text: str) -> tuple[Case, ...]:
    return read_cases({"t.yaml": text.encode()})


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    (found,) = caught.value.problems
    return str(found)


def case(call: str = "{ tool: t }", expect: str = "{ decision: deny }", name: str = "name: n, ") -> str:
    return f"version: v1\ncases:\n  - {{ {name}call: {call}, expect: {expect} }}\n"


def test_every_field_is_read() -> None:
    (found,) = read(WHOLE)
    assert (found.name, str(found.place), found.tool) == ("all of it", "t.yaml:3:5", "shop_x")
    assert (found.arguments, found.agent, found.tags) == ({"amount": 5}, "bot", ("prod",))
    signals = found.signals
    assert (signals.confidence, signals.level, signals.anomaly_score) == (Decimal("0.5"), 2, Decimal("0.9"))
    assert (signals.retry_count, signals.first_time_action) == (3, True)
    assert found.expected == Expected(Decision.DENY, "a", Tier.HIGH, "ops")


def test_what_is_not_said_is_a_first_plain_call_of_the_default_agent() -> None:
    (found,) = read(case())
    assert (found.arguments, found.agent, found.tags, found.signals.confidence) == ({}, "default", (), UNKNOWN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (case(call="{ ¦tol: t }"), "unknown key 'tol'; did you mean 'tool'?"),
        (case(call="¦{ args: {} }"), "'tool' is missing"),
        (case(expect="{ decision: ¦Deny }"), "'Deny' is not a decision; did you mean 'deny'?"),
        (case(expect="¦{}"), "nothing is expected; add one of: decision, route, rule, tier"),
        (case(name="").replace("- {", "- ¦{"), "'name' is missing"),
        (case(call="{ tool: t, args: ¦[1] }"), "this needs a mapping of arguments"),
        (case(call="{ tool: t, confidence: ¦2 }"), "2 is out of range"),
        (case(call="{ tool: t, args: { a: ¦no } }"), "'no' can be read in two ways"),
        ("¦cases: [{ name: n, call: { tool: t }, expect: { rule: r } }]\n", "'version' is missing"),
        ("version: v1\ncases: ¦[]\n", "there is no case"),
        ("¦version: v1\n", "'cases' is missing"),
    ],
)
def test_a_mistake_is_one_error_with_place_and_cure(text: str, message: str) -> None:
    before = text[: text.index("¦")]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    found = problem(text.replace("¦", ""))
    assert found.startswith(f"t.yaml:{line}:{column}: {message}")
    assert "; " in found


def test_the_problems_of_all_files_are_told_in_order() -> None:
    with pytest.raises(ConfigError) as caught:
        read_cases({"b.yaml": b"version: v1\ncases: []\n", "a.yaml": b"\n"})
    assert [found.place.file for found in caught.value.problems] == ["a.yaml", "b.yaml"]
