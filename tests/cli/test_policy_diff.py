"""`policy diff`, and what `policy check` says without a solver."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.policy import policy
from support.directories import ALLOW_ALL, SEED, UPSTREAMS, files, rule, rules

AUTONOMY = (SEED / "autonomy.yaml").read_text().replace("version: v1\n", "")
CLAIMS = "never:\n  - { id: deletes-pass, match: { risk_tags: [delete] }, weaker_than: require_approval }\n"
ROOT = Path(__file__).parents[2]
HELD = rules(rule("writes", "risk_tags: [write]", "require_approval", "approvals: 2"))


def write(directory: Path, *documents: str, **more: str) -> Path:
    for name, data in files(*documents, **more).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return directory


def run(*arguments: object) -> Result:
    return CliRunner().invoke(policy, list(map(str, arguments)))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write(tmp_path / "old", HELD, ALLOW_ALL)


def test_a_weaker_policy_ends_with_1_and_shows_a_call_judged_by_both(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", ALLOW_ALL)
    done = run("diff", old, new)
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "WEAKER: require_approval -> allow",
        "    topic x; tags write",
        "    OLD require_approval by writes, all",
        "    NEW allow by all",
        "NEW is weaker in 1 way and stricter in 0 ways",
    ]


def test_the_readme_s_example_is_what_is_printed(tmp_path: Path) -> None:
    (block,) = re.findall(
        r"^\$ mcp-gate policy diff main/ candidate/\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M
    )
    text = (ROOT / "policies" / "pre-execution.yaml").read_text().replace("version: v1\n", "")
    milder = text.replace("max_amount_usd: 100", "max_amount_usd: 1000")
    milder = milder.replace("risk_tags_none: [write", "risk_tags_none: [pii, write")
    done = run("diff", write(tmp_path / "main", text), write(tmp_path / "candidate", milder))
    assert done.stdout == block


def test_a_stricter_policy_ends_with_0(old: Path, tmp_path: Path) -> None:
    done = run("diff", write(tmp_path / "new", ALLOW_ALL), old)
    assert done.exit_code == 0
    assert done.stdout.startswith("stricter: allow -> require_approval\n")
    assert done.stdout.endswith("NEW is weaker in 0 ways and stricter in 1 way\n")


def test_the_same_policy_is_no_change(old: Path) -> None:
    done = run("diff", old, old)
    assert (done.exit_code, done.stdout) == (0, "no change\n")
    found = json.loads(run("diff", old, old, "--json").stdout)
    assert (found["proved"], found["changes"], found["remapped"]) == (True, [], [])
    assert found["old"] == found["new"]


def test_policies_folders_are_compared_without_a_gate_directory(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", HELD.replace("approvals: 2", "approvals: 1"), ALLOW_ALL)
    done = run("diff", old / "policies", new / "policies", "--json")
    (change,) = json.loads(done.stdout)["changes"]
    assert done.exit_code == 1
    assert (change["what"], change["weaker"], change["result"]) == ("approvals looser: 2 -> 1", True, "disproved")
    assert (change["example"]["old"]["approvals"], change["example"]["new"]["approvals"]) == (2, 1)
    assert change["example"]["risk_tags"] == ["write"]


def test_levels_are_named_where_there_are_levels(tmp_path: Path) -> None:
    old = write(tmp_path / "old", AUTONOMY)
    new = write(tmp_path / "new", AUTONOMY.replace("[prod, delete, secrets]", "[delete, secrets]"))
    done = run("diff", old, new)
    assert (
        "WEAKER: require_approval -> allow_with_constraints at level 2\n    topic x; tags prod; level 2\n"
        in done.stdout
    )


def test_a_tool_that_is_mapped_otherwise_is_told(old: Path, tmp_path: Path) -> None:
    text = UPSTREAMS.replace("risk_tags: [write, financial]", "risk_tags: [financial]")
    done = run("diff", old, write(tmp_path / "new", HELD, ALLOW_ALL, upstreams=text))
    assert done.exit_code == 1
    assert (
        done.stdout.splitlines()[0]
        == "WEAKER: upstreams.yaml maps shop_refund_order otherwise: require_approval -> allow"
    )
    other = UPSTREAMS.replace("topic: job.support.delete", "topic: job.support.remove")
    done = run("diff", old, write(tmp_path / "other", HELD, ALLOW_ALL, upstreams=other), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["remapped"] == [
        {"listed_name": "shop_delete_order", "weaker": False, "level": 0, "old": "allow", "new": "allow"}
    ]


def test_what_rests_on_what_is_not_modelled_is_perhaps_weaker_and_ends_with_1(tmp_path: Path) -> None:
    old = write(tmp_path / "old", ALLOW_ALL, rules(rule("two", 'when: "args.a < args.b"', "deny")))
    new = write(tmp_path / "new", ALLOW_ALL, rules(rule("two", 'when: "args.a < args.b AND args.c = 1"', "deny")))
    done = run("diff", old, new)
    assert done.exit_code == 1
    assert "WEAKER: deny -> allow" in done.stdout


def test_without_z3_it_searches_and_says_that_it_proves_nothing(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    new = write(tmp_path / "new", ALLOW_ALL)
    done = run("diff", old, new)
    assert done.exit_code == 1
    assert done.stderr.startswith("warning: this is a search, not a proof: proofs need z3, which is not installed; pip")
    assert "WEAKER: require_approval -> allow" in done.stdout
    assert done.stdout.endswith("NEW is weaker in 1 way and stricter in 0 ways that was found\n")
    assert json.loads(run("diff", old, old, "--json").stdout)["proved"] is False


def test_a_side_that_is_none_ends_with_2(old: Path, tmp_path: Path) -> None:
    done = run("diff", old, tmp_path / "nowhere")
    assert (done.exit_code, "there is no folder" in done.stderr) == (2, True)
    (tmp_path / "empty").mkdir()
    done = run("diff", tmp_path / "empty", old)
    assert (done.exit_code, "holds neither upstreams.yaml nor policy documents" in done.stderr) == (2, True)
    broken = write(tmp_path / "broken", "rules:\n  - { id: a, match: {}, decision: allow }\n")
    done = run("diff", old, broken / "policies", "--json")
    assert done.exit_code == 2
    assert done.stderr.startswith("policies/a.yaml:3:21: ")
    assert len(json.loads(done.stdout)["errors"]) == 1


# ---- policy check


def test_check_warns_of_a_claim_that_a_search_disproves_and_of_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    directory = write(tmp_path, AUTONOMY, CLAIMS)
    done = run("check", "--config", directory)
    assert done.exit_code == 0
    assert (
        "warning: policies/b.yaml:3:5: the claim 'deletes-pass' does not hold: topic job.x.list; tags delete; level 1: "
        "allow by level_1.1; see 'mcp-gate policy prove'\n"
    ) in done.stderr
    assert (
        "warning: policies/a.yaml:18:9: level_2 is stricter than level_1: allow becomes allow_with_constraints "
        "for topic job.x.list; tags none; see 'mcp-gate policy prove'\n"
    ) in done.stderr


def test_check_does_not_warn_of_claims_that_hold(tmp_path: Path) -> None:
    floor = "invariants:\n  - { id: f, match: { risk_tags: [delete] }, at_least: require_approval }\n"
    done = run("check", "--config", write(tmp_path, AUTONOMY, CLAIMS, floor), "--json")
    words = [warning["message"] for warning in json.loads(done.stdout)["warnings"]]
    assert not any("does not hold" in word for word in words)
    assert sum("is stricter than" in word for word in words) == 1
