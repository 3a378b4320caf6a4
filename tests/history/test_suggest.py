"""Suggestions are sound: whatever the history, a suggested rule lets pass only what people approved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_gate.history.again import Candidate, WhyNot
from mcp_gate.history.cases import Spoken
from mcp_gate.history.look import Look, Seen
from mcp_gate.history.past import Held, Past, Word
from mcp_gate.history.paste import with_rule
from mcp_gate.history.suggest import Found, Search
from mcp_gate.history.weigh import Weights, weigh
from mcp_gate.model.decision import Decision
from mcp_gate.model.request import CallState, RequestStatus
from mcp_gate.policy.clauses import compile_rule
from mcp_gate.policy.load import Loaded, load
from support.directories import files, rule, rules
from support.held import NOW
from support.history import Deed, decided

HOLD = ("hold", 'topics: ["job.support.*"]', "require_approval")
RULES = st.sampled_from(
    [
        HOLD,
        ("big", "amount_usd_above: 3", "require_approval"),
        ("read", "risk_tags: [read]", "allow"),
        ("prod", "risk_tags: [prod]", "deny"),
        ("prod-held", "risk_tags: [prod]", "require_approval"),
        ("many", "affected_users_above: 1", "require_approval"),
        ("when", "when: 'args.amount > 5'", "require_approval"),
        ("write", "risk_tags: [write]", "allow_with_constraints"),
        ("bot", "agents: [bot]", "require_approval"),
    ]
)
FLOOR = "invariants:\n  - { id: floor, match: { amount_usd_above: 7 }, at_least: require_approval }\n"
NEVER = "never:\n  - { id: claim, match: { risk_tags: [prod] }, weaker_than: require_approval }\n"
LEVELS = "autonomy_levels:\n  level_0: { rules: [ { match: { risk_tags: [read] }, decision: require_approval } ] }\n"
DOCUMENTS = st.lists(st.lists(RULES, min_size=1, max_size=3, unique_by=lambda one: one[0]), max_size=2)
MORE = st.sets(st.sampled_from([FLOOR, NEVER, LEVELS]))
DEEDS = st.lists(
    st.builds(
        Deed,
        tool=st.sampled_from(["get_order", "refund_order", "refund_order", "other"]),
        arguments=st.fixed_dictionaries(
            {"amount": st.sampled_from([1, 2, 4, 6, 8, 9.5, "9"])},
            optional={"to": st.sampled_from(["a", ["a", "b"], 3]), "env": st.sampled_from(["prod", "dev"])},
        ),
        agent=st.sampled_from(["bot", "other"]),
        word=st.sampled_from(["approve"] * 12 + ["deny", "deny", "expire", "time"]),
        by=st.sampled_from(["dana", "ana"]),
        seconds=st.sampled_from([60.0] * 5 + [1.0]),
        afterwards=st.sampled_from([""] * 20 + ["bad", "good"]),
    ),
    max_size=60,
)  # fmt: skip
SETTLED = {"approve": RequestStatus.APPROVED, "time": RequestStatus.APPROVED, "deny": RequestStatus.REJECTED}


def gate(documents: list[list[tuple[str, str, str]]], more: set[str]) -> Loaded:
    numbers = itertools.count()
    texts = [rules(*(rule(f"{id_}-{next(numbers)}", *rest) for id_, *rest in lines)) for lines in documents]
    return load(files(*texts, "".join(sorted(more)) or "default_decision: require_approval\n"))


def history(loaded: Loaded, deeds: list[Deed]) -> tuple[list[Past], list[Word]]:
    """The deeds as they would be read back, a day apart."""
    pasts, words = [], []
    for number, deed in enumerate(deeds):
        at = NOW + number * 86_400.0
        call, verdict = decided(loaded, deed, f"c-{number}", at)
        held = None
        if verdict.decision is Decision.REQUIRE_APPROVAL:
            status = SETTLED.get(deed.word, RequestStatus.EXPIRED)
            held = Held(f"R-{number}", status, verdict.group, at, at + verdict.timeout_sec)
            by = "policy:timeout" if deed.word == "time" else deed.by
            said = "deny" if deed.word == "deny" else "approve"
            spoken_at = at + deed.seconds
            if deed.word != "expire":
                words.append(Word(call.id, held.id, "gate", said, by, spoken_at, "default", "x", at, final=True))
        if deed.afterwards:
            words.append(Word(call.id, "", "", deed.afterwards, "sam", at + 999, "", "x", at + 999))
        state = CallState.DENIED if verdict.decision is Decision.DENY else CallState.EXECUTED
        pasts.append(Past(call, at, state, verdict.as_json(), loaded.snapshot.id, held))
    return pasts, words


def search(loaded: Loaded, pasts: list[Past], words: list[Word]) -> tuple[Found, Weights]:
    spoken, candidate = Spoken(words), Candidate(loaded, describes=True)
    found = Search(loaded, spoken, lambda group: 2, least=3).run(seen(candidate, pasts))
    return found, weigh(seen(candidate, pasts), found, candidate, spoken)


def seen(candidate: Candidate, pasts: list[Past]) -> Iterator[Seen]:
    kept = {candidate.loaded.snapshot.id: candidate.loaded}
    return Look(candidate, kept.get, lambda held: None).over(pasts, NOW)


def approved_by_people(words: list[Word]) -> set[str]:
    """Counted anew: approved by a person, and nobody ever said anything else."""
    yes = {word.call_id for word in words if word.said == "approve" and not word.by.startswith("policy:")}
    return yes - {word.call_id for word in words if word.said in ("deny", "bad")}


@settings(deadline=None, max_examples=150)
@given(DOCUMENTS, MORE, DEEDS)
def test_what_a_suggested_rule_lets_pass_was_approved_and_what_it_denies_was_denied(
    documents: list[list[tuple[str, str, str]]], more: set[str], deeds: list[Deed]
) -> None:
    loaded = gate(documents, more)
    pasts, words = history(loaded, deeds)
    _, weights = search(loaded, pasts, words)
    approved = approved_by_people(words)
    denied = {word.call_id for word in words if word.said == "deny"}
    for one in weights.weighed:
        policy = with_rule(loaded.policy, one.suggestion.rule, one.suggestion.before)
        changed = set()
        for past in pasts:
            facts = Candidate(loaded, describes=True).facts(past)
            assert not isinstance(facts, WhyNot)
            before, after = loaded.policy.decide(facts).decision, policy.decide(facts).decision
            if after is not before:
                changed.add(past.call.id)
                assert past.call.id in (denied if after is Decision.DENY else approved)
            for floor in (*loaded.policy.invariants, *(compile_rule("never", claim) for claim in loaded.claims)):
                if floor.concerns(policy.kind(facts).subject) and floor.matches(facts):
                    assert after >= min(before, floor.rule.decision)
        assert len(changed) == one.decided > 0


def test_suggestions_are_found_at_all_by_the_histories_above() -> None:
    """The property is not kept by suggesting nothing."""
    loaded = gate([[HOLD]], set())
    numbers = [{"amount": n, "to": "a", "env": "dev"} for n in range(1, 9)]
    deeds = [Deed("refund_order", arguments, by=by) for arguments in numbers for by in ("dana", "ana")]
    pasts, words = history(loaded, deeds)
    found, weights = search(loaded, pasts, words)
    (one,) = weights.weighed
    assert (one.decided, one.freed, weights.share(), weights.share(one.freed)) == (16, 16, 1.0, 0.0)
    assert dict(one.suggestion.box.bounds) == {"affected_users": (1, 1), "amount_usd": (1, 8)}
    assert 'risk_tags_none: ["prod"]' in one.suggestion.text
    assert found.suggestions == [one.suggestion]


def test_amounts_that_nobody_could_read_let_no_amount_pass() -> None:
    loaded = gate([[HOLD]], set())
    deeds = [Deed("refund_order", {"amount": "5", "to": "a"}, by=by) for _ in range(9) for by in ("dana", "ana")]
    found, weights = search(loaded, *history(loaded, deeds))
    assert weights.weighed == []
    assert {why.name for _, why in found.kinds_without} == {"UNBOUND"}


def test_a_name_with_a_star_in_it_is_not_written_into_a_rule() -> None:
    loaded = gate([[("hold", 'topics: ["job.admin.*"]', "require_approval")]], set())
    deeds = [Deed("admin_*", {"n": n}, by=by) for n in range(9) for by in ("dana", "ana")]
    found, weights = search(loaded, *history(loaded, deeds))
    assert weights.weighed == []
    assert {why.value for _, why in found.kinds_without} == {"names that a rule cannot match exactly"}
