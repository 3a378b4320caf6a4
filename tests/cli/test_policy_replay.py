"""`policy replay` over what a real gate recorded of real calls and real words."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.demo.reviewers import Script
from mcp_gate.demo.setup import write_directory
from mcp_gate.demo.story import tell
from mcp_gate.faces.client import ReviewClient
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.reload import redecide
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.store.store import FILE_NAME
from support.gates import RULES, Client, Hands, Upstream, decide, job, loaded, open_gate, pending, perform
from support.held import NOW
from support.history import Deed, directory, record, run, told

MILD = RULES.replace("require_approval", "allow")
STRICT = RULES.replace("decision: allow", "decision: require_approval")


async def answered(gate: Gate, hands: Hands, arguments: dict[str, Any], word: str, after: float = 60) -> None:
    """A held call, and a person's word on it a while later."""
    waiting = asyncio.create_task(perform(gate, job("refund", arguments), Upstream(), Client(token=True)))
    (request,) = await pending(gate)
    hands.pass_(after)
    await decide(gate, request, word)
    await waiting


@contextlib.asynccontextmanager
async def a_history(folder: Path) -> AsyncIterator[tuple[Gate, Hands]]:
    """Reads pass, one is denied, two refunds are approved and one is rejected."""
    hands = Hands()
    async with open_gate(folder, hands=hands) as gate:
        for number in range(4):
            await perform(gate, job("get", {"order": f"O-{number}"}), Upstream())
            hands.pass_(10)
        await perform(gate, job("destroy"), Upstream())
        await answered(gate, hands, {"amount": 12.5}, "approve")
        await answered(gate, hands, {"amount": 20}, "approve")
        await answered(gate, hands, {"amount": 4200, "gate_confidence": 0.3}, "deny")
        yield gate, hands


@pytest.fixture
def state(tmp_path: Path) -> Path:
    async def main() -> None:
        async with a_history(tmp_path / "state"):
            pass

    (tmp_path / "state").mkdir()
    asyncio.run(main())
    return tmp_path / "state"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return directory(tmp_path / "gate")


def test_the_policy_in_force_decides_every_call_as_it_did(state: Path, config: Path) -> None:
    done = run("replay", config, state)
    assert done.exit_code == 0
    assert "every call is decided as before" in done.stdout
    assert "8 of 8 are decided by their own policy as recorded" in done.stdout
    found = told(run("replay", config, state, "--json"))
    assert (found["calls"], found["flips"], found["rejected_would_pass"]) == (8, [], [])
    assert found["check"] == {"reproduced": 8, "differing": 0, "differences": [], "unchecked": {}}
    assert found["gated"] == {"before": 0.375, "after": 0.375, "target": [0.05, 0.1]}


def test_a_candidate_s_flips_are_told_by_rule_and_by_decision_with_a_call_each(state: Path, tmp_path: Path) -> None:
    strict = directory(tmp_path / "strict", STRICT)
    found = told(run("replay", strict, state, "--json"))
    (flip,) = found["flips"]
    assert (flip["rule_before"], flip["rule_after"], flip["calls"]) == ("reads", "reads", 4)
    assert (flip["before"], flip["after"]) == ("allow", "require_approval")
    assert found["decisions"] == [
        {"before": "allow", "after": "require_approval", "calls": 4, "example": flip["example"]}
    ]
    assert flip["example"].startswith("c-")
    assert found["gated"]["after"] == 0.875
    assert found["check"]["reproduced"] == 8, "each call is held against the policy that decided it"
    out = run("replay", strict, state).stdout
    assert "allow -> require_approval: 4 calls, such as " + flip["example"] in out
    assert "held for a person: 3 (37.5%) before, 7 (87.5%) after: more than the target of 5% to 10%" in out


def test_what_a_person_rejected_and_would_pass_stands_first(state: Path, tmp_path: Path) -> None:
    done = run("replay", directory(tmp_path / "mild", MILD), state)
    assert done.exit_code == 0
    assert done.stdout.startswith("WOULD PASS THOUGH A PERSON REJECTED IT: 1 call\n  by refunds: 1 call, such as c-")
    (worst,) = told(run("replay", tmp_path / "mild", state, "--json"))["rejected_would_pass"]
    assert (worst["rule"], worst["calls"]) == ("refunds", 1)


def test_what_would_be_denied_is_said_loudly(state: Path, tmp_path: Path) -> None:
    never = directory(tmp_path / "never", RULES.replace("require_approval", "deny"))
    assert "WOULD BE DENIED: require_approval -> deny: 3 calls" in run("replay", never, state).stdout


def test_a_candidate_s_mapping_describes_calls_anew_and_a_policies_folder_does_not(
    state: Path, config: Path, tmp_path: Path
) -> None:
    renamed = (config / "upstreams.yaml").read_text().replace("job.shop.read", "job.shop.peek")
    by_topic = RULES.replace("risk_tags: [read]", 'topics: ["job.shop.peek"]')
    whole = directory(tmp_path / "whole", by_topic, renamed)
    assert told(run("replay", config, state, "--policy", str(whole), "--json"))["flips"] == []
    alone = directory(tmp_path / "alone", by_topic, upstreams=None)
    (flip,) = told(run("replay", config, state, "--policy", str(alone), "--json"))["flips"]
    assert (flip["rule_before"], flip["rule_after"], flip["calls"]) == ("reads", "default", 4)


def test_it_works_while_the_gate_runs_and_writes_nothing(tmp_path: Path, config: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()

    async def main() -> None:
        async with a_history(state) as (gate, _):
            await gate.settle(5)
            before = len(await gate.store.records())
            done = await asyncio.to_thread(run, "replay", config, state)
            assert done.exit_code == 0, done.stdout
            assert len(await gate.store.records()) == before

    asyncio.run(main())
    before = (state / FILE_NAME).read_bytes()
    assert run("replay", config, state).exit_code == 0
    assert (state / FILE_NAME).read_bytes() == before


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_record_of_the_demo_is_decided_again_while_its_gate_runs() -> None:
    """Real processes throughout: an agent's client, the gate, two servers, the command."""
    with tempfile.TemporaryDirectory(prefix="mg-") as scratch:
        config, state = write_directory(Path(scratch)), Path(scratch) / "state"
        where = ["--config", str(config), "--state", str(state)]
        try:
            asyncio.run(tell(config, state, Script(ReviewClient(state), lambda text: None), lambda text: None))
            command = [sys.executable, "-m", "mcp_gate", "policy", "replay", "--json", *where]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        finally:
            subprocess.run([sys.executable, "-m", "mcp_gate", "stop", *where], timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["check"]["reproduced"] == found["calls"] > 4
    assert (found["flips"], found["inexact"], found["check"]["unchecked"]) == ([], {}, {})
    assert found["load"]["groups"][0]["recorded"]["requests"] >= 2


def edit(state: Path, statement: str) -> None:
    """As somebody with write access to the file would."""
    with contextlib.closing(sqlite3.connect(state / FILE_NAME)) as connection:
        connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("statement", "differs"),
    [
        ("update calls set verdict = replace(verdict, 'require_approval', 'allow') where tool = 'refund'", "decision"),
        ("update calls set verdict = replace(verdict, 'reads', 'other') where tool = 'get'", "rule_id"),
        ("update calls set risk_tags = '[]' where tool = 'get'", "risk_tags"),
        ("update calls set tool = 'refund' where tool = 'get'", "decision"),
    ],
)
def test_a_difference_under_the_same_snapshot_is_an_alarm_and_exits_1(
    state: Path, config: Path, statement: str, differs: str
) -> None:
    edit(state, statement)
    done = run("replay", config, state)
    assert done.exit_code == 1
    assert done.stdout.startswith("ALARM: ")
    found = told(run("replay", config, state, "--json"))
    assert found["check"]["differing"] == len(found["check"]["differences"]) > 0
    assert all(differs in one["differs"] for one in found["check"]["differences"])


def test_a_call_from_before_the_gate_kept_what_it_knew_is_not_guessed_at(state: Path, config: Path) -> None:
    edit(state, "update calls set signals = '{}' where tool in ('get', 'refund')")
    found = told(run("replay", config, state, "--json"))
    why = "recorded before the gate kept what it knew when it decided"
    assert found["inexact"] == found["check"]["unchecked"] == {why: 7}
    assert found["gated"]["after"] == 0.375, "it counts as it was decided"
    assert f"7 calls could not be decided again and count as they were: {why}" in run("replay", config, state).stdout


def test_a_policy_that_is_not_kept_cannot_be_held_against_its_calls(state: Path, tmp_path: Path) -> None:
    edit(state, "update calls set snapshot = 'v1:000000000000'")
    found = told(run("replay", directory(tmp_path / "gate"), state, "--json"))
    assert found["check"]["unchecked"] == {
        "the policy that decided it is not kept, or cannot be loaded any more": 8,
    }
    assert found["check"]["reproduced"] == 0


def test_a_call_whose_upstream_the_candidate_has_not_counts_as_it_was(state: Path, tmp_path: Path) -> None:
    other = "version: v1\nupstreams:\n  mill: { command: 'true' }\n"
    found = told(run("replay", directory(tmp_path / "other", RULES, other), state, "--json"))
    assert found["inexact"] == {"its upstream is not in the candidate": 8}
    assert found["gated"]["before"] == found["gated"]["after"] == 0.375


def test_a_call_that_a_milder_policy_kept_held_is_decided_again_as_it_was(tmp_path: Path) -> None:
    """A person had been asked: that a new policy would let it pass changes nothing, then and in the replay."""
    state = tmp_path / "state"
    state.mkdir()

    async def main() -> None:
        async with open_gate(state) as gate:
            waiting = asyncio.create_task(perform(gate, job("refund", {"amount": 9}), Upstream(), Client(token=True)))
            await pending(gate)
            gate.loaded = loaded(MILD)
            snapshot = gate.loaded.snapshot
            await gate.store.snapshot_loaded(snapshot.id, snapshot.digest, snapshot.files, _policy_loaded(snapshot.id))
            await redecide(gate)
            (request,) = await pending(gate)
            await decide(gate, request)
            await waiting

    asyncio.run(main())
    found = told(run("replay", directory(tmp_path / "mild", MILD), state, "--json"))
    assert (found["calls"], found["superseded"], found["flips"]) == (1, 1, [])
    assert found["check"]["reproduced"] == 2
    assert found["gated"]["after"] == 1.0


def _policy_loaded(snapshot: str) -> Event:
    return Event("policy.loaded", {"policy_snapshot": snapshot}, {"files": 2})


SUM = """\
  - id: much
    match: { when: "sum(attributes.amount_usd, 24h) > 100" }
    decision: require_approval
"""


def split_refunds(state: Path, rules: str) -> list[str]:
    """Refunds that a real gate decides: five in a day, then one the day after; what it said of each."""

    async def main() -> list[str]:
        hands, said = Hands(), []
        async with open_gate(state, rules, hands=hands) as gate:
            await gate.store.windows.open(gate.loaded.policy.windows)
            for amount, later in ((40, 3600), (40, 3600), (40, 3600), (1, 3600), (60, 30 * 3600), (50, 0)):
                # It decides by itself, and does not wait: the split ones are held.
                task = asyncio.create_task(perform(gate, job("refund", {"amount": amount}), Upstream()))
                await asyncio.sleep(0)
                while not (task.done() or len(await gate.store.requests.page()) > sum(w != "allow" for w in said)):
                    await asyncio.sleep(0.005)
                said.append("allow" if task.done() else "require_approval")
                task.cancel()
                await asyncio.wait([task])
                hands.pass_(later)
        return said

    state.mkdir()
    return asyncio.run(main())


def test_what_calls_come_to_over_time_is_counted_anew_as_a_gate_would(tmp_path: Path) -> None:
    """A rule about sums, tried on a history in which nobody added anything up: a gate that had it says the same."""
    summing = MILD.replace("rules:\n", "rules:\n" + SUM)
    wanted = split_refunds(tmp_path / "summing", summing)
    assert wanted[:5] == ["allow", "allow", "require_approval", "require_approval", "require_approval"]
    assert split_refunds(tmp_path / "state", MILD) == ["allow"] * 6
    found = told(run("replay", directory(tmp_path / "gate", summing), tmp_path / "state", "--json"))
    (flip,) = found["flips"]
    assert (flip["rule_after"], flip["calls"], found["recounted"]) == ("much", 3, 6), "the sixth came a day later"
    again = told(run("replay", tmp_path / "gate", tmp_path / "summing", "--json"))
    assert (again["flips"], again["recounted"], again["check"]["reproduced"]) == ([], 0, 6)


def test_words_from_before_the_period_tell_what_still_counts_in_it(tmp_path: Path) -> None:
    """A refund approved long before it was due counts from when it was sent."""
    patient = RULES.replace("decision: require_approval", "decision: require_approval, timeout_sec: 86400")
    deeds = [Deed(arguments={"amount": 90}, seconds=60), Deed(arguments={"amount": 20}, seconds=60)]
    record(tmp_path / "state", loaded(patient), deeds, hours=25)
    summing = directory(tmp_path / "gate", MILD.replace("rules:\n", "rules:\n" + SUM))
    since = rfc3339(NOW + 24 * 3600)
    found = told(run("replay", summing, tmp_path / "state", "--since", since, "--json"))
    (flip,) = found["flips"]
    assert (found["calls"], found["recounted"], flip["rule_after"], flip["after"]) == (1, 1, "refunds", "allow")


def test_an_empty_period_says_so_and_exits_0(state: Path, config: Path) -> None:
    done = run("replay", config, state, "--since", "2028-01-01T00:00:00Z")
    assert done.exit_code == 0
    assert done.stdout == "no calls since 2028-01-01T00:00:00.000Z: there is nothing to decide again\n"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--policy", "nowhere"], "--policy: there is no folder nowhere"),
        (["--since", "yesterday"], "--since takes a time"),
    ],
)
def test_what_cannot_be_meant_exits_2(state: Path, config: Path, more: list[str], says: str) -> None:
    done = run("replay", config, state, *more)
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_folder_without_documents_and_a_broken_candidate_exit_2(state: Path, config: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("replay", config, state, "--policy", str(tmp_path / "empty"))
    assert (done.exit_code, "holds neither upstreams.yaml nor policy documents" in done.stderr) == (2, True)
    broken = directory(tmp_path / "broken", "version: v1\nrules: [ { id: a } ]\n", upstreams=None)
    done = run("replay", config, state, "--policy", str(broken), "--json")
    assert done.exit_code == 2
    assert "policies/rules.yaml:2:10: " in done.stderr
    assert told(done)["errors"]


def test_without_a_record_it_exits_2(config: Path, tmp_path: Path) -> None:
    done = run("replay", config, tmp_path / "none")
    assert done.exit_code == 2
    assert "there is no record yet" in done.stderr


def test_the_load_compares_what_was_with_what_would_have_been(state: Path, tmp_path: Path) -> None:
    found = told(run("replay", directory(tmp_path / "strict", STRICT), state, "--json"))["load"]
    (group,) = found["groups"]
    assert (found["target_median_wait_sec"], found["target_p95_wait_sec"]) == (900, 1800)
    assert (group["group"], group["reviewers"]) == ("default", 1)
    assert group["recorded"] == group["model"], "one reviewer, one call at a time: the model is exact"
    assert (group["recorded"]["requests"], group["recorded"]["median_wait_sec"]) == (3, 60.0)
    assert group["candidate"]["requests"] == 7
    assert group["candidate"]["median_wait_sec"] > 60


def test_the_example_in_the_readme_is_what_it_prints(state: Path, config: Path, tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (shown,) = re.findall(r"^\$ mcp-gate policy replay --policy milder/[^\n]*\n(.*?)^```", readme, re.M | re.S)
    done = run("replay", config, state, "--policy", str(directory(tmp_path / "milder", MILD)))
    assert _without_ids(done.stdout) == _without_ids(shown)


def _without_ids(text: str) -> str:
    return re.sub(r"c-[0-9a-f]+", "c-1", re.sub(r"v1:[0-9a-f]{12}", "v1:x", text))
