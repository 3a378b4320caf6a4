"""Every error of a policy document says file, line and column, what is wrong, and how to mend it."""

from __future__ import annotations

import pytest

from support.directories import check, files, problems

# Each case is a text in which ¦ marks the place that the error names, and how the error begins.

DOCUMENTS = [
    (
        "rules:\n  - { id: a, match: ¦{}, decision: deny }",
        'an empty match matches every call; say so: match: { topics: ["*"] }',
    ),
    (
        "rules:\n  - { id: a, match: { topics: ¦[] }, decision: deny }",
        "'topics' is empty; name at least one, or remove the key to match any",
    ),
    (
        "rules:\n  - { id: a, match: { risk_tags: ¦[] }, decision: deny }",
        "'risk_tags' is empty; name at least one, or remove the key to match any",
    ),
    (
        "rules:\n  - ¦{ id: a, decision: deny }",
        "'match' is missing; add match: { topics: [\"*\"] } to match every call",
    ),
    (
        'rules:\n  - { id: a, match: { topics: [¦""] }, decision: deny }',
        "this needs a glob, and is empty; write the value, or remove the key",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ¦"*" }, decision: deny }',
        "this needs a list; write it as [a, b] or as lines that start with '- '",
    ),
    (
        'rules:\n  - ¦{ match: { topics: ["*"] }, decision: deny }',
        "the rule has no id; add 'id: some-name', unique over all documents",
    ),
    (
        'rules:\n  - { id: ¦a b, match: { topics: ["*"] }, decision: deny }',
        "'a b' is not an id of a rule; use [A-Za-z0-9][A-Za-z0-9_.-]{0,127}",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny }\n'
        '  - { id: ¦a, match: { topics: ["*"] }, decision: deny }',
        "the rule id 'a' is used twice; first at policies/a.yaml:3; give one of them another id",
    ),
    (
        "rules:\n  - id: a\n    ¦desicion: deny\n    match: { topics: [x] }",
        "unknown key 'desicion'; did you mean 'decision'?",
    ),
    (
        "rules:\n  - { id: a, match: { topics: [x] }, decision: ¦alow }",
        "'alow' is not a decision; did you mean 'allow'?",
    ),
    (
        "rules:\n  - { id: a, match: { topics: [x] }, decision: ¦Deny }",
        "'Deny' is not a decision; did you mean 'deny'?",
    ),
    ("rules:\n  - { id: a, match: { ¦topic: [x] }, decision: deny }", "unknown key 'topic'; did you mean 'topics'?"),
    (
        "rules:\n  - { id: a, match: { amount_usd_above: ¦1e3 }, decision: deny }",
        "'1e3' is not a plain number; write digits, such as 900 or 0.7",
    ),
    (
        "rules:\n  - { id: a, match: { amount_usd_above: ¦1_000 }, decision: deny }",
        "'1_000' is not a plain number; write digits, such as 900 or 0.7",
    ),
    (
        "rules:\n  - { id: a, match: { amount_usd_above: ¦010 }, decision: deny }",
        "'010' is not a plain number; write digits, such as 900 or 0.7",
    ),
    (
        "rules:\n  - { id: a, match: { amount_usd_above: ¦1:30 }, decision: deny }",
        "'1:30' is not a plain number; write digits, such as 900 or 0.7",
    ),
    (
        "rules:\n  - { id: a, match: { amount_usd_above: ¦-1 }, decision: deny }",
        "-1 is out of range; use a number from 0 to 1000000000000000",
    ),
    (
        'rules:\n  - { id: a, match: { amount_usd_above: ¦"5" }, decision: deny }',
        "'5' is a text, not a number; take the quotes away",
    ),
    (
        "rules:\n  - { id: a, match: { confidence_below: ¦1.5 }, decision: deny }",
        "1.5 is out of range; use a number from 0 to 1",
    ),
    (
        "rules:\n  - { id: a, match: { first_time_action: ¦yes }, decision: deny }",
        "'yes' is neither true nor false; write true or false",
    ),
    (
        'rules:\n  - { id: a, match: { when: "args.a >¦" }, decision: deny }',
        "in the condition: it ends too early; expected a path, a number or a 'text'; conditions read like:",
    ),
    (
        'rules:\n  - { id: a, match: { when: "¦foo.a = 1" }, decision: deny }',
        "in the condition: 'foo' is not known here; a path starts with args, attributes, call; conditions",
    ),
    (
        "rules:\n"
        + "".join(f"  - {{ id: a{n}, match: {{ when: 'count({n}m) > 5' }}, decision: deny }}\n" for n in range(1, 33))
        + "  - ¦{ id: b, match: { when: 'count(33m) > 5' }, decision: deny }",
        "with this rule the policy has more than 32 different windows; look back over the same time in several rules",
    ),
    (
        'rules:\n  - { id: a, match: { when: "args.a = 1 AND count(¦99d) > 5" }, decision: deny }',
        "in the condition: it looks back further than 31d; conditions read like:",
    ),
    (
        "rules:\n  - { id: a, match: { when: '¦result.amount < 100 AND result.n < 3' }, decision: deny }",
        "in the condition: 'result' is not known here; a path starts with args, attributes, call; conditions",
    ),
    (
        "rules:\n  - id: a\n    decision: deny\n    match:\n      when: >-\n        args.a = 1\n        AND ¦foo.x = 1",
        "in the condition: 'foo' is not known here; a path starts with args, attributes, call; conditions",
    ),
    (
        "rules:\n  - { id: a, match: { when: 'args.env = ''prod'' AND ¦foo.x = 1' }, decision: deny }",
        "in the condition: 'foo' is not known here; a path starts with args, attributes, call; conditions",
    ),
    (
        'rules:\n  - { id: a, match: { when: "NOT attributes.confidence < 0.7" }, decision: ¦allow }',
        "what the agent claims of its confidence cannot let a call pass; write require_approval or deny, or",
    ),
    (
        "rules:\n  - { id: a, match: { when: \"args.n = 1 OR (args.n > 5 AND attributes['confidence'] IN (1))\" }, "
        "decision: ¦allow }",
        "what the agent claims of its confidence cannot let a call pass; write require_approval or deny, or",
    ),
    (
        'autonomy_levels:\n  level_0:\n    rules:\n      - { match: { when: "attributes.confidence IS NOT NULL" }, '
        "decision: ¦allow }",
        "what the agent claims of its confidence cannot let a call pass; write require_approval or deny, or",
    ),
    (
        "autonomy_levels:\n  level_0:\n    rules:\n      - { match: { confidence_below: 0.9 }, decision: ¦allow }",
        "what the agent claims of its confidence cannot let a call pass; write require_approval or deny, or",
    ),
    (
        "rules:\n  - { id: a, match: { confidence_below: 0.5 }, decision: ¦allow }",
        "what the agent claims of its confidence cannot let a call pass; write require_approval or deny, or",
    ),
    (
        'rules:\n  - { id: a, match: { when: "attributes.confidence > 0.9" }, decision: ¦allow_with_constraints }',
        "what the agent claims of its confidence cannot let a call pass; write require_approval or deny, or",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, approvals: ¦0 }',
        "0 is out of range; use a number from 1 to 20",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, approvals: ¦1.5 }',
        "1.5 is not a whole number; write it without a fraction",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, timeout_sec: ¦0 }',
        "0 is out of range; use a number from 1 to 31622400",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, on_timeout: ¦aprove }',
        "'aprove' is not one of deny, escalate, approve; did you mean 'approve'?",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, min_assurance: ¦sms }',
        "'sms' is not an assurance; use one of: link, session, signed, token",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, constraints: { ¦max_runtime: 5 } }',
        "unknown key 'max_runtime'; did you mean 'max_runtime_sec'?",
    ),
    (
        'rules:\n  - { id: a, match: { topics: ["*"] }, decision: deny, '
        'constraints: { network_allowlist: [¦"https://a.com/x"] } }',
        "'https://a.com/x' is not an exact host name; write the name alone, without scheme, port or path; there",
    ),
    ("rules: ¦{}", "this needs a list of rules; write it as [a, b] or as lines that start with '- '"),
    ("rules:¦", "this needs a list of rules; write it as [a, b] or as lines that start with '- '"),
    (
        "default_decision: ¦allow",
        "'allow' is not a default (require_approval or deny); use one of: deny, require_approval",
    ),
    ("¦default_constraints: {}", "default_constraints constrain nothing; add max_runtime_sec"),
    (
        "invariants:\n  - ¦{ id: a, match: { topics: [x] } }",
        "'at_least' is missing; add at_least: require_approval or deny",
    ),
    (
        "invariants:\n  - { id: a, match: { topics: [x] }, at_least: ¦allow }",
        "'allow' is not require_approval or deny; use one of: deny, require_approval",
    ),
    (
        "never:\n  - ¦{ id: a, match: { topics: [x] } }",
        "'weaker_than' is missing; add weaker_than: require_approval or deny",
    ),
    (
        "risk_tiers: { medium: { risk_tags: [a], timeout_sec: 5, on_timeout: ¦approve } }",
        "on_timeout: approve is for tier low alone; write deny or escalate",
    ),
    (
        "risk_tiers: { ¦middle: { risk_tags: [a], timeout_sec: 5 } }",
        "unknown key 'middle'; use one of: high, low, medium",
    ),
    ("risk_tiers: { low: ¦{ risk_tags: [a] } }", "'timeout_sec' is missing; add seconds"),
    ("routing: { ¦financial: x }", "'financial' routes nothing; write <tag>_actions, or default"),
    ("action_classes: { ¦security: { risk_tags: [a] } }", "'security' routes nothing; write <tag>_actions, or default"),
    (
        "approval_queue_policy: { ¦target_median_wait: 5 }",
        "unknown key 'target_median_wait'; did you mean 'target_median_wait_sec'?",
    ),
    ("fatigue_controls: { sampled_second_review_rate: ¦2 }", "2 is out of range; use a number from 0 to 1"),
    (
        "evidence_contract: { required_fields: ¦[job_hash] }",
        "evidence without policy_snapshot, approver_id, decision_ts; name all four fields; they are always",
    ),
    (
        "evidence_contract: { reject_if_incomplete: ¦false }",
        "incomplete evidence is always rejected; write true, or remove the key",
    ),
    ("audit: { sampling: ¦{ strategy: uniform } }", "'rate' is missing; add a rate from 0 to 1"),
    ("audit: { sampling: { rate: ¦1.1 } }", "1.1 is out of range; use a number from 0 to 1"),
    (
        "audit: { sampling: { rate: 0.1, strategy: ¦random } }",
        "'random' is not uniform or stratified; use one of: stratified, uniform",
    ),
    (
        "audit: { sampling: { rate: 0.1, mandatory: [ { match: ¦{} } ] } }",
        'an empty match matches every call; say so: match: { topics: ["*"] }',
    ),
    ("autonomy_levels: { ¦level_a: { rules: [] } }", "'level_a' is not a level; write level_0, level_1, …"),
    (
        "autonomy_levels: ¦{ level_1: { rules: [] } }",
        "there is no level_0; add level_0; levels count from 0 without a gap",
    ),
    (
        "autonomy_levels: { level_0: { rules: [ ¦{ decision: deny } ] } }",
        "'match' is missing; add match: { topics: [\"*\"] } to match every call",
    ),
    ("promotion_criteria: { max_error_rate: ¦2 }", "2 is out of range; use a number from 0 to 1"),
    (
        "demotion_triggers: [ ¦policy_violations ]",
        "'policy_violations' is not a trigger; did you mean 'policy_violation'?",
    ),
    ("demotion_triggers: [ { ¦error_rate: 0.1 } ]", "unknown key 'error_rate'; did you mean 'error_rate_above'?"),
    ("output_review: { rules: [ ¦{ id: a, fields: [x] } ] }", "'action' is missing; add action: remove"),
    (
        "output_review: { rules: [ { id: a, fields: [¦a..b], action: remove } ] }",
        "'a..b' is not a path; write keys joined by dots, *, ** or [*]",
    ),
    (
        "output_review: { rules: [ { id: a, fields: [¦a*], action: remove } ] }",
        "'a*' is not a path; write keys joined by dots, *, ** or [*]",
    ),
    ("output_review: { rules: [ ¦{ id: a } ] }", "the rule names neither fields nor entities; add one of them"),
    (
        "output_review: { rules: [ { id: a, entities: [¦US_SNN], decision: redact } ] }",
        "'US_SNN' is not an entity; did you mean 'US_SSN'?",
    ),
    (
        "output_review: { rules: [ { id: a, entities: [PII], decision: ¦deny } ] }",
        "'deny' is not allow, redact or quarantine; use one of: allow, quarantine, redact",
    ),
    (
        "output_review: { rules: [ { id: a, entities: [¦API_KEY], action: tokenize } ] }",
        "'API_KEY' is never put back: it has no token; write decision: redact for it",
    ),
    (
        "output_review: { rules: [ { id: a, entities: [PII], action: ¦remove } ] }",
        "'remove' is not tokenize, the one action of a rule about entities; use one of: tokenize",
    ),
    (
        "output_review: { rules: [ { id: a, entities: [PERSON], action: ¦tokenize, decision: redact } ] }",
        "the rule has both a decision and an action; keep one of them",
    ),
    ("output_review: { enabled: ¦no }", "'no' is neither true nor false; write true or false"),
    ("¦ruels: []", "unknown key 'ruels'; did you mean 'rules'?"),
    ("rules: []\n¦rules: []", "the key 'rules' stands here again; first at line 2; keep one of them"),
    ("routing: ¦&a { default: x }", "an anchor (&a); write the value out where it is used"),
    ("routing: ¦!!map { default: x }", "a tag (tag:yaml.org,2002:map); remove it; values are plain"),
    ("rules: []\n¦---\nrules: []", "a second document starts here; keep one document in a file"),
]


@pytest.mark.parametrize(("document", "error"), DOCUMENTS)
def test_a_fault_of_a_document_is_told_with_its_place_and_cure(document: str, error: str) -> None:
    check("policies/a.yaml", document, error, files)


def test_S042_an_empty_match_and_empty_topics_are_refused_with_their_lines() -> None:
    first = "rules:\n  - id: a\n    match: {}\n    decision: allow\n"
    text = first + "  - id: b\n    match: { topics: [] }\n    decision: allow\n"
    found = problems(files(text))
    assert [one.split(":")[1] for one in found] == ["4", "7"]
