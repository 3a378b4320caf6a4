"""The schemas for editors know what the readers know, take all that they take, and are the files that samples name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft7Validator

from mcp_gate.cli.policy import policy
from mcp_gate.policy import read_mapping, read_match, read_output, read_rules, read_settings, read_upstreams
from mcp_gate.policy.documents import MANY, ONCE
from mcp_gate.policy.read_queue import COUNTS, TARGETS
from mcp_gate.policy.read_workflow import DOCUMENT_KEYS, KEYS
from mcp_gate.policy.schema.documents import policy_schema
from mcp_gate.policy.schema.settings import settings_schema
from mcp_gate.policy.schema.upstreams import upstreams_schema
from mcp_gate.trial.cases import CALL_KEYS, EXPECT_KEYS
from mcp_gate.trial.schema import cases_schema
from support.directories import SEED

ROOT = Path(__file__).parents[3]
POLICY, UPSTREAMS, GATE, CASES = policy_schema(), upstreams_schema(), settings_schema(), cases_schema()
MADE = {"policy": POLICY, "upstreams": UPSTREAMS, "gate": GATE, "cases": CASES}


def keys(schema: Any) -> set[str]:
    return set(schema["properties"])


@pytest.mark.parametrize("kind", MADE)
def test_the_command_prints_a_valid_schema_which_is_the_file_in_the_repository(kind: str) -> None:
    printed = CliRunner().invoke(policy, ["schema", kind]).stdout
    assert printed == (ROOT / "schemas" / f"{kind}.json").read_text()
    Draft7Validator.check_schema(json.loads(printed))


def test_every_key_that_a_reader_takes_has_its_place_and_no_other() -> None:
    told = POLICY["definitions"]
    assert keys(told["policy"]) == MANY | ONCE | {"version"}
    assert keys(told["rule"]) == keys(told["level_rule"]) == read_rules.RULE_KEYS
    assert keys(told["match"]) == read_match.MATCH_KEYS
    assert keys(told["constraints"]) == read_match.CONSTRAINT_KEYS
    assert keys(told["workflow"]) == DOCUMENT_KEYS
    sections = told["policy"]["properties"]
    assert keys(sections["output_review"]["properties"]["rules"]["items"]) == read_output.KEYS
    assert keys(sections["approval_queue_policy"]) == TARGETS | {"escalate_to"}
    assert keys(sections["fatigue_controls"]) >= COUNTS
    steps = told["workflow"]["properties"]["steps"]["additionalProperties"]["oneOf"]
    assert {step["properties"]["type"]["const"]: keys(step) for step in steps} == KEYS
    child, remote = UPSTREAMS["definitions"]["upstream"]["oneOf"]
    assert keys(child) | keys(remote) == read_upstreams.UPSTREAM_KEYS
    assert keys(UPSTREAMS["definitions"]["tool"]) == read_mapping.MAPPING_KEYS
    assert keys(GATE) == read_settings.KEYS
    case = CASES["properties"]["cases"]["items"]["properties"]
    assert (keys(case["call"]), keys(case["expect"])) == (CALL_KEYS, EXPECT_KEYS)


def errors(schema: Any, text: str) -> list[str]:
    return [error.message for error in Draft7Validator(schema).iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("file", sorted(SEED.iterdir()), ids=lambda path: path.name)
def test_the_policies_of_the_mission_are_valid(file: Path) -> None:
    assert errors(POLICY, file.read_text()) == []


SAMPLES = [ROOT / "upstreams.yaml", *(ROOT / "policies").glob("*.yaml"), *(ROOT / "policy-tests").glob("*.yaml")]


@pytest.mark.parametrize("file", sorted(SAMPLES), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_sample_names_the_schema_by_which_it_is_valid(file: Path) -> None:
    first = file.read_text().partition("\n")[0]
    named = re.fullmatch(r"# yaml-language-server: \$schema=(.*)", first)
    assert named is not None
    assert errors(json.loads((file.parent / named[1]).read_text()), file.read_text()) == []


RULE = "rules: [{ id: a, match: { topics: [x] }, decision: deny }]"
WRONG = [
    ("policy", RULE.replace("topics", "topcs")),
    ("policy", RULE.replace("deny", "Deny")),
    ("policy", RULE.replace("{ topics: [x] }", "{}")),
    ("policy", RULE.replace("[x]", "[]")),
    ("policy", RULE.replace("id: a, ", "")),
    ("policy", RULE.replace("topics: [x]", "amount_usd_above: -1")),
    ("policy", RULE.replace("topics: [x]", "confidence_below: 2")),
    ("policy", "rulez: []"),
    ("policy", "default_decision: allow"),
    ("policy", "risk_tiers: { high: { risk_tags: [a], timeout_sec: 5, on_timeout: approve } }"),
    ("policy", "evidence_contract: { required_fields: [job_hash] }"),
    ("policy", "autonomy_levels: { level_a: { rules: [] } }"),
    ("policy", "{ name: w, steps: { a: { type: action, brances: {} } } }"),
    ("upstreams", "{ version: v1, upstreams: { a: { command: x, url: 'http://b' } } }"),
    ("upstreams", "{ version: v1, upstreams: { A: { command: x } } }"),
    ("upstreams", "{ version: v1, upstreams: { a: { command: x, tools: { t: { risk_tags: [] } } } } }"),
    ("upstreams", "{ version: v1, upstreams: { a: { url: x, tools: { t: { topic: a, attributes: { b: c } } } } } }"),
    ("gate", "{ version: v1, listen: { mcp: nowhere } }"),
    ("gate", "{ version: v1, limits: { depth: 100 } }"),
    ("cases", "{ version: v1, cases: [] }"),
    ("cases", "{ version: v1, cases: [{ name: n, call: { tool: t }, expect: {} }] }"),
]


@pytest.mark.parametrize(("kind", "text"), WRONG)
def test_what_a_reader_refuses_by_its_form_an_editor_marks(kind: str, text: str) -> None:
    assert errors(MADE[kind], text)
