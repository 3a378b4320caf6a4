"""`policy check` and `policy explain`, as a person and as a program reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_gate.cli.policy import policy
from support.directories import ALLOW_ALL, files, rule, rules


def write(directory: Path, found: dict[str, bytes]) -> Path:
    for name, data in found.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return directory


def run(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(policy, [*arguments, "--config", str(directory)])


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    big = rules(rule("big", "amount_usd_above: 100", "require_approval", "reason: Large refund"))
    return write(tmp_path, files(big, ALLOW_ALL))


def test_check_says_that_it_can_be_served_and_warns_on_standard_error(gate: Path) -> None:
    queue = b"version: v1\nrouting: { default: escalation }\napproval_queue_policy: { escalate_after_sec: 60 }\n"
    write(gate, {"policies/c.yaml": queue})
    done = run(gate, "check")
    assert done.exit_code == 0
    assert "It can be served" in done.stdout
    assert "warning: policies/c.yaml:3:1: approval_queue_policy escalates to the group" in done.stderr


def test_check_in_json_names_snapshot_files_and_warnings(gate: Path) -> None:
    done = run(gate, "check", "--json")
    found = json.loads(done.stdout)
    assert found["policy_snapshot"].startswith("v1:")
    assert found["files"] == ["policies/a.yaml", "policies/b.yaml", "upstreams.yaml"]
    assert (found["upstreams"], found["rules"], found["warnings"]) == (["shop"], 2, [])


def test_check_warns_of_a_variable_that_is_not_set(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "version: v1\nupstreams:\n  u: { command: x, env: { A: '${env:NOT_SET_ANYWHERE}' } }\n"
    write(gate, {"upstreams.yaml": text.encode()})
    line = "upstreams.yaml:3:30: the environment variable NOT_SET_ANYWHERE is not set"
    assert line in run(gate, "check").stderr
    monkeypatch.setenv("NOT_SET_ANYWHERE", "x")
    assert line not in run(gate, "check").stderr


@pytest.mark.parametrize("amount", ["1e400", "-1e400", "NaN", "Infinity", '"100"', "true", "null", "[1]"])
def test_explain_says_of_what_is_no_plain_number_that_it_is_unknown(gate: Path, amount: str) -> None:
    found = json.loads(run(gate, "explain", "shop_refund_order", "--args", f'{{"amount": {amount}}}', "--json").stdout)
    assert (found["decision"], found["rule_id"]) == ("require_approval", "big")
    assert "amount_usd" in found["unknown"]
    assert "amount_usd" not in found["attributes"]


@pytest.mark.parametrize("command", [["check"], ["explain", "shop_get_order"]])
def test_all_errors_go_to_standard_error_one_a_line_and_the_exit_code_is_2(gate: Path, command: list[str]) -> None:
    write(gate, files("rules:\n  - { id: a, match: {}, decision: alow }\n"))
    done = run(gate, *command, "--json")
    assert done.exit_code == 2
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        "policies/a.yaml:3:21",
        "policies/a.yaml:3:35",
    ]
    errors = json.loads(done.stdout)["errors"]
    assert errors[1] == {
        "file": "policies/a.yaml", "line": 3, "column": 35, "message": "'alow' is not a decision",
        "hint": "did you mean 'allow'?",
    }  # fmt: skip
    assert run(gate, *command).stdout == ""


def test_check_without_a_gate_directory_exits_2(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "check")
    assert done.exit_code == 2
    assert "there is no gate directory" in done.stderr


def explained(gate: Path, *arguments: str) -> dict[str, object]:
    done = run(gate, "explain", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_explain_exits_0_whatever_the_decision(gate: Path) -> None:
    held = explained(gate, "shop_refund_order", "--args", '{"amount": 5000, "to": ["a"]}')
    assert (held["decision"], held["rule_ids"], held["reason"]) == ("require_approval", ["big", "all"], "Large refund")
    assert explained(gate, "shop_refund_order", "--args", '{"amount": 5}')["decision"] == "allow"
    assert explained(gate, "shop_other")["rule_ids"] == ["unmapped", "all"]


def test_explain_for_people_shows_places_and_what_failed(gate: Path) -> None:
    out = run(gate, "explain", "shop_refund_order", "--args", '{"amount": 5, "to": "a"}').stdout
    assert out.startswith("shop_refund_order: allow\n")
    assert "policies/a.yaml:3  big  no: amount_usd_above: 100 (5)" in out
    assert "policies/b.yaml:3  all  MATCHES" in out


def test_explain_takes_signals_tags_and_agent(gate: Path) -> None:
    write(
        gate,
        {
            "policies/a.yaml": b"version: v1\nrules:\n"
            b"  - { id: sure, match: { confidence_below: 0.7 }, decision: deny }\n"
            b"  - { id: odd, match: { anomaly_score_above: 0.5 }, decision: deny }\n"
            b"  - { id: again, match: { retry_count_above: 2 }, decision: deny }\n"
            b"  - { id: new, match: { first_time_action: true }, decision: deny }\n"
            b"  - { id: tagged, match: { risk_tags: [extra] }, decision: deny }\n"
            b"  - { id: bot, match: { agents: [bot] }, decision: deny }\n"
        },
    )

    def first(*options: str) -> object:
        return explained(gate, "shop_get_order", *options)["rule_id"]

    sure = ("--confidence", "0.9")
    assert first() == "sure"
    assert first("--confidence", "7") == "sure"
    assert first(*sure) == "all"
    assert first(*sure, "--anomaly", "0.6") == "odd"
    assert first(*sure, "--retries", "3") == "again"
    assert first(*sure, "--first-time") == "new"
    assert first(*sure, "--tag", "extra") == "tagged"
    assert first(*sure, "--agent", "bot") == "bot"


WINDOWED = (
    b"version: v1\nrules:\n"
    b"  - { id: much, match: { when: 'sum(attributes.amount_usd, 24h) > 500' }, decision: deny }\n"
    b"  - { id: often, match: { when: 'count(1h) > 3' }, decision: deny }\n"
)


def test_explain_takes_windows_and_else_starts_them_from_this_call_alone(gate: Path) -> None:
    write(gate, {"policies/a.yaml": WINDOWED})
    amount = ("--args", '{"amount": 99}')
    found = explained(gate, "shop_refund_order", *amount)
    assert (found["rule_id"], found["windows"]) == ("all", {"count(1h)": 1, "sum(attributes.amount_usd, 24h)": 99})
    failed = [line["failed"] for line in found["layers"][0]["rules"]]
    assert failed[1] == "when: count(1h) > 3 (it does not hold; count(1h) is 1)"
    found = explained(gate, "shop_refund_order", *amount, "--window", "sum(attributes.amount_usd,24h)=500.01")
    assert (found["rule_id"], found["windows"]["sum(attributes.amount_usd, 24h)"]) == ("much", 500.01)
    assert explained(gate, "shop_get_order", "--window", "count(1h)=4")["rule_id"] == "often"
    shown = run(gate, "explain", "shop_refund_order").stdout
    assert "  window    sum(attributes.amount_usd, 24h) = unknown\n" in shown
    assert "  window    count(1h) = 1\n" in shown


def test_explain_says_which_windows_there_are(gate: Path) -> None:
    done = run(gate, "explain", "shop_get_order", "--window", "count(1h)=4")
    assert (done.exit_code, "the policy has no window 'count(1h)'; it has none" in done.stderr) == (2, True)
    write(gate, {"policies/a.yaml": WINDOWED})
    done = run(gate, "explain", "shop_get_order", "--window", "count(2h)=4")
    assert "no window 'count(2h)'; it has count(1h), sum(attributes.amount_usd, 24h)" in done.stderr
    assert "--window: 'x' is not a number" in run(gate, "explain", "shop_get_order", "--window", "count(1h)=x").stderr


def test_explain_leaves_out_what_the_gate_itself_asked_for(gate: Path) -> None:
    write(
        gate,
        {
            "policies/a.yaml": b"version: v1\n"
            b"rules: [{id: x, match: {when: args.gate_reason IS NULL}, decision: deny}]\n"
        },
    )
    assert explained(gate, "shop_refund_order", "--args", '{"gate_reason": "because"}')["rule_id"] == "x"


def test_explain_prefers_the_longest_prefix(tmp_path: Path) -> None:
    text = (
        "version: v1\nupstreams:\n  a: { command: x, prefix: a_ }\n"
        "  b: { command: x, prefix: a_b_, tools: { t: { topic: b.t } } }\n"
    )
    write(tmp_path, files(upstreams=text))
    assert explained(tmp_path, "a_b_t")["topic"] == "b.t"
    assert explained(tmp_path, "a_b_u")["topic"] == "unmapped.b.u"
    assert explained(tmp_path, "a_x")["topic"] == "unmapped.a.x"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["nobody_has_it"], "'nobody_has_it' is not a listed name; they start with shop_"),
        (["shop_x", "--args", "{"], "--args: "),
        (["shop_x", "--args", "[]"], "--args: arguments are neither a list nor a single value"),
        (["shop_x", "--args", '{"a": 1, "a": 2}'], "--args: a key stands twice in one object"),
        (["shop_x", "--confidence", "high"], "--confidence: 'high' is not a number"),
        (["shop_x", "--anomaly", "nan"], "--anomaly: 'nan' is not a number"),
        (["shop_x", "--anomaly", "1e999999999"], "--anomaly: '1e999999999' is not a number"),
        (["shop_x", "--confidence", "\x1b[1m"], "--confidence: '⟨U+001B⟩[1m' is not a number"),
        (["shop_x", "--anomaly", "2"], "--anomaly: 2 is not a number from 0 to 1"),
        (["shop_x", "--retries", "-1"], "--retries"),
    ],
)
def test_explain_with_nonsense_exits_2(gate: Path, arguments: list[str], error: str) -> None:
    done = run(gate, "explain", *arguments)
    assert done.exit_code == 2
    assert error in done.stderr


def test_explain_takes_the_level_as_0_says_so_and_shows_the_levels_rules(gate: Path) -> None:
    levels = 'level_0: { rules: [ { match: { topics: ["*"] }, decision: deny } ] }, level_1: { rules: [] }'
    write(gate, {"policies/c.yaml": f"version: v1\nautonomy_levels: {{ {levels} }}\n".encode()})
    out = run(gate, "explain", "shop_get_order").stdout
    assert "level     0 (taken as 0; --level asks for another)" in out
    assert "policies/c.yaml:2  level_0.1  MATCHES" in out
    assert "level     1\n" in run(gate, "explain", "shop_get_order", "--level", "1").stdout
    assert explained(gate, "shop_get_order")["level"] == 0
    assert explained(gate, "shop_get_order", "--level", "1")["decision"] == "allow"


def test_explain_says_when_a_level_or_an_agent_means_nothing(gate: Path) -> None:
    write(gate, {"gate.yaml": b"version: v1\nagents: { bot: {} }\n"})
    done = run(gate, "explain", "shop_get_order", "--level", "2", "--agent", "cat")
    assert done.exit_code == 0
    assert "--level changes nothing" in done.stderr
    assert "gate.yaml lists no agent cat" in done.stderr


def test_what_a_person_typed_reaches_the_terminal_revealed(gate: Path) -> None:
    odd = run(gate, "explain", "shop_get_order", "--tag", "a\x1b[31m")
    assert (odd.exit_code, odd.stdout) == (2, "")
    assert "--tag: 'a⟨U+001B⟩[31m' is not a risk tag" in odd.stderr
    shown = run(gate, "explain", "shop_\u202ex")
    assert "\u202e" not in shown.output
    assert "unmapped.shop.⟨U+202E⟩x" in shown.stdout


def test_the_name_of_the_directory_reaches_the_terminal_revealed(gate: Path) -> None:
    hostile = gate.rename(gate.with_name("g\x1b[31m"))
    for words in (["check"], ["diff", f"{hostile}/x", "y"], ["test"]):
        assert "\x1b" not in run(hostile, *words).output
