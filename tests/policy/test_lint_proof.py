"""Rules whose calls too few people can approve are told of before anybody waits."""

from __future__ import annotations

import pytest

from support.gates import loaded
from support.keys import ed25519_key

KEYS = [ed25519_key(seed).public for seed in (1, 2)]
TOKEN = f'token_sha256: "{"0" * 64}"'


def warnings(rule: str, reviewers: str | None) -> list[str]:
    rules = f'version: v1\nrules:\n  - {{ id: r, match: {{ topics: ["*"] }}, decision: require_approval, {rule} }}\n'
    settings = "" if reviewers is None else f"reviewers: {{ {reviewers} }}"
    return [warning.message for warning in loaded(rules, settings).warnings if "proof" in warning.message]


@pytest.mark.parametrize(
    ("rule", "reviewers", "told"),
    [
        ("min_assurance: signed", None, "nobody has a key to sign with"),
        ("min_assurance: signed", f"dana: {{ {TOKEN} }}", "nobody has a key to sign with"),
        ("min_assurance: token", "dana: {}", "nobody has a token or a key"),
        ("min_assurance: signed, approvals: 2", f'dana: {{ keys: ["{KEYS[0]}", "{KEYS[1]}"] }}', "only 1 of the 2"),
        ("min_assurance: signed, route: ops", f'dana: {{ keys: ["{KEYS[0]}"], groups: [it] }}', "nobody of 'ops' has"),
    ],
)
def test_it_is_said_who_lacks_what(rule: str, reviewers: str | None, told: str) -> None:
    (warning,) = warnings(rule, reviewers)
    assert told in warning


@pytest.mark.parametrize(
    ("rule", "reviewers"),
    [
        ("min_assurance: session", None),
        ("min_assurance: token", f"dana: {{ {TOKEN} }}"),
        ("min_assurance: token", f'dana: {{ keys: ["{KEYS[0]}"] }}'),
        ("min_assurance: signed, route: ops", f'dana: {{ keys: ["{KEYS[0]}"], groups: [ops] }}'),
    ],
)
def test_what_can_be_given_is_no_warning(rule: str, reviewers: str | None) -> None:
    assert warnings(rule, reviewers) == []
