"""What a directory that loads gives, and what it warns of."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from mcp_gate.model.config import Address, UpstreamSpec
from mcp_gate.model.decision import Decision
from mcp_gate.policy.load import load
from mcp_gate.policy.snapshot import snapshot
from support.directories import ALLOW_ALL, SEED, decide, files, loaded, rule, rules

LEVELS = "autonomy_levels: { level_0: { rules: [ { match: { topics: ['*'] }, decision: deny } ] } }\n"


def seed() -> dict[str, bytes]:
    return {f"policies/{path.name}": path.read_bytes() for path in SEED.iterdir()}


def warnings(directory: dict[str, bytes]) -> list[str]:
    return [str(warning) for warning in load(directory).warnings]


def test_the_policies_of_the_mission_load_together_as_they_stand() -> None:
    gate = load(files() | seed())
    assert [name for name, _ in gate.policy.layers] == ["policies/escalation.yaml", "policies/pre-execution.yaml"]
    assert sorted(gate.autonomy.levels) == [0, 1, 2, 3]
    assert [r.id for r in gate.autonomy.levels[1].rules] == ["level_1.1", "level_1.2"]
    assert gate.autonomy.promotion["min_successful_actions"] == 50
    assert gate.autonomy.demotion == ("policy_violation", "safety_incident")
    assert str(gate.autonomy.error_rate_above) == "0.05"
    assert gate.sampling is not None
    assert (str(gate.sampling.rate), len(gate.sampling.mandatory)) == ("0.10", 3)
    assert gate.queue.max_open_requests_per_reviewer == 40
    assert gate.policy.terms.routing["default"] == "ops-approvers"
    assert {name: tuple(workflow.steps) for name, workflow in gate.workflows.items()} == {
        "workflow_customer-refund": ("analyze", "decide", "human-review", "process")
    }


@pytest.mark.parametrize("name", sorted(path.name for path in SEED.iterdir()))
def test_each_policy_of_the_mission_loads_alone(name: str) -> None:
    load(files() | {f"policies/{name}": seed()[f"policies/{name}"]})


def test_the_policies_of_the_mission_decide_as_their_author_says() -> None:
    gate = load(files() | seed())
    assert decide(gate, "get_order").rule_ids == ("level_0.1", "allow-reads")
    assert decide(gate, "get_order", level=1).decision is Decision.ALLOW
    unsure = decide(gate, "refund_order", confidence="0.5", level=3)
    assert unsure.rule_ids == ("low-confidence-escalation", "level_3.2")
    assert decide(gate, "get_order", anomaly="0.9", level=1).rule_ids == (
        "anomaly-escalation", "allow-reads", "level_1.1",
    )  # fmt: skip
    assert decide(gate, "get_order", retries=3, level=1).rule_ids == ("retry-escalation", "allow-reads", "level_1.1")


def test_a_workflow_of_the_mission_loads_where_no_tool_has_its_topics_and_is_not_offered() -> None:
    bare = {name: body for name, body in seed().items() if name != "upstreams.yaml"}
    directory = {**bare, "upstreams.yaml": b"version: v1\nupstreams: { shop: { command: shop } }\n"}
    assert load(directory).workflows == {}
    assert any("'job.support.analyze-refund': the workflow is not offered" in told for told in warnings(directory))


def test_a_claim_that_can_choose_a_milder_rule_is_warned_of() -> None:
    unsure = rule("unsure", "confidence_below: 0.7", "require_approval")
    also = rule("also", 'when: "attributes.confidence > 0.9"', "require_approval")
    never = rule("never", "risk_tags: [delete]", "deny")
    held = rule("held", "risk_tags: [write]", "require_approval")
    found = warnings(files(rules(unsure, held, never, also)))
    said = "policies/a.yaml:3:5: what an agent claims of its confidence can choose 'unsure' before the stricter"
    assert [line for line in found if "claims" in line] == [f"{said} 'never' in line 5; put 'never' first"]
    level = "autonomy_levels:\n  level_0:\n    rules:\n" + "".join(f"    {line}" for line in (unsure, never))
    assert sum("claims" in line for line in warnings(files(level))) == 1
    assert not any("claims" in line for line in warnings(files(rules(never, unsure, held))))


def test_all_that_the_policies_of_the_mission_say_is_in_force() -> None:
    found = warnings(files() | seed())
    assert not any("not yet in force" in line for line in found)


def test_nobody_is_missed_in_the_group_that_everybody_is_in() -> None:
    asked = rules(rule("a", "risk_tags: [write]", "require_approval", "route: default, approvals: 2"))
    assert load(files(asked, gate="reviewers: { dana: {}, lee: { groups: [ops] } }")).warnings == ()


def test_no_policies_at_all_gate_everything_and_warn() -> None:
    gate = load(files())
    assert decide(gate, "get_order").decision is Decision.REQUIRE_APPROVAL
    assert "there are no rules: every call is held; add a document with rules to policies/" in str(gate.warnings[0])


@pytest.mark.parametrize(
    ("directory", "warning"),
    [
        (
            files(rules(rule("a", 'topics: ["job.*"]', "deny"), rule("b", 'topics: ["job.x.*"]', "allow"))),
            "policies/a.yaml:4:5: the rule 'b' never decides: 'a' in line 3 comes first",
        ),
        (
            files(rules(rule("a", "risk_tags: [Write]", "deny"))),
            "policies/a.yaml:3:5: the tag 'Write' is not the tag 'write' of upstreams.yaml",
        ),
        (
            files(rules(rule("a", "risk_tags: [write]", "deny", "route: bosses")), gate="reviewers: { dana: {} }"),
            "policies/a.yaml:3:5: no reviewer is in the group 'bosses'",
        ),
        (
            files(
                rules(rule("a", "risk_tags: [write]", "deny")),
                gate="reviewers: { dana: { groups: [default] }, lee: {} }",
            ),
            "gate.yaml:1:1: every reviewer is in the group 'default', also those whose groups do not name it; give a",
        ),
        (
            files(
                rules(rule("a", "risk_tags: [write]", "require_approval", "route: ops, approvals: 2")),
                gate="reviewers: { dana: { groups: [ops] } }",
            ),
            "policies/a.yaml:3:5: 'a' needs 2 people, and 'ops' has 1",
        ),
        (
            files(rules(rule("a", "risk_tags: [write]", "require_approval", "on_timeout: approve"))),
            "policies/a.yaml:3:85: on_timeout: approve applies to calls of tier low alone",
        ),
        (
            files(rules(rule("default", 'topics: ["*"]', "deny"))),
            "policies/a.yaml:3:11: the gate itself uses the id 'default' where no rule decided",
        ),
        (
            files(rules(rule("a", "risk_tags: [x]", "allow", "constraints: { network_allowlist: [a.com] }"))),
            "policies/a.yaml:3:5: only hosts in arguments are checked, not what 'shop' connects to; add sandbox: ",
        ),
        (
            files(rules(rule("a", "risk_tags: [x]", "deny", "constraints: { max_runtime_sec: 5 }"))),
            "policies/a.yaml:3:57: constraints bind nothing where the call is denied; remove them, or the denial",
        ),
        (
            files("promotion_criteria: { min_successful_actions: 5 }\n"),
            "policies/a.yaml:2:1: 'promotion_criteria' without levels does nothing; add autonomy_levels",
        ),
        (
            files(LEVELS + "promotion_criteria: { requires_human_sign_off: false }\n"),
            "policies/a.yaml:3:1: no agent is promoted without a person, whatever is written here",
        ),
        (
            files(LEVELS, gate="agents: { bot: { autonomy: { initial: 1, max: 2 } } }"),
            "gate.yaml:2:11: 'max' of 'bot' is 2, and the highest level is 0; add levels or lower it",
        ),
        (
            files(gate="agents: { bot: { autonomy: { initial: 1 } } }"),
            "gate.yaml:2:11: 'initial' of 'bot' is 1, and there are no levels",
        ),
        (
            files(LEVELS.replace("deny }", "deny }, { match: { topics: ['job.*'] }, decision: allow }")),
            "policies/a.yaml:2:86: the rule 'level_0.2' never decides: 'level_0.1' in line 2 comes first",
        ),
        (
            files("audit: { sampling: { rate: 0.1 }, routing: { default: ops } }\n", gate="reviewers: { dana: {} }"),
            "policies/a.yaml:2:1: no reviewer is in the group 'ops', which gets samples",
        ),
        (files(gate="reviewers: {}"), "gate.yaml:2:1: there is no reviewer: nobody can approve a call"),
        (
            files(upstreams="version: v1\nupstreams:\n  u: { command: x, tools: { bulk_update: { topic: a } } }\n"),
            "upstreams.yaml:3:29: by its name the arguments of 'bulk_update' say what is done",
        ),
        (
            files(
                upstreams="version: v1\nupstreams:\n  u: { command: x, prefix: a }\n  v: { command: y, prefix: a }\n"
            ),
            "upstreams.yaml:4:3: 'v' and 'u' have the same prefix; names that collide refuse to start",
        ),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_warned_of(directory: dict[str, bytes], warning: str) -> None:
    assert any(line.startswith(warning) for line in warnings(directory)), warnings(directory)


def test_a_rule_that_only_some_calls_reach_is_not_called_unreachable() -> None:
    first = rule("a", 'topics: ["job.*"], amount_usd_above: 5', "deny")
    others = [
        rule("b", 'topics: ["job.?"]', "allow"), rule("c", 'topics: ["job.*"], risk_tags: [write]', "allow"),
        rule("d", 'topics: ["job.*"]', "allow"),
    ]  # fmt: skip
    assert not any("never decides" in line for line in warnings(files(rules(first, *others))))


def test_json_may_be_indented_by_tabs_and_leave_the_version_out() -> None:
    deny = '"match": {"topics": ["*"]}, "decision": "deny"'
    body = '{\n\t"rules": [\n\t\t{"id": "a\\u002db", ' + deny + ', "reason": "a\\/b"}\n\t]\n}'
    gate = load(files() | {"policies/x.json": body.encode()})
    verdict = decide(gate)
    assert (verdict.rule_id, verdict.reason) == ("a-b", "a/b")


def test_documents_are_read_in_subfolders_too_and_each_is_a_layer_of_its_own() -> None:
    gate = load(
        files()
        | {
            "policies/team/a.yaml": f"version: v1\n{ALLOW_ALL}".encode(),
            "policies/b.yml": ("version: v1\n" + rules(rule("no", 'topics: ["*"]', "deny"))).encode(),
        }
    )
    assert decide(gate).rule_ids == ("no", "all")


def test_upstreams_come_in_the_order_of_the_file_with_their_prefixes() -> None:
    gate = loaded(
        upstreams="version: v1\nupstreams:\n"
        '  b: { command: run, args: ["-m", ""], env: { T: "x${env:TOKEN}" } }\n'
        '  a: { url: "https://h/mcp", headers: { Authorization: "Bearer ${env:OTHER}" }, prefix: "" }\n'
    )
    assert list(gate.upstreams.values()) == [
        UpstreamSpec("b", "b_", command="run", args=("-m", ""), env={"T": "x${env:TOKEN}"}),
        UpstreamSpec("a", "", url="https://h/mcp", headers={"Authorization": "Bearer ${env:OTHER}"}),
    ]
    assert {name: str(place) for name, place in gate.variables.items()} == {
        "TOKEN": "upstreams.yaml:3:50",
        "OTHER": "upstreams.yaml:4:56",
    }


def test_arguments_and_variables_of_a_server_may_be_numbers_as_they_are_written() -> None:
    gate = loaded(
        upstreams="version: v1\nupstreams:\n  a: { command: run, args: [-p, 080], env: { DEBUG: 1, ON: true } }\n"
    )
    (spec,) = gate.upstreams.values()
    assert (spec.args, spec.env) == (("-p", "080"), {"DEBUG": "1", "ON": "true"})


def test_what_a_tool_asks_for_and_whether_it_is_mapped() -> None:
    gate = loaded()
    assert gate.asks("shop", "refund_order") == ("confidence", "reason")
    assert gate.asks("shop", "nobody") == ()
    assert gate.is_mapped("shop", "admin_x", "tools/call")
    assert not gate.is_mapped("shop", "other", "tools/call")
    assert gate.is_mapped("shop", "file:///x", "resources/read")


def test_gate_yaml_sets_people_addresses_and_limits() -> None:
    settings = loaded(
        gate="listen: { mcp: '127.0.0.1:0', review: '[::1]:8766' }\n"
        f"agents: {{ bot: {{ owner: dana, token_sha256: {'AB' * 32}, autonomy: {{ max: 2 }} }} }}\n"
        "reviewers: { dana: { groups: [ops] } }\n"
        "limits: { depth: 5, pending_per_agent: 3 }\nhold: { wait_sec: 1.5 }\n"
    ).settings
    assert (settings.listen_mcp, settings.listen_review) == (Address("127.0.0.1", 0), Address("::1", 8766))
    assert settings.agents is not None
    assert settings.reviewers is not None
    assert settings.agents["bot"].token_sha256 == "ab" * 32
    assert settings.agents["bot"].autonomy_max == 2
    assert settings.reviewers["dana"].groups == {"ops"}
    assert (settings.limits.depth, settings.limits.pending_per_agent, settings.limits.argument_bytes) == (5, 3, 262144)
    assert (settings.hold.wait_sec, settings.hold.heartbeat_sec) == (1.5, 10)


def test_the_address_reviewers_browsers_use_is_https_as_they_write_it() -> None:
    settings = loaded(gate="listen: { review_url: 'https://Gate.Example.org:443/' }\n").settings
    assert settings.review_url == "https://gate.example.org"


def test_without_gate_yaml_everything_has_its_default() -> None:
    settings = loaded().settings
    assert (settings.agents, settings.reviewers, settings.listen_mcp, settings.store) == (None, None, None, "sqlite")


def test_the_snapshot_is_what_sha256sum_says(tmp_path: Path) -> None:
    directory = {
        "upstreams.yaml": b"u",
        "policies/b.yaml": b"x",
        "policies/a/z.json": b"y",
        "gate.yaml": b"z",
    }
    for name, data in directory.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    printed = subprocess.run(["sha256sum", *sorted(directory)], cwd=tmp_path, capture_output=True, check=True).stdout
    digest = hashlib.sha256(printed).hexdigest()
    found = snapshot(directory)
    assert (found.id, found.digest, found.files) == (f"v1:{digest[:12]}", digest, directory)


def test_every_verdict_names_the_snapshot() -> None:
    gate = loaded()
    assert decide(gate).policy_snapshot == gate.snapshot.id == load(files()).snapshot.id
    assert loaded(gate="limits: {}").snapshot.id != gate.snapshot.id
