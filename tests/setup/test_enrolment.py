"""gate.yaml with and without a reviewer or a key: what was asked for changes, and not a character else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.model.config import ReviewerSpec
from mcp_gate.model.key import PublicKey
from mcp_gate.policy.load import load
from mcp_gate.setup.enrolment import CannotEnrol, checked, enrolled, without, without_key
from support.gates import UPSTREAMS
from support.keys import ed25519_key

A, B, C = (ed25519_key(seed).public for seed in (1, 2, 3))
BLOCK = f"""\
# who may do what here
version: v1
hold: {{ wait_sec: 5 }}   # short
reviewers:
  # the office
  dana:
    groups: [ops]       # and nothing else
    keys:
      - "{A}"   # laptop
      # the one in the safe
      - "{B}"
  lee: {{ groups: [ops], keys: ["{C}"] }}  # on Fridays
# the end
limits: {{ depth: 30 }}
"""
FLOW = f"""\
version: v1
reviewers: {{ dana: {{ keys: ["{A}", "{B}"], groups: [ops] }}, lee: {{}} }}
hold: {{ wait_sec: 5 }}
"""


def reviewers(text: str) -> dict[str, ReviewerSpec]:
    files = {"upstreams.yaml": UPSTREAMS.encode(), "gate.yaml": text.encode()}
    return dict(load(files).settings.reviewers or {})


def lines_lost(before: str, after: str) -> list[str]:
    return [line for line in before.splitlines() if line not in after.splitlines()]


def keys(text: str, id_: str) -> tuple[PublicKey, ...]:
    return reviewers(text)[id_].keys


@pytest.mark.parametrize("text", ["", "version: v1\n", "version: v1", "# ours\nversion: v1\nhold: {}\n\n"])
def test_the_first_reviewer_brings_the_section(text: str) -> None:
    after = enrolled(text, "dana", groups=["ops"], keys=[A], token_sha256="0" * 64)
    assert after.startswith(text.rstrip("\n"))
    assert reviewers(after) == {"dana": ReviewerSpec("dana", frozenset({"ops"}), (A,), "0" * 64)}


@pytest.mark.parametrize("text", [BLOCK, FLOW])
def test_another_reviewer_stands_beside_those_who_are_there(text: str) -> None:
    after = enrolled(text, "ana", keys=[ed25519_key(7).public])
    assert set(reviewers(after)) == {"dana", "lee", "ana"}
    assert without(after, "ana") == text


def test_nothing_else_of_a_file_in_blocks_changes() -> None:
    after = enrolled(BLOCK, "ana", keys=[ed25519_key(7).public])
    assert lines_lost(BLOCK, after) == []
    after = enrolled(BLOCK, "dana", keys=[ed25519_key(7).public])
    assert lines_lost(BLOCK, after) == []
    assert [key.comment for key in keys(after, "dana")][:2] == ["", ""]
    assert keys(after, "dana") == (A, B, ed25519_key(7).public)
    assert without_key(after, "dana", ed25519_key(7).public.fingerprint) == BLOCK


@pytest.mark.parametrize("text", [BLOCK, FLOW])
@pytest.mark.parametrize("gone", [A, B])
def test_a_key_goes_and_the_other_stays(text: str, gone: PublicKey) -> None:
    after = without_key(text, "dana", gone.fingerprint)
    assert keys(after, "dana") == tuple(key for key in (A, B) if key != gone)
    last = without_key(after, "dana", next(key for key in (A, B) if key != gone).fingerprint)
    assert keys(last, "dana") == ()
    assert reviewers(last)["dana"].groups == {"ops"}


@pytest.mark.parametrize("text", [BLOCK, FLOW])
def test_a_reviewer_goes_with_all_that_is_his(text: str) -> None:
    after = without(text, "dana")
    assert set(reviewers(after)) == {"lee"}
    nobody = without(after, "lee")
    assert reviewers(nobody) == {}
    assert set(reviewers(enrolled(nobody, "ana"))) == {"ana"}


def test_groups_and_a_token_are_added_to_who_is_there() -> None:
    after = enrolled(BLOCK, "dana", groups=["finance"], token_sha256="1" * 64)
    assert reviewers(after)["dana"] == ReviewerSpec("dana", frozenset({"ops", "finance"}), (A, B), "1" * 64)
    again = enrolled(after, "dana", token_sha256="2" * 64)
    assert reviewers(again)["dana"].token_sha256 == "2" * 64
    assert lines_lost(BLOCK, again) == ["    groups: [ops]       # and nothing else"]


@pytest.mark.parametrize(("id_", "fingerprint"), [("nobody", A.fingerprint), ("dana", C.fingerprint), ("lee", "x")])
def test_what_is_not_there_cannot_go(id_: str, fingerprint: str) -> None:
    with pytest.raises(CannotEnrol, match="no key"):
        without_key(BLOCK, id_, fingerprint)
    with pytest.raises(CannotEnrol, match="no reviewer"):
        without(BLOCK, "nobody")


def test_a_file_that_would_come_to_say_something_else_stays_as_it_is() -> None:
    files = {"upstreams.yaml": UPSTREAMS.encode(), "gate.yaml": BLOCK.encode()}
    wanted = {**reviewers(BLOCK), "ana": ReviewerSpec("ana")}
    assert checked(files, enrolled(BLOCK, "ana"), wanted).settings.reviewers == wanted
    with pytest.raises(CannotEnrol):
        checked(files, enrolled(BLOCK, "ana", groups=["ops"]), wanted)


HOOKS = """\
version: v1
reviewers:
  dana: {}
  ana: {}
webhooks:
  - { id: pager, url: "https://a.example", secret: "${env:S}", reviewers: [dana, ana] }   # both
  - id: other
    url: "https://b.example"
    secret: "${env:S}"
    reviewers:
      - dana
"""


def test_who_goes_is_spoken_for_by_no_webhook_either() -> None:
    files = {"upstreams.yaml": UPSTREAMS.encode(), "gate.yaml": HOOKS.encode()}
    loaded = checked(files, without(HOOKS, "dana"), {"ana": ReviewerSpec("ana")})
    assert [hook.reviewers for hook in loaded.settings.webhooks] == [("ana",), ()]
    assert "# both" in without(HOOKS, "dana")


def test_the_last_whom_a_channel_in_slack_speaks_for_does_not_go_unseen() -> None:
    text = HOOKS.replace('url: "https://a.example"', "slack: C0, token: t").replace("[dana, ana]", "[dana]")
    with pytest.raises(CannotEnrol, match="webhook 'pager' speaks for 'dana' alone"):
        without(text, "dana")


IDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)


@given(IDS, st.booleans(), st.booleans(), st.lists(st.tuples(st.booleans(), st.sampled_from("abcd")), max_size=6))
def test_any_row_of_changes_comes_to_what_it_says(
    there: list[str], block: bool, flow_inside: bool, changes: list[tuple[bool, str]]
) -> None:
    text = "version: v1\n" + section(there, block, flow_inside) + "hold: { wait_sec: 5 } # x\n"
    left = set(there)
    for add, id_ in changes:
        if add and id_ not in left:
            text = enrolled(text, id_, groups=["g"])
            left.add(id_)
        elif not add and id_ in left:
            text = without(text, id_)
            left.remove(id_)
    assert set(reviewers(text)) == left
    assert text.endswith("hold: { wait_sec: 5 } # x\n") or "reviewers" not in section(there, block, flow_inside)


def section(there: Iterable[str], block: bool, flow_inside: bool) -> str:
    if not there:
        return ""
    body = "{ groups: [ops] }" if flow_inside or not block else "\n      groups:\n        - ops # here"
    entries = [f"{id_}: {body}" for id_ in there]
    if block:
        return "reviewers: # all\n" + "".join(f"    {entry}\n" for entry in entries)
    return f"reviewers: {{ {', '.join(entries)} }}\n"
