"""`policy suggest` over histories that a real store holds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.gates import loaded
from support.history import Deed, directory, record, run, told

REVIEWERS = "reviewers:\n  dana: { groups: [ops] }\n  ana: { groups: [ops] }\n  sam: { groups: [ops] }\n"
HELD = """\
version: v1
rules:
  - { id: reads, match: { risk_tags: [read] }, decision: allow }
  - { id: refunds, match: { topics: ["job.shop.refund"] }, decision: require_approval }
"""
PEOPLE = ("dana", "ana", "sam")

Write = Callable[..., dict[str, Any]]


def refunds(count: int = 24, word: str = "approve", first: int = 10, **more: Any) -> list[Deed]:
    """Refunds of 10, 11, …, each decided by the next of three people."""
    people = itertools.cycle(PEOPLE)
    return [Deed(arguments={"amount": first + n}, by=next(people), word=word, **more) for n in range(count)]


@pytest.fixture
def suggested(tmp_path: Path) -> Write:
    """Records a history under a policy and gives what is suggested."""

    def write(deeds: list[Deed], *more: str, rules: str = HELD, settings: str = REVIEWERS) -> dict[str, Any]:
        config = directory(tmp_path / "gate", rules, settings=settings)
        record(tmp_path / "state", loaded(rules, settings), deeds)
        done = run("suggest", config, tmp_path / "state", *more, "--json")
        assert done.exit_code == 0, done.output
        return told(done)

    return write


def reasons(found: dict[str, Any]) -> dict[str, int]:
    assert found["suggestions"] == []
    return {**found["calls_without"], **{one["why"]: one["kinds"] for one in found["kinds_without"]}}


def test_what_people_always_approved_may_pass_within_what_they_saw(suggested: Write) -> None:
    found = suggested([*refunds(), *[Deed("get") for _ in range(76)]])
    (one,) = found["suggestions"]
    assert one["rule"] == (
        "  - id: people-approved-refund\n"
        "    match:\n"
        '      topics: ["job.shop.refund"]\n'
        '      upstreams: ["shop"]\n'
        '      tools: ["refund"]\n'
        '      agents: ["bot"]\n'
        '      risk_tags_all: ["write"]\n'
        '      when: "attributes.amount_usd BETWEEN 10 AND 33"\n'
        "    decision: allow\n"
        '    reason: "People approved every call like this"\n'
    )
    assert (one["document"], one["before"]) == ("policies/rules.yaml", "refunds")
    assert one["evidence"] == {
        "decisions": 24, "reviewers": 3, "agents": ["bot"], "days": 6, "first_day": "2027-01-15",
        "last_day": "2027-01-21", "median_sec": 60.0, "p95_sec": 60.0, "under_two_sec": 0, "under_two_sec_share": 0.0,
    } | {"days": one["evidence"]["days"], "last_day": one["evidence"]["last_day"]}  # fmt: skip
    assert one["decides"] == {"calls": 24, "example": "c-000000"}
    assert (found["gated"], one["gated"]) == (0.24, 0.0)


def test_a_call_that_was_denied_bounds_the_rule(suggested: Write) -> None:
    found = suggested([*refunds(30), Deed(arguments={"amount": 30}, word="deny")])
    (one,) = found["suggestions"]
    assert "BETWEEN 10 AND 29" in one["rule"]
    assert one["decides"]["calls"] == 20


@pytest.mark.parametrize(
    ("spoiler", "why"),
    [
        (Deed(arguments={"amount": 20}, word="deny"), "people said different things"),
        (Deed(arguments={"amount": 20}, word="expire"), "people said different things"),
        (Deed(arguments={"amount": 20}, word="time"), "people said different things"),
        (Deed(arguments={"amount": 20}, afterwards="bad"), "people said different things"),
        (Deed(arguments={"amount": 20}, afterwards="incident"), "people said different things"),
    ],
)
def test_one_call_that_was_not_approved_spoils_what_it_cannot_be_told_from(
    suggested: Write, spoiler: Deed, why: str
) -> None:
    same = [Deed(arguments={"amount": 20}, by=person) for person in PEOPLE * 8]
    assert any(reason.startswith(why) for reason in reasons(suggested([*same, spoiler])))


@pytest.mark.parametrize(
    ("deeds", "why"),
    [
        (refunds(19), "too few decisions"),
        (refunds(40, seconds=1.5), "too few decisions"),
        ([*refunds(20), *refunds(20, seconds=1.5)], "too many decisions in under two seconds"),
    ],
    ids=["few", "clicked", "mostly clicked"],
)
def test_thin_evidence_supports_nothing(suggested: Write, deeds: list[Deed], why: str) -> None:
    assert any(reason.startswith(why) for reason in reasons(suggested(deeds)))


def test_a_few_quick_clicks_are_told_and_count_for_nothing(suggested: Write) -> None:
    (one,) = suggested([*refunds(24), *refunds(4, first=12, seconds=0.5)])["suggestions"]
    assert (one["evidence"]["decisions"], one["evidence"]["under_two_sec"]) == (24, 4)
    assert one["evidence"]["under_two_sec_share"] == 0.1429
    assert one["decides"]["calls"] == 28


def test_one_person_supports_nothing_unless_there_is_only_one(suggested: Write) -> None:
    alone = [Deed(arguments={"amount": n}, by="dana") for n in range(30)]
    assert reasons(suggested(alone)) == {"decided by too few people": 1}


def test_where_there_is_one_reviewer_his_word_is_enough(suggested: Write) -> None:
    alone = [Deed(arguments={"amount": n}, by="me") for n in range(30)]
    assert len(suggested(alone, settings="")["suggestions"]) == 1


def test_days_are_asked_for_too(tmp_path: Path) -> None:
    config = directory(tmp_path / "gate", HELD, settings=REVIEWERS)
    record(tmp_path / "state", loaded(HELD, REVIEWERS), refunds(40), hours=0.5)
    assert reasons(told(run("suggest", config, tmp_path / "state", "--json"))) == {"decided on too few days": 1}


def test_min_asks_for_more_or_less(suggested: Write) -> None:
    assert len(suggested(refunds(9), "--min", "9")["suggestions"]) == 1


def test_what_nobody_decided_on_for_an_agent_is_not_let_pass_for_it(suggested: Write) -> None:
    found = suggested([*refunds(24), *refunds(24, agent="other", word="deny")])["suggestions"]
    assert [(one["decision"], one["evidence"]["agents"]) for one in found] == [("allow", ["bot"]), ("deny", ["other"])]


def test_agents_whose_calls_were_approved_alike_share_a_rule(suggested: Write) -> None:
    (one,) = suggested([*refunds(15), *refunds(15, agent="other")])["suggestions"]
    assert one["evidence"]["agents"] == ["bot", "other"]


def test_where_agents_were_told_different_things_each_is_looked_at_alone(suggested: Write) -> None:
    both = [*refunds(24), *refunds(24, agent="other")]
    spoilt = [Deed(arguments={"amount": 10 + n}, agent="other", word="deny") for n in range(0, 24, 2)]
    (one,) = suggested([*both, *spoilt])["suggestions"]
    assert (one["evidence"]["agents"], one["decides"]["calls"]) == (["bot"], 24)


def test_calls_that_only_time_approved_were_approved_by_nobody(suggested: Write) -> None:
    low = HELD + "risk_tiers: { low: { risk_tags: [write], timeout_sec: 60, on_timeout: approve } }\n"
    found = suggested(refunds(30, word="time"), rules=low)
    assert (found["suggestions"], found["held"]) == ([], 30)


def test_a_rule_that_gives_way_hands_on_its_constraints(suggested: Write) -> None:
    bound = HELD.replace("require_approval }", "require_approval, constraints: { max_runtime_sec: 30 } }")
    (one,) = suggested(refunds(), rules=bound)["suggestions"]
    assert one["decision"] == "allow_with_constraints"
    assert 'constraints: {"max_runtime_sec": 30}' in one["rule"]


def test_what_no_rule_speaks_of_gets_a_document_of_its_own(suggested: Write) -> None:
    silent = HELD.replace("job.shop.refund", "job.other")
    (one,) = suggested(refunds(), rules=silent)["suggestions"]
    assert (one["document"], "before" in one) == ("policies/suggested.yaml", False)
    assert one["decides"]["calls"] == 24


INVARIANT = 'invariants:\n  - { id: floor, match: { topics: ["job.shop.refund"] }, at_least: require_approval }\n'
CLAIM = "never:\n  - { id: claim, match: { risk_tags: [write] }, weaker_than: require_approval }\n"
LEVELS = 'autonomy_levels:\n  level_0: { rules: [ { match: { topics: ["*"] }, decision: require_approval } ] }\n'


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (HELD + INVARIANT, "held by an invariant"),
        (HELD + CLAIM, "a 'never' claim"),
        (HELD.replace("job.shop.refund", "job.other") + LEVELS, "held by the agent's autonomy level"),
        (HELD.replace('topics: ["job.shop.refund"]', "when: 'args.amount < 1000'"), "held by a rule that looks at"),
        (HELD.replace('topics: ["job.shop.refund"]', "confidence_below: 0.7"), "held by a rule that looks at"),
    ],
    ids=["invariant", "claim", "level", "condition", "confidence"],
)  # fmt: skip
def test_nothing_is_suggested_that_would_touch(suggested: Write, rules: str, why: str) -> None:
    assert any(reason.startswith(why) for reason in reasons(suggested(refunds(), rules=rules)))


def test_calls_of_tools_that_nobody_mapped_stay_held(suggested: Write) -> None:
    found = suggested([Deed("new_tool", by=person) for person in PEOPLE * 10])
    assert reasons(found) == {"calls of tools that nobody mapped": 30}


def test_what_people_always_denied_may_be_denied(suggested: Write) -> None:
    (one,) = suggested(refunds(24, word="deny"))["suggestions"]
    assert (one["decision"], one["id"], one["document"]) == ("deny", "people-denied-refund", "policies/suggested.yaml")
    assert one["decides"]["calls"] == 24
    assert one["gated"] == 0.0


def test_a_sample_that_found_a_passed_call_bad_speaks_against_its_kind(tmp_path: Path) -> None:
    """When nobody held such calls yet, one of them was looked at afterwards."""
    milder = HELD.replace("require_approval", "allow")
    record(tmp_path / "state", loaded(milder, REVIEWERS), [Deed(arguments={"amount": 25}, afterwards="bad")])
    record(tmp_path / "state", loaded(HELD, REVIEWERS), refunds(40), first=1)
    config = directory(tmp_path / "gate", HELD, settings=REVIEWERS)
    (one,) = told(run("suggest", config, tmp_path / "state", "--json"))["suggestions"]
    assert "BETWEEN 26 AND 49" in one["rule"]


def test_what_was_let_pass_before_and_nobody_approved_is_not_let_pass_again(tmp_path: Path) -> None:
    milder = HELD.replace("require_approval", "allow")
    record(tmp_path / "state", loaded(milder, REVIEWERS), [Deed(arguments={"amount": 25})])
    record(tmp_path / "state", loaded(HELD, REVIEWERS), refunds(40), first=1)
    found = told(run("suggest", directory(tmp_path / "gate", HELD, settings=REVIEWERS), tmp_path / "state", "--json"))
    assert reasons(found) == {"it would also decide calls that no person decided so": 1}


def test_people_are_told_in_plain_words_where_to_paste_it(tmp_path: Path) -> None:
    config = directory(tmp_path / "gate", HELD, settings=REVIEWERS)
    record(tmp_path / "state", loaded(HELD, REVIEWERS), [*refunds(), Deed("get")])
    done = run("suggest", config, tmp_path / "state")
    assert done.exit_code == 0
    assert "1. approved every time: 24 decisions by 3 people on " in done.stdout
    assert "it would have let pass 24 calls, such as c-000000; held for a person: 96.0% -> 0.0%" in done.stdout
    assert "paste it right before 'refunds' (policies/rules.yaml:4):\n\n  - id: people-approved-refund\n" in done.stdout


@pytest.mark.parametrize("new", [False, True], ids=["before a rule", "new document"])
def test_the_printed_rule_pasted_as_told_does_what_was_foretold(tmp_path: Path, new: bool) -> None:
    rules = HELD.replace("job.shop.refund", "job.other") if new else HELD
    config = directory(tmp_path / "gate", rules, settings=REVIEWERS)
    record(tmp_path / "state", loaded(rules, REVIEWERS), [*refunds(30), Deed(arguments={"amount": 31}, word="deny")])
    (one,) = told(run("suggest", config, tmp_path / "state", "--json"))["suggestions"]
    if new:
        (config / one["document"]).write_text("version: v1\nrules:\n" + one["rule"])
    else:
        file = config / one["document"]
        place = f"  - {{ id: {one['before']}"
        file.write_text(file.read_text().replace(place, one["rule"] + place))
    found = told(run("replay", config, tmp_path / "state", "--json"))
    (flip,) = found["flips"]
    assert (flip["rule_after"], flip["calls"]) == (one["id"], one["decides"]["calls"])
    assert (found["gated"]["after"], found["rejected_would_pass"]) == (one["gated"], [])


def test_a_history_without_decisions_says_so(tmp_path: Path) -> None:
    config = directory(tmp_path / "gate", HELD, settings=REVIEWERS)
    record(tmp_path / "state", loaded(HELD, REVIEWERS), [Deed("get")])
    assert "no rule is supported by 20 decisions" in run("suggest", config, tmp_path / "state").stdout
    done = run("suggest", config, tmp_path / "state", "--since", "2030-01-01T00:00:00Z")
    assert (done.exit_code, done.stdout) == (
        0, "no calls since 2030-01-01T00:00:00.000Z: there is nothing to learn from\n",
    )  # fmt: skip


def test_the_example_in_the_readme_is_what_it_prints(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (shown,) = re.findall(r"^\$ mcp-gate policy suggest [^\n]*\n(.*?)^```", readme, re.M | re.S)
    config = directory(tmp_path / "gate", HELD, settings=REVIEWERS)
    clicked, denied = refunds(2, first=12, seconds=1.0), Deed(arguments={"amount": 500}, word="deny")
    record(tmp_path / "state", loaded(HELD, REVIEWERS), [*refunds(), *clicked, denied, *[Deed("get")] * 73])
    assert run("suggest", config, tmp_path / "state").stdout == shown
