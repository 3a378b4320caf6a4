"""Which hosts the process of an upstream in a sandbox may reach."""

from __future__ import annotations

import pytest

from mcp_gate.model.config import Enforcement
from support.directories import UPSTREAMS, files, loaded, problems, rule, rules

HELD = UPSTREAMS.replace("    prefix: shop_\n", "    prefix: shop_\n    sandbox: { network: allowlist }\n")


def lists(*hosts: str) -> str:
    return f"constraints: {{ network_allowlist: [{', '.join(hosts)}] }}"


def reached(*documents: str) -> set[str]:
    return set(loaded(*documents, upstreams=HELD).hosts["shop"])


@pytest.mark.parametrize(
    ("match", "reaches"),
    [
        ('topics: ["*"]', True), ('upstreams: ["sh*"]', True), ("upstreams: [other]", False),
        ("risk_tags: [read]", True), ('topics: ["job.deploy.*", "job.prompts.read"]', True),
        ('topics: ["job.support.*"]', True), ('topics: ["job.deploy.*"]', False), ('topics: ["job.admin.drop"]', True),
        ('topics: ["unmapped.*"]', True), ('topics: ["unmapped.other.*"]', False),
        ('tools: ["x"]', True), ('topics: ["job.adm?n.*"]', True),
    ],
)  # fmt: skip
def test_a_rule_lends_its_hosts_to_the_upstreams_it_can_be_about(match: str, reaches: bool) -> None:
    assert reached(rules(rule("a", match, "allow", lists("a.example")))) == ({"a.example"} if reaches else set())


@pytest.mark.parametrize(
    ("decision", "reaches"),
    [("allow", True), ("allow_with_constraints", True), ("require_approval", True), ("deny", False)],
)
def test_what_a_person_may_approve_counts_and_what_is_denied_does_not(decision: str, reaches: bool) -> None:
    assert bool(reached(rules(rule("a", 'topics: ["*"]', decision, lists("a.example"))))) is reaches


def test_all_documents_and_levels_are_taken_together_in_one_spelling() -> None:
    level = 'autonomy_levels:\n  level_0:\n    rules:\n      - { match: { topics: ["*"] }, decision: allow, '
    assert reached(
        rules(rule("a", 'topics: ["*"]', "allow", lists("A.example.", "bücher.example"))),
        rules(rule("b", 'topics: ["*"]', "allow", lists("203.0.113.7", '"2001:DB8::0:7"'))),
        level + lists("c.example") + " }\n",
    ) == {"a.example", "xn--bcher-kva.example", "203.0.113.7", "2001:db8::7", "c.example"}


def test_the_default_constraints_lend_theirs_to_rules_that_take_them() -> None:
    default = f"default_{lists('d.example')}\n"
    assert reached(default + rules(rule("a", 'topics: ["*"]', "allow_with_constraints"))) == {"d.example"}
    assert reached(default + rules(rule("a", 'topics: ["*"]', "allow"))) == set()


def test_an_upstream_without_a_sandbox_has_no_such_list() -> None:
    assert loaded(rules(rule("a", 'topics: ["*"]', "allow", lists("a.example")))).hosts == {}


def test_a_sandbox_without_a_way_out_is_warned_of() -> None:
    found = [str(warning) for warning in loaded(rules(rule("a", "risk_tags: [x]", "deny")), upstreams=HELD).warnings]
    what = "upstreams.yaml:7:14: no rule lists a host for 'shop': its process reaches none; add network_allowlist"
    assert any(line.startswith(what) for line in found), found


def test_a_sandbox_is_strict_unless_it_says_otherwise_and_says_what_it_holds() -> None:
    assert loaded(upstreams=HELD).upstreams["shop"].sandbox.enforcement is Enforcement.STRICT  # type: ignore[union-attr]
    advised = HELD.replace("network: allowlist", "network: allowlist, enforcement: advisory")
    assert loaded(upstreams=advised).upstreams["shop"].sandbox.enforcement is Enforcement.ADVISORY  # type: ignore[union-attr]
    (line,) = problems(files(upstreams=HELD.replace("network: allowlist", "enforcement: strict")))
    assert line.startswith("upstreams.yaml:7:14: 'network' is missing; add network: allowlist")


def test_where_it_stands_in_the_file_changes_no_connection() -> None:
    moved = HELD.replace("version: v1\n", "version: v1\n\n")
    assert loaded(upstreams=HELD).upstreams["shop"].fingerprint == loaded(upstreams=moved).upstreams["shop"].fingerprint
