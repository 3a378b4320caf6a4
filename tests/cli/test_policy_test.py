"""`policy test`, as a person and as a program reads it; the sample policies carry their own cases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.policy import policy
from support.directories import ALLOW_ALL, files, rule, rules, sample

GOOD = "version: v1\ncases:\n  - { name: small, call: { tool: shop_get_order }, expect: { decision: allow } }\n"
BAD = GOOD.replace("name: small", "name: wrong").replace("decision: allow", "decision: deny, rule: big")


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(policy, ["test", *arguments, "--config", str(directory)])


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    big = rules(rule("big", "amount_usd_above: 100", "require_approval"))
    for name, data in files(big, ALLOW_ALL).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    return tmp_path


def cases(gate: Path, name: str, text: str) -> Path:
    path = gate / "policy-tests" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_all_as_expected_ends_with_0_and_names_rules_without_a_case(gate: Path) -> None:
    cases(gate, "a.yaml", GOOD)
    done = run(gate)
    assert (done.exit_code, done.stdout) == (
        0, "1 of 1 cases as expected; 1 of 2 rules decided one\nwithout a case: big\n",
    )  # fmt: skip
    assert run(gate, "--all-rules").exit_code == 1


def test_a_failure_has_its_place_what_was_expected_and_what_came(gate: Path) -> None:
    cases(gate, "a.yaml", GOOD)
    cases(gate, "b.yaml", BAD)
    done = run(gate)
    assert done.exit_code == 1
    assert done.stdout.splitlines()[:2] == [
        "policy-tests/b.yaml:3:5: wrong: expected deny by big; got allow by all (policies/b.yaml:3)",
        "1 of 2 cases as expected; 1 of 2 rules decided one",
    ]


def test_a_named_file_takes_the_place_of_the_folder(gate: Path, tmp_path: Path) -> None:
    cases(gate, "b.yaml", BAD)
    assert run(gate, str(cases(gate, "a.yaml", GOOD))).exit_code == 0


def test_json_has_every_case_and_every_rule(gate: Path) -> None:
    cases(gate, "b.yaml", BAD)
    found = json.loads(run(gate, "--json").stdout)
    assert (found["passed"], found["failed"], found["rules"]) == (0, 1, {"decided": ["all"], "undecided": ["big"]})
    assert found["cases"] == [
        {
            "name": "wrong", "where": "policy-tests/b.yaml:3:5", "passed": False, "wrong": ["decision", "rule"],
            "decision": "allow", "rule_id": "all", "rule_ids": ["all"], "tier": "high", "route": "default",
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there are no cases: write policy-tests/NAME.yaml"),
        (["missing.yaml"], "missing.yaml: the file cannot be read: No such file or directory"),
    ],
)
def test_nothing_to_test_is_an_error(gate: Path, arguments: list[str], message: str) -> None:
    done = run(gate, *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(message)


def test_a_mistake_in_a_file_ends_with_2_also_as_json(gate: Path) -> None:
    cases(gate, "a.yaml", GOOD.replace("tool:", "tol:"))
    done = run(gate, "--json")
    assert done.exit_code == 2
    assert [found["line"] for found in json.loads(done.stdout)["errors"]] == [3]
    assert "policy-tests/a.yaml:3:28: unknown key 'tol'; did you mean 'tool'?" in done.stderr


def test_the_sample_policies_do_what_their_cases_say_and_every_rule_has_one(tmp_path: Path) -> None:
    for name, data in sample("policy-tests").items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    done = run(tmp_path, "--all-rules")
    assert done.exit_code == 0, done.output
