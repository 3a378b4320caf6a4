"""Errors of upstreams.yaml, gate.yaml, workflows, whole files and of what several files say together."""

from __future__ import annotations

import pytest

from support.directories import check, files, problems

GOOD = 'match: { topics: ["*"] }, decision: deny'

# Each case is a text in which ¦ marks the place that the error names, and how the error begins.

UPSTREAM = [
    ("¦{ }", "an upstream needs either 'command' or 'url'; write exactly one of them"),
    ("¦{ command: a, url: https://b/mcp }", "an upstream needs either 'command' or 'url'; write exactly one of them"),
    ("{ ¦comand: a }", "unknown key 'comand'; did you mean 'command'?"),
    ("{ url: https://b/mcp, ¦args: [a] }", "'args' does not go with 'url'; remove it"),
    ("{ command: a, ¦headers: { X: y } }", "'headers' does not go with 'command'; remove it"),
    ("{ url: ¦ftp://b }", "'ftp://b' is not an http(s) URL; write https://host/mcp"),
    ("{ url: ¦https://a:b@c/mcp }", "the URL holds credentials; put them into headers: with ${env:NAME}"),
    ("{ command: a, env: { T: ¦'${T}' } }", "there is '${' that is not a variable; write ${env:NAME}"),
    ("{ command: a, env: { ¦1T: x } }", "'1T' is not the name of an environment variable; use [A-Za-z_][A-Za-z0-9_]*"),
    (
        '{ url: https://b/mcp, headers: { X: ¦"a\\r\\nY: b" } }',
        "the value of a header holds a control character; remove it",
    ),
    (
        "{ command: a, prefix: ¦'a b' }",
        'this is not a prefix; use [A-Za-z0-9._-]{0,64}; "" keeps the upstream\'s own names',
    ),
    ("{ command: a, prefix: ¦null }", "this needs a prefix, and has no value; write the value, or remove the key"),
    ("{ command: a, prefix: ¦1 }", "1 is a number, and this needs a prefix; put it in quotes"),
    ("{ command: ¦true }", "true is neither a text nor a name, and this needs a command; put it in quotes"),
    ("{ url: https://b/mcp, headers: { X: ¦5 } }", "5 is a number, and this needs the value of a header; put it"),
    ("{ command: a, ¦tool: {} }", "unknown key 'tool'; did you mean 'tools'?"),
    ("{ command: a, tools: { t: ¦{ risk_tags: [a] } } }", "'topic' is missing; add topic: job.area.action"),
    (
        "{ command: a, tools: { t: { topic: ¦'a b' } } }",
        "'a b' is not a topic; write words of letters and digits joined by dots",
    ),
    ("{ command: a, tools: { t: { topic: a, ¦risk_tag: [x] } } }", "unknown key 'risk_tag'; did you mean 'risk_tags'?"),
    (
        "{ command: a, tools: { t: { topic: a, attributes: { n: ¦amount } } } }",
        "'amount' is not a path; write args.amount or count(args.to)",
    ),
    (
        "{ command: a, tools: { t: { topic: a, attributes: { ¦retry_count: args.n } } } }",
        "the gate itself supplies 'retry_count', whatever arguments say; choose another name",
    ),
    ("{ command: a, tools: { t: { topic: a, tag_when: [ ¦{ add: [x] } ] } } }", "'when' is missing; add the condition"),
    (
        "{ command: a, tools: { t: { topic: a, tag_when: [ { when: args.a, add: ¦[] } ] } } }",
        "'add' names no tag; name the tags to add",
    ),
    (
        "{ command: a, tools: { t: { topic: a, tag_when: [ { when: \"¦call.agent = 'x'\", add: [x] } ] } } }",
        "in the condition: 'call' is not known here; a path starts with args, attributes; conditions read",
    ),
    (
        "{ command: a, tools: { t: { topic: a, ask: [¦name] } } }",
        "'name' is not confidence or reason; use one of: confidence, reason",
    ),
    (
        "{ command: a, resources: { topic: a, ¦ask: [reason] } }",
        "unknown key 'ask'; use one of: accepts, attributes, risk_tags, tag_when, taint, topic",
    ),
    ("{ command: a, sandbox: { network: ¦none } }", "'none' is not allowlist; use one of: allowlist"),
    ("{ command: a, pin_program: ¦'true' }", "'true' is neither true nor false; write true or false"),
    ("{ url: 'https://a/mcp', ¦pin_program: true }", "'pin_program' does not go with 'url'; remove it"),
    (
        "{ command: a, args: [b], pin_except: ¦[b] }",
        "'pin_except' makes exceptions from 'pin_program'; write pin_program: true",
    ),
    (
        "{ command: a, args: [data.db], pin_program: true, pin_except: [¦dat.db] }",
        "'dat.db' is not an argument of this upstream; did you mean 'data.db'?",
    ),
]


@pytest.mark.parametrize(("body", "error"), UPSTREAM)
def test_a_fault_of_an_upstream_is_told_with_its_place_and_cure(body: str, error: str) -> None:
    check("upstreams.yaml", body, error, lambda text: files(upstreams=f"version: v1\nupstreams:\n  u: {text}\n"))


GATE = [
    ("¦agent: {}", "unknown key 'agent'; did you mean 'agents'?"),
    (
        "agents: { dana: {} }\nreviewers: { ¦dana: { groups: [ops] } }",
        "'dana' is both an agent and a reviewer; give one of them another id",
    ),
    ("agents: { ¦'a b': {} }", "'a b' is not an id; use [A-Za-z0-9._-]{1,64}"),
    ("agents: { a: { token_sha256: ¦abc } }", "'abc' is not 64 hex digits; use [0-9a-fA-F]{64}"),
    (
        "agents: { ¦a: { autonomy: { initial: 3, max: 1 } } }",
        "autonomy starts above its max; lower initial or raise max",
    ),
    ("listen: { review_url: ¦'http://a.b' }", "'http://a.b' is not an https origin; write https://…"),
    ("listen: { review_url: ¦'https://a.b/x' }", "'https://a.b/x' is not an https origin; write https://…"),
    ("listen: { review_url: ¦'https://a@a.b' }", "'https://a@a.b' is not an https origin; write https://…"),
    ("listen: { mcp: ¦8765 }", "'8765' is not an address; write 127.0.0.1:8765"),
    ("listen: { mcp: ¦'127.0.0.1:70000' }", "'127.0.0.1:70000' is not an address; write 127.0.0.1:8765"),
    ("limits: { depth: ¦0 }", "0 is out of range; use a number from 1 to 60"),
    ("limits: { ¦dept: 5 }", "unknown key 'dept'; did you mean 'depth'?"),
    ("hold: { heartbeat_sec: ¦0 }", "0 would send without pause; use at least 1"),
    ("checkpoints: ¦{ every_sec: 5 }", "'file' is missing; add the path of a file that is kept elsewhere"),
    ("checkpoints: { file: ¦here.note }", "'here.note' is not an absolute path; begin it with /"),
    ("checkpoints: { file: /x, every_sec: ¦0 }", "0 is out of range; use a number from 1 to 86400"),
    ("webhooks: [ { id: a, url: ¦x } ]", "this is not an http(s) URL; write https://host/path"),
    ("webhooks: [ { id: a, url: ¦'file:///x' } ]", "this is not an http(s) URL; write https://host/path"),
    ("webhooks: [ { id: a, url: ¦'http://x' } ]", "http would let anybody on the way read it; write https://host/path"),
    ("webhooks: [ { id: a, url: ¦'https://me:x@h' } ]", "the URL names a user, or a place within a page; leave that"),
    ("webhooks: [ { id: a, url: 'https://x' }, ¦{ id: a, url: 'https://y' } ]", "a webhook 'a' stands above already"),
    (
        "reviewers: { dana: {} }\nwebhooks: [ { id: a, url: 'https://x', reviewers: [¦kim] } ]",
        "'kim' is not a reviewer; name one of reviewers:",
    ),
    ("webhooks: [ { id: a, url: 'https://x', ¦token: x } ]", "'token' belongs to a channel in Slack; add slack: C0123"),
    (
        'webhooks: [ ¦{ id: a, slack: C0OPS, token: "${env:T}" } ]',
        "nothing proves that an answer is Slack's; add secret: the app's signing secret",
    ),
    ("reviewers: { dana: { slack: ¦dana } }", "'dana' is not a user id of Slack; use [UW][A-Z0-9]{2,20}"),
    (
        "webhooks: [ { id: a, url: 'https://x', events: [¦request.open] } ]",
        "'request.open' is not an event; did you mean 'request.opened'?",
    ),
    ("store: ¦mysql", "'mysql' is not a store of this version; write sqlite"),
]


@pytest.mark.parametrize(("text", "error"), GATE)
def test_a_fault_of_gate_yaml_is_told_with_its_place_and_cure(text: str, error: str) -> None:
    check("gate.yaml", text, error, lambda text: files(gate=text))


WORKFLOW = "name: w\nsteps:\n  a: { type: action, topic: job.support.read }\n"
WORKFLOWS = [
    ("  b: { type: ¦wait }", "'wait' is not a type of step; use one of: action, approval, condition"),
    ("  b: ¦{ type: action }", "the action names no tool; add topic: …, or tool: upstream.name"),
    ("  b: { type: action, tool: ¦x }", "'x' names no upstream; write upstream.name"),
    ("  b: { type: action, tool: ¦x.y }", "there is no upstream 'x'; name one that is in upstreams.yaml"),
    (
        "  b: { type: condition, depends_on: [a], branches: { x: { when: result.ok, next: c }, y: { when: result.no, "
        "next: d }, z: { when: result.n = 1, next: e } } }\n  c: ¦{ type: approval }\n"
        "  d: { type: action, topic: job.support.read }\n  e: { type: action, topic: job.support.read }",
        "it may go on to several steps: d, e; say which: next: …",
    ),
    (
        "  b: { type: action, topic: job.support.delete, depends_on: [¦c] }",
        "'c' is not a step of this workflow; use one of: a, b",
    ),
    ("  b: { type: condition, depends_on: [a], branches: ¦{} }", "the condition leads nowhere; add a branch"),
    (
        "  b: ¦{ type: condition, branches: { x: { when: result.ok, next: a } } }",
        "a condition needs a result to look at; add depends_on: [some-step]",
    ),
    (
        "  b: { type: condition, depends_on: [a], branches: { x: { when: '¦args.a = 1', next: c } } }\n"
        "  c: { type: approval }",
        "in the condition: 'args' is not known here; a path starts with input, result, steps; conditions",
    ),
    *(
        (
            f"  b: {{ type: condition, depends_on: [a], branches: {{ x: {{ when: '{when}', next: c }} }} }}\n"
            "  c: { type: approval }",
            f"in the condition: {error}",
        )
        for when, error in [
            ("result.amount < 100 AND ¦prior_refunds < 3", "'prior_refunds' is not known here; a path starts"),
            ("result.amount < 100 AND result.prior_refunds < ¦", "it ends too early; expected a path, a number or a"),
            ("result.amount < ¦< 100", "expected a path, a number or a 'text', found '<'"),
            ("result.amount ¦100", "expected a comparison such as = or IN, AND, OR or BETWEEN, found '100'"),
            ("result.amount < 100 ¦result.n = 1", "expected AND or OR, found 'result'"),
            ("result.amount < ¦1e3", "found '1', and no number that we read; write plain digits, such as 900 or 0.7"),
            ("steps.analyze.result.n = 1 AND ¦count(1h) > 2", "only the conditions of rules look at other calls"),
            ("¦attributes.amount_usd < 3", "'attributes' is not known here; a path starts with input, result, steps"),
            ('input.tier = ¦"gold"', "a text stands in 'single quotes'"),
        ]
    ),
    (
        "  b: { type: approval, on_timeout: ¦wait }",
        "'wait' is not one of deny, escalate, approve; use one of: approve, deny, escalate",
    ),
    (
        "  b: { type: approval, ¦branches: {} }",
        "unknown key 'branches'; use one of: approvals, depends_on, escalate_to, min_assurance, next,",
    ),
    (
        "  ¦b: { type: action, topic: job.support.delete, next: c }\n"
        "  c: { type: action, topic: job.support.read, next: b }",
        "the steps 'b', 'c' go in a circle; take one reference out",
    ),
    (
        "  b: { type: action, topic: job.support.delete, with: { a: ¦input..b } }",
        "'input..b' is not a path; write input.… or steps.<id>.result.…",
    ),
]


@pytest.mark.parametrize(("step", "error"), WORKFLOWS)
def test_a_fault_of_a_workflow_is_told_with_its_place_and_cure(step: str, error: str) -> None:
    check("policies/w.yaml", step, error, lambda text: files() | {"policies/w.yaml": f"{WORKFLOW}{text}\n".encode()})


def test_two_workflows_of_one_name_are_refused() -> None:
    body = WORKFLOW.encode()
    (found,) = problems(files() | {"policies/v.yaml": body, "policies/w.yaml": body})
    assert found == "policies/w.yaml:1:7: a workflow 'w' stands in policies/v.yaml already; give one another name"


def test_a_section_that_stands_in_two_documents_is_refused() -> None:
    (found,) = problems(files("routing: { default: a }", "routing: { default: b }"))
    assert found == "policies/b.yaml:2:1: 'routing' stands in policies/a.yaml:2 already; keep one of them"


def test_an_id_that_stands_in_two_documents_or_in_a_level_is_refused() -> None:
    text = f"rules:\n  - {{ id: level_0.1, {GOOD} }}"
    level = f"autonomy_levels: {{ level_0: {{ rules: [ {{ {GOOD} }} ] }} }}"
    (found,) = problems(files(text, level))
    assert found.startswith("policies/b.yaml:2:40: the rule id 'level_0.1' is used twice; first at policies/a.yaml:3;")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "1:1: the file is empty; write 'version: v1' and at least one section, or remove it"),
        (b"rules: []\n", "1:1: 'version' is missing; add 'version: v1'"),
        (b"version: v2\nrules: []\n", "1:10: 'v2' is not a version this gate knows; use one of: v1"),
        (b"version: 1\nrules: []\n", "1:10: '1' is not a version this gate knows; "),
        (b"version: v1\nreason: \xff\n", "2:9: the file is not valid UTF-8; save it as UTF-8"),
        (b"- a\n", "1:1: the document is not a mapping; start it with 'version: v1'"),
        (b"version: v1\nrules: [\n", "3:1: not YAML: "),
    ],
)
def test_a_file_that_is_no_document(data: bytes, error: str) -> None:
    (found,) = problems(files() | {"policies/a.yaml": data})
    assert found.startswith(f"policies/a.yaml:{error}")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'{"rules": [],}', "1:14: not JSON: "),
        (b"rules: []", "1:1: not JSON: Expecting value; mend it"),
        (b'{"rules": [], "rules": []}', "1:15: the key 'rules' stands here again; first at line 1; keep one of them"),
        (b"[" * 100_000, "1:1: nested too deep; flatten it"),
        (b'{"rules": ' + b"9" * 5000 + b"}", "1:1: a number has thousands of digits; shorten it"),
    ],
)
def test_a_json_file_that_is_no_document(data: bytes, error: str) -> None:
    (found,) = problems(files() | {"policies/a.json": data})
    assert found.startswith(f"policies/a.json:{error}")


def test_all_errors_of_all_files_are_told_at_once_sorted_by_place() -> None:
    directory = files("rules:\n  - { id: a, decision: alow }\nroutin: {}", upstreams="version: v1\n", gate="limit: {}")
    found = problems(directory)
    assert [one.split(": ")[0] for one in found] == [
        "gate.yaml:2:1", "policies/a.yaml:3:5", "policies/a.yaml:3:24", "policies/a.yaml:4:1", "upstreams.yaml:1:1",
    ]  # fmt: skip


def test_a_directory_without_upstreams_yaml_is_refused() -> None:
    (found,) = problems({})
    assert found == "upstreams.yaml:1:1: the file is missing; write it, or run 'mcp-gate init'"
