"""First match within a document, strictest across documents, floors that nothing lowers, and what joins how."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from mcp_gate.lang.globs import compile_glob
from mcp_gate.model.call import UNKNOWN
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Assurance, Decision, OnTimeout
from mcp_gate.signals.describe import always_denied
from support.directories import ALLOW_ALL, decide, files, loaded, problems, rule, rules


def word(verdict: Any) -> tuple[str, str]:
    return verdict.decision.word, verdict.rule_id


REFUND = {"amount": 50, "to": ["a", "b"], "env": "dev"}
MATCHES: list[tuple[str, dict[str, Any], bool]] = [
    # match block of a deny rule, what differs from a plain refund of 50 to two people, whether it matches
    ('topics: ["job.support.*"]', {}, True),
    ('topics: ["job.deploy.*", "*.process-refund"]', {}, True),
    ('topics: ["job.support"]', {}, False),
    ('topics: ["JOB.SUPPORT.*"]', {}, False),
    ('topics: ["job.support.process-refun?"]', {}, True),
    ('tools: ["refund_*"]', {}, True),
    ('tools: ["shop_refund_order"]', {}, False),
    ('upstreams: ["sh?p"]', {}, True),
    ('agents: ["bot"]', {}, True),
    ('agents: ["bo"]', {}, False),
    ("risk_tags: [delete, financial]", {}, True),
    ("risk_tags: [delete]", {}, False),
    ("risk_tags_all: [write, financial]", {}, True),
    ("risk_tags_all: [write, prod]", {}, False),
    ("risk_tags_none: [prod]", {}, True),
    ("risk_tags_none: [write]", {}, False),
    ("confidence_below: 0.7", {"confidence": "0.69"}, True),
    ("confidence_below: 0.7", {"confidence": "0.7"}, False),
    ("confidence_below: 0.7", {"confidence": UNKNOWN}, True),
    ("anomaly_score_above: 0.8", {"anomaly": "0.8"}, False),
    ("anomaly_score_above: 0.8", {"anomaly": "0.81"}, True),
    ("retry_count_above: 2", {"retries": 2}, False),
    ("retry_count_above: 2", {"retries": 3}, True),
    ("amount_usd_above: 50", {}, False),
    ("amount_usd_above: 49.99", {}, True),
    ("affected_users_above: 1", {}, True),
    ("affected_users_above: 2", {}, False),
    ("first_time_action: true", {"first": True}, True),
    ("first_time_action: true", {}, False),
    ("first_time_action: false", {}, True),
    ('when: "args.amount >= 50 AND attributes.amount_usd < 51"', {}, True),
    ("when: \"call.agent = 'bot' AND call.tool LIKE 'refund%'\"", {}, True),
    ("when: \"call.risk_tags CONTAINS 'financial'\"", {}, True),
    ('when: "attributes.retry_count > 1"', {"retries": 2}, True),
    ('when: "attributes.nobody_declared_it > 1"', {}, False),
    ('when: "args.missing > 1"', {}, True),
    ('risk_tags: [financial], topics: ["job.deploy.*"]', {}, False),
]


@pytest.mark.parametrize(("match", "call", "matches"), MATCHES)
def test_a_restrictive_rule_matches(match: str, call: dict[str, Any], matches: bool) -> None:
    gate = loaded(rules(rule("no", match, "deny")), ALLOW_ALL)
    assert word(decide(gate, arguments=REFUND, **call)) == (("deny", "no") if matches else ("allow", "all"))


@pytest.mark.parametrize("amount", ["5000", True, None, [5000], {"$gt": 1}, float("inf"), -1, "missing"])
@pytest.mark.parametrize("decision", ["deny", "require_approval"])
def test_an_amount_that_is_no_plain_number_is_above_every_threshold(amount: object, decision: str) -> None:
    gate = loaded(rules(rule("big", "amount_usd_above: 100", decision)), ALLOW_ALL)
    arguments = {} if amount == "missing" else {"amount": amount}
    assert word(decide(gate, arguments=arguments)) == (decision, "big")


@pytest.mark.parametrize("amount", ["50", True, None, "missing"])
def test_what_is_unknown_lets_nothing_pass(amount: object) -> None:
    gate = loaded(rules(rule("small", 'when: "attributes.amount_usd < 100"', "allow")))
    arguments = {} if amount == "missing" else {"amount": amount}
    assert word(decide(gate, arguments=arguments)) == ("require_approval", "default")
    assert word(decide(gate, arguments={"amount": 99.99})) == ("allow", "small")


@pytest.mark.parametrize("condition", ["attributes.x > 5", "NOT attributes.x > 5", "attributes.x <> 5"])
def test_an_attribute_that_no_mapping_declares_lets_nothing_pass(condition: str) -> None:
    gate = loaded(rules(rule("x", f'when: "{condition}"', "allow")))
    assert decide(gate, "get_order").decision is Decision.REQUIRE_APPROVAL


def test_an_attribute_that_no_mapping_declares_is_absent_and_its_field_does_not_match() -> None:
    gate = loaded(rules(rule("big", "amount_usd_above: 1", "deny")), ALLOW_ALL)
    assert word(decide(gate, "get_order", {"amount": 5000})) == ("allow", "all")


def test_is_null_of_an_unknown_attribute_is_unknown() -> None:
    gate = loaded(rules(rule("told", 'when: "attributes.amount_usd IS NOT NULL"', "allow")))
    assert decide(gate, arguments={}).decision is Decision.REQUIRE_APPROVAL
    assert decide(gate, arguments={"amount": 1}).decision is Decision.ALLOW


def test_the_first_match_of_a_document_decides_even_if_a_later_rule_is_stricter() -> None:
    gate = loaded(rules(rule("a", "risk_tags: [write]", "allow"), rule("b", 'topics: ["*"]', "deny")))
    assert word(decide(gate)) == ("allow", "a")


def test_S040_of_an_allow_and_a_deny_in_two_documents_deny_wins_and_both_are_named() -> None:
    gate = loaded(ALLOW_ALL, rules(rule("no", "risk_tags: [financial]", "deny", "reason: never")))
    verdict = decide(gate)
    assert verdict.decision is Decision.DENY
    assert verdict.rule_ids == ("no", "all")
    assert verdict.reason == "never"


def test_a_document_in_which_nothing_matches_abstains() -> None:
    gate = loaded(ALLOW_ALL, rules(rule("no", "risk_tags: [delete]", "deny")))
    assert decide(gate).rule_ids == ("all",)


@pytest.mark.parametrize(("extra", "decision"), [("", "require_approval"), ("default_decision: deny\n", "deny")])
def test_where_all_documents_abstain_the_default_decides(extra: str, decision: str) -> None:
    gate = loaded(extra + rules(rule("a", "risk_tags: [delete]", "allow")), "default_decision: require_approval\n")
    assert word(decide(gate)) == (decision, "default")


@pytest.mark.parametrize("floor", ["require_approval", "deny"])
def test_an_invariant_is_a_floor_under_every_document(floor: str) -> None:
    invariant = f"invariants:\n  - {{ id: floor, match: {{ risk_tags: [financial] }}, at_least: {floor} }}\n"
    verdict = decide(loaded(ALLOW_ALL, invariant))
    assert (verdict.decision.word, verdict.rule_ids, verdict.invariant) == (floor, ("floor", "all"), True)


def test_all_invariants_are_looked_at() -> None:
    gate = loaded(
        ALLOW_ALL
        + "invariants:\n"
        + "  - { id: one, match: { risk_tags: [write] }, at_least: require_approval }\n"
        + "  - { id: two, match: { risk_tags: [financial] }, at_least: deny }\n"
        + "  - { id: three, match: { risk_tags: [delete] }, at_least: deny }\n"
    )
    assert decide(gate).rule_ids == ("two", "one", "all")


def test_S026_an_unmapped_tool_is_never_allowed_without_a_person() -> None:
    gate = loaded(ALLOW_ALL)
    verdict = decide(gate, "new_tool")
    assert verdict.decision is Decision.REQUIRE_APPROVAL
    assert verdict.rule_ids == ("unmapped", "all")
    assert decide(loaded(""), "new_tool").rule_ids == ("unmapped", "default")
    denied = decide(loaded("default_decision: deny\n"), "new_tool")
    assert denied.decision is Decision.DENY
    assert "unmapped" in denied.rule_ids


def test_S036_arguments_of_a_general_tool_can_add_a_tag_that_gates_it() -> None:
    upstreams = (
        "version: v1\nupstreams:\n  shop:\n    command: x\n    tools:\n"
        "      list_users: { topic: job.users.list, risk_tags: [read] }\n"
        "      bulk_update:\n        topic: job.users.update\n        risk_tags: [write]\n"
        "        tag_when: [ { when: \"args.op = 'delete'\", add: [delete] } ]\n"
    )
    gate = loaded(rules(rule("del", "risk_tags: [delete]", "require_approval")), ALLOW_ALL, upstreams=upstreams)
    assert decide(gate, "bulk_update", {"op": "delete"}).rule_id == "del"
    assert decide(gate, "bulk_update", {"op": "rename"}).rule_id == "all"


DRY = (
    "version: v1\nupstreams:\n  shop:\n    command: x\n    tools:\n      t:\n        topic: job.t\n"
    '        tag_when: [ { when: "args.dry_run = true", add: [dry] }, { when: "args.x = 1", add: [one] } ]\n'
)
DRY_PASSES = [
    rule("dry", "risk_tags: [dry]", "allow"),
    rule("dry", "risk_tags_all: [dry]", "allow"),
    rule("dry", "when: \"call.risk_tags CONTAINS 'dry'\"", "allow"),
    rule("wet", "risk_tags_none: [dry]", "deny") + rule("dry", 'topics: ["*"]', "allow"),
]
WET_PASSES = [
    rule("wet", "risk_tags_none: [dry]", "allow"),
    rule("dry", "risk_tags: [dry]", "deny") + rule("wet", 'topics: ["*"]', "allow"),
]


@pytest.mark.parametrize(
    ("document", "dry_run", "passes"),
    [(document, value, value is True) for document in DRY_PASSES for value in (True, False, None, "true", 1, ())]
    + [(document, value, value is False) for document in WET_PASSES for value in (True, False, None, "true", 1, ())],
)
def test_S043_a_tag_of_which_nobody_can_tell_lets_nothing_pass(document: str, dry_run: object, passes: bool) -> None:
    """Whoever leaves an argument out has not said that it is so."""
    given = {"x": 1} if dry_run == () else {"dry_run": dry_run, "x": 1}
    verdict = decide(loaded(rules(document), upstreams=DRY), "t", given)
    assert (verdict.decision is Decision.ALLOW) is passes


@pytest.mark.parametrize(
    ("document", "decision"),
    [
        (rule("bound", "risk_tags: [dry]", "allow_with_constraints") + rule("a", 'topics: ["*"]', "allow"), "bound"),
        (rule("ask", "risk_tags: [dry]", "require_approval") + rule("no", 'topics: ["*"]', "deny"), "no"),
    ],
)
def test_S043_a_tag_of_which_nobody_can_tell_hides_no_stricter_rule(document: str, decision: str) -> None:
    assert decide(loaded(rules(document), upstreams=DRY), "t", {"x": 1}).rule_id == decision


def test_S043_a_tag_of_which_nobody_can_tell_lowers_no_tier() -> None:
    tiers = "risk_tiers:\n  low: { risk_tags: [dry, one], timeout_sec: 600, on_timeout: approve }\n"
    gate = loaded(tiers, upstreams=DRY)
    tells = [decide(gate, "t", given).tier.word for given in ({"dry_run": True, "x": 2}, {"x": 1}, {"x": 2}, {})]
    assert tells == ["low", "low", "high", "high"]


@pytest.mark.parametrize(
    ("topic", "matches"),
    [
        ("job.a.read", True), ("job.a.b.read", True), ("job..read", True), ("job.read", False),
        ("job.read.delete", False), ("xjob.a.read", False), ("job.a.read2", False), ("job.a.Read", False),
    ],
)  # fmt: skip
def test_S038_a_star_crosses_dots_and_both_ends_are_anchored(topic: str, matches: bool) -> None:
    assert compile_glob("job.*.read")(topic) is matches


@pytest.mark.parametrize("name", ["job.[a-z]*", "*", "?", "{tool}", "a.read"])
def test_S039_marks_of_globs_in_the_name_of_a_tool_stand_for_themselves(name: str) -> None:
    gate = loaded(
        rules(rule("z", 'topics: ["job.z.x"]', "allow"), rule("reads", 'topics: ["job.*.read"]', "allow")),
        upstreams='version: v1\nupstreams:\n  u: { command: x, tools: { "*": { topic: "job.{tool}" } } }\n',
    )
    verdict = decide(gate, name, upstream="u")
    assert word(verdict) == ("require_approval", "default")


def test_S035_what_a_tool_says_of_itself_changes_nothing() -> None:
    gate = loaded(ALLOW_ALL, rules(rule("del", "risk_tags: [delete]", "require_approval")))
    hints = {
        "annotations": {"readOnlyHint": True, "destructiveHint": False},
        "risk_tags": ["read"],
        "topic": "job.read",
    }
    assert decide(gate, "delete_order", hints) == decide(gate, "delete_order", {})


class TestJoining:
    """What several deciding rules say together."""

    gate = loaded(
        rules(
            rule(
                "a", "risk_tags: [write]", "require_approval",
                "approvals: 1, timeout_sec: 600, on_timeout: escalate, min_assurance: token, escalate_to: bosses, "
                "constraints: { max_runtime_sec: 900, max_amount_usd: 100, network_allowlist: [a.com, b.com] }",
            )
        ),
        rules(
            rule(
                "b", "risk_tags: [financial]", "require_approval",
                "approvals: 2, timeout_sec: 900, on_timeout: deny, min_assurance: link, route: finance, "
                "constraints: { max_runtime_sec: 60, max_output_bytes: 10, network_allowlist: [b.com, c.com] }",
            )
        ),
        rules(rule("c", 'topics: ["*"]', "allow_with_constraints")),
    )  # fmt: skip

    def test_each_field_joins_its_own_way(self) -> None:
        verdict = decide(self.gate)
        assert verdict.rule_ids == ("a", "b", "c")
        assert verdict.approvals == 2
        assert verdict.timeout_sec == 600
        assert verdict.on_timeout is OnTimeout.DENY
        assert verdict.min_assurance is Assurance.TOKEN
        assert verdict.group == "finance"
        assert verdict.escalate_to == "bosses"
        assert verdict.constraints == Constraints(60, Decimal(100), 10, ("b.com",))

    def test_allow_with_constraints_takes_the_default_ones(self) -> None:
        assert decide(self.gate, "get_order").constraints == Constraints(max_runtime_sec=60)
        only = rules(rule("c", 'topics: ["*"]', "allow_with_constraints"))
        own = loaded("default_constraints: { max_output_bytes: 5 }\n" + only)
        assert decide(own).constraints == Constraints(max_output_bytes=5)

    def test_constraints_of_its_own_take_the_place_of_the_default_ones(self) -> None:
        own = "constraints: { max_runtime_sec: 900 }"
        gate = loaded(rules(rule("c", 'topics: ["*"]', "allow_with_constraints", own)))
        assert decide(gate).constraints == Constraints(max_runtime_sec=900)


LEVELS = """\
autonomy_levels:
  level_0:
    rules: [ { match: { topics: ["*"] }, decision: require_approval } ]
  level_1:
    rules:
      - { match: { risk_tags: [financial] }, decision: deny }
      - { match: { topics: ["*"] }, decision: allow }
"""


class TestLevels:
    """The agent's level is one more document."""

    def test_a_rule_without_an_id_is_named_by_level_and_position(self) -> None:
        gate = loaded(ALLOW_ALL, LEVELS)
        assert word(decide(gate, "get_order")) == ("require_approval", "level_0.1")
        assert word(decide(gate, "get_order", level=1)) == ("allow", "all")
        assert decide(gate, "get_order", level=1).rule_ids == ("all", "level_1.2")

    def test_a_level_above_the_highest_is_the_highest(self) -> None:
        assert word(decide(loaded(LEVELS), level=9)) == ("deny", "level_1.1")

    def test_what_a_level_denies_is_left_out_of_the_list_at_that_level_alone(self) -> None:
        gate = loaded(ALLOW_ALL, LEVELS)
        hidden = [always_denied(gate, "bot", "shop", "refund_order", "tools/call", level) for level in (0, 1, 2)]
        assert hidden == [False, True, True]


def test_an_anomaly_score_that_cannot_be_told_holds_and_lets_nothing_pass() -> None:
    strange = "anomaly_score_above: 0.8"
    assert word(decide(loaded(rules(rule("a", strange, "deny"))), anomaly=UNKNOWN)) == ("deny", "a")
    assert word(decide(loaded(rules(rule("a", strange, "allow"))), anomaly=UNKNOWN)) == ("require_approval", "default")


class TestListing:
    """What is left out of a list because every call of it is denied."""

    @pytest.mark.parametrize(
        ("document", "hidden"),
        [
            (rules(rule("a", 'tools: ["refund_order"]', "deny")), True),
            (rules(rule("a", "risk_tags: [financial]", "deny")), True),
            (rules(rule("a", "amount_usd_above: 5", "deny")), False),
            (rules(rule("a", "risk_tags: [prod]", "allow"), rule("b", 'topics: ["*"]', "deny")), False),
            (rules(rule("a", "risk_tags: [delete]", "allow"), rule("b", 'topics: ["*"]', "deny")), False),
            (rules(rule("a", "risk_tags_none: [prod]", "deny")), False),
            (rules(rule("a", "amount_usd_above: 5", "deny"), rule("b", 'topics: ["*"]', "deny")), True),
            ("invariants:\n  - { id: i, match: { risk_tags: [write] }, at_least: deny }\n", True),
            ("default_decision: deny\n", True),
            ("default_decision: deny\n" + rules(rule("a", "first_time_action: true", "allow")), False),
            ("", False),
        ],
    )
    def test_only_what_no_arguments_can_get_through(self, document: str, hidden: bool) -> None:
        gate = loaded(document)
        assert always_denied(gate, "bot", "shop", "refund_order", "tools/call") is hidden


def test_the_memory_of_kinds_changes_no_answer_when_it_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcp_gate.policy.engine.REMEMBERED", 2)
    monkeypatch.setattr("mcp_gate.policy.engine.JOINED", 2)
    gate = loaded(ALLOW_ALL, rules(rule("no", 'agents: ["bad*"]', "deny")))
    for agent in ("a", "b", "bad1", "c", "bad2", "a"):
        assert decide(gate, agent=agent).decision is (Decision.DENY if agent.startswith("bad") else Decision.ALLOW)
    several = loaded(rules(*(rule(f"r{n}", f"retry_count_above: {n}", "deny") for n in range(3))), ALLOW_ALL)
    for retries in (0, 1, 2, 0, 1, 2):
        first = "r0" if retries else "all"
        assert decide(several, retries=retries).rule_id == first


class TestWhoSaidSo:
    """A verdict names the document and the line of every rule that decided."""

    def test_layers_stand_in_the_order_of_the_rules(self) -> None:
        floor = "invariants:\n  - { id: floor, match: { risk_tags: [financial] }, at_least: require_approval }\n"
        verdict = decide(loaded(ALLOW_ALL, floor, LEVELS), level=1)
        assert [(word.document, word.matched, word.where) for word in verdict.layers] == [
            ("level_1", "level_1.1", "policies/c.yaml:7"),
            ("invariants", "floor", "policies/b.yaml:3"),
            ("policies/a.yaml", "all", "policies/a.yaml:3"),
        ]

    def test_what_is_built_in_has_no_place(self) -> None:
        assert decide(loaded(), "strange").layers == ()


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "%a" * 300 + "b", "%a_" * 200 + "%b", "a%" * 500 + "b", "%" * 1000 + "b"], ids=range(5)
)
def test_S080_no_pattern_of_a_condition_is_slow_on_any_argument(pattern: str) -> None:
    gate = loaded(rules(rule("a", f"when: \"args.text LIKE '{pattern}'\"", "deny")), ALLOW_ALL)
    began = time.process_time()
    verdict = decide(gate, "get_order", {"text": "a" * 50_000})
    assert time.process_time() - began < 0.1
    assert word(verdict) == ("allow", "all")


@pytest.mark.parametrize("word", ["IN ({})", "LIKE '{}'"])
def test_S080_an_alternation_of_a_megabyte_is_refused_when_it_is_loaded(word: str) -> None:
    condition = "args.text " + word.format(", ".join(f"{n:08}" for n in range(100_000)))
    began = time.process_time()
    (problem,) = problems(files(rules(rule("a", f'when: "{condition}"', "deny"))))
    assert time.process_time() - began < 2
    assert "it is longer than 4096 characters" in problem
