"""`policy prove`, as a person and as a program reads it."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.policy import policy
from support.directories import ALLOW_ALL, SEED, files, rule, rules

ROOT = Path(__file__).parents[2]
CLAIMS = "never:\n  - { id: deletes-pass, match: { risk_tags: [delete] }, weaker_than: require_approval }\n"
AUTONOMY = (SEED / "autonomy.yaml").read_text().replace("version: v1\n", "")
GUARDRAILS = (ROOT / "policies" / "guardrails.yaml").read_text().replace("version: v1\n", "")


def write(directory: Path, *documents: str, **more: str) -> Path:
    for name, data in files(*documents, **more).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return directory


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(policy, ["prove", *arguments, "--config", str(directory)])


def test_the_mission_s_claim_about_deletes_is_disproved_by_a_call_that_can_be_pasted(tmp_path: Path) -> None:
    done = run(write(tmp_path, AUTONOMY, CLAIMS, upstreams=(ROOT / "upstreams.yaml").read_text()))
    assert done.exit_code == 1
    assert done.stdout.startswith(
        "policies/b.yaml:3:5: never 'deletes-pass' weaker than require_approval: DISPROVED at level 1\n"
    )
    explain = re.search(r"explain it:  mcp-gate policy (.*)", done.stdout)
    entry = re.search(r"below upstreams\.shop\.tools:\n +(.*)", done.stdout)
    assert explain is not None
    assert entry is not None
    text = (ROOT / "upstreams.yaml").read_text().replace("    tools:\n", f"    tools:\n      {entry[1]}\n", 1)
    write(tmp_path, AUTONOMY, CLAIMS, upstreams=text)
    pasted = CliRunner().invoke(policy, [*explain[1].split(), "--json", "--config", str(tmp_path)])
    found = json.loads(pasted.stdout)
    assert (found["decision"], found["rule_id"]) == ("allow", "level_1.1")
    again = run(tmp_path)
    assert "no tool of upstreams.yaml" not in again.stdout, "now there is one"


def test_the_readme_s_example_is_what_is_printed(tmp_path: Path) -> None:
    (block,) = re.findall(r"^\$ mcp-gate policy prove\n(.*?)^```", (ROOT / "README.md").read_text(), re.S | re.M)
    levels, claims = "autonomy.yaml", "claims.yaml"
    write(tmp_path, upstreams=(ROOT / "upstreams.yaml").read_text())
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / levels).write_bytes((SEED / levels).read_bytes())
    (tmp_path / "policies" / claims).write_text("version: v1\n" + CLAIMS)
    assert run(tmp_path).stdout == block


def test_with_the_guardrails_it_is_proved_and_the_rules_alone_would_not_do(tmp_path: Path) -> None:
    done = run(write(tmp_path, AUTONOMY, CLAIMS, GUARDRAILS))
    assert done.exit_code == 0
    assert "never 'deletes-pass' weaker than require_approval: proved at every level" in done.stdout
    assert "invariant 'deletes-need-a-person': the rules alone would not keep it at level 1" in done.stdout
    assert "warning: level_2 is stricter than level_1 for some calls: allow becomes allow_with_cons" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        "claims proved: 1 of 1; invariants that the rules alone keep: 0 of 2; rules that never decide: 0; "
        "levels stricter than the one below: 1"
    )


def test_json_says_the_same_to_a_program(tmp_path: Path) -> None:
    hidden = rules(rule("all", 'topics: ["*"]', "deny"), rule("late", "risk_tags: [x]", "allow"))
    done = run(write(tmp_path, hidden, AUTONOMY, CLAIMS, GUARDRAILS), "--json")
    found = json.loads(done.stdout)
    assert found["policy_snapshot"].startswith("v1:")
    (claim,) = found["claims"]
    assert claim == {
        "id": "deletes-pass", "where": "policies/c.yaml:3:5", "weaker_than": "require_approval", "result": "proved",
        "levels": {"0": "proved", "1": "proved", "2": "proved", "3": "proved"},
    }  # fmt: skip
    kept = {one["id"]: (one["at_least"], one["result"]) for one in found["invariants"]}
    assert kept == dict.fromkeys(["deletes-need-a-person", "secrets-need-a-person"], ("require_approval", "proved"))
    assert found["never_decide"] == [{"id": "late", "where": "policies/a.yaml:4:5", "hidden_by": ["all"]}]
    assert (found["undecided"], found["stricter_above"]) == ([], [])


def test_json_holds_the_whole_call_of_a_counter_example(tmp_path: Path) -> None:
    big = rules(rule("small", 'when: "attributes.amount_usd <= 10.5"', "allow"))
    claim = 'never:\n  - { id: c, match: { topics: ["job.pay"] }, weaker_than: require_approval }\n'
    done = run(write(tmp_path, big, claim), "--json")
    example = json.loads(done.stdout)["claims"][0]["example"]
    assert (example["topic"], example["risk_tags"], example["decision"]) == ("job.pay", [], "allow")
    assert example["attributes"]["amount_usd"] <= 10.5
    assert example["unknown"] == ["confidence"]
    assert example["rule_ids"] == ["small"]
    assert example["mapping"]["in"] == "upstreams.shop.tools"
    assert "policy explain shop_tool --args" in example["explain"]


def test_without_a_claim_it_says_how_to_write_one(tmp_path: Path) -> None:
    done = run(write(tmp_path, ALLOW_ALL))
    assert done.exit_code == 0
    assert done.stdout.startswith("There is no claim to prove.")
    line = done.stdout.splitlines()[1].strip()
    assert run(write(tmp_path, ALLOW_ALL, line + "\n")).exit_code == 1


def test_without_a_rule_everything_is_held(tmp_path: Path) -> None:
    done = run(write(tmp_path, 'never:\n  - { id: c, match: { topics: ["*"] }, weaker_than: require_approval }\n'))
    assert done.exit_code == 0
    assert "'c' weaker than require_approval: proved\n" in done.stdout


def test_a_claim_that_rests_on_what_is_not_modelled_is_not_proved(tmp_path: Path) -> None:
    two = rules(rule("two", 'when: "args.a < args.b"', "allow"))
    done = run(write(tmp_path, two, CLAIMS))
    assert done.exit_code == 1
    assert "NOT PROVED: it rests on what is not modelled" in done.stdout
    assert "    perhaps topic" in done.stdout
    assert "explain it" not in done.stdout


def test_a_claim_about_no_call_says_so(tmp_path: Path) -> None:
    done = run(write(tmp_path, ALLOW_ALL, 'never:\n  - { id: c, match: { topics: ["a..b"] }, weaker_than: deny }\n'))
    assert "proved; no call is one that it is about" in done.stdout


def test_without_z3_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    done = run(write(tmp_path, ALLOW_ALL))
    assert done.exit_code == 2
    assert done.stderr == "proofs need z3, which is not installed; pip install 'mcp-gate[prove]'\n"


def test_globs_that_explode_are_an_error_with_a_cure(tmp_path: Path) -> None:
    globs = [rule(f"r{a}{b}", f'topics: ["*{a}{b}*{b}{a}*"]', "deny") for a in "abcdef" for b in "ghij"]
    done = run(write(tmp_path, rules(*globs)))
    assert done.exit_code == 2
    assert re.match(r"globs explode: \d+ states after \d+ characters; simplify those with several '\*': ", done.stderr)
    assert done.stdout == ""


@pytest.mark.parametrize("seconds", ["0", "-1", "soon"])
def test_a_timeout_is_a_number_above_zero(tmp_path: Path, seconds: str) -> None:
    done = run(write(tmp_path, ALLOW_ALL), "--timeout", seconds)
    assert done.exit_code == 2


def pigeons(count: int) -> str:
    """Rules that let a call pass only if more pigeons than holes each have one: what no solver sees at a glance."""
    lines = [
        rule(f"two{i}-{j}-{hole}", f"risk_tags_all: [p{i}h{hole}, p{j}h{hole}]", "deny")
        for hole in range(count - 1) for i in range(count) for j in range(i)
    ]  # fmt: skip
    homes = [" OR ".join(f"call.risk_tags CONTAINS 'p{i}h{h}'" for h in range(count - 1)) for i in range(count)]
    return rules(*lines, *(rule(f"homeless{i}", f'when: "NOT ({home})"', "deny") for i, home in enumerate(homes)),
                 rule("all", 'topics: ["*"]', "allow"))  # fmt: skip


def test_what_takes_too_long_is_not_decided_and_not_proved(tmp_path: Path) -> None:
    claim = 'never:\n  - { id: c, match: { topics: ["*"] }, weaker_than: require_approval }\n'
    done = run(write(tmp_path, pigeons(11), claim), "--timeout", "0.1")
    assert done.exit_code == 1
    assert "never 'c' weaker than require_approval: NOT DECIDED in time" in done.stdout


def test_ctrl_c_ends_it_with_130_and_progress_is_told_on_a_terminal_alone(tmp_path: Path) -> None:
    claim = 'never:\n  - { id: c, match: { topics: ["*"] }, weaker_than: require_approval }\n'
    write(tmp_path, pigeons(12), claim)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mcp_gate", "policy", "prove", "--config", str(tmp_path)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    try:
        told = b""
        while b"'c'" not in told:
            told += os.read(ours, 1000)
        time.sleep(0.5)  # well into the question
        child.send_signal(signal.SIGINT)
        assert (child.communicate(timeout=30)[0], child.returncode) == (b"", 130)
        rest = os.read(ours, 1000)
        assert rest.startswith(b"\r\x1b[K")
        assert b"Traceback" not in told + rest
    finally:
        child.kill()
        child.wait()
        os.close(ours)
