"""Who speaks: names over the local socket, tokens elsewhere."""

from __future__ import annotations

import pytest

from mcp_gate.gate.reviewers import Bearer, NotAReviewer, Session, bearer, digest_of, operator, people, reviewer
from mcp_gate.model.config import GateSettings
from mcp_gate.model.decision import Assurance
from mcp_gate.policy.load import load
from support.reviewed import GROUPS, RULES, TOKENS, UPSTREAMS

SETTINGS = load({"upstreams.yaml": UPSTREAMS, "gate.yaml": GROUPS, "policies/rules.yaml": RULES}).settings


def test_without_a_reviewers_section_the_user_who_runs_the_gate_is_the_one_reviewer() -> None:
    known = people(GateSettings())
    assert list(known.persons) == [operator()]
    assert known.decides_for(operator(), "any-group-there-is")
    assert not known.decides_for("somebody", "any-group-there-is")


def test_over_the_local_socket_a_reviewer_is_taken_at_his_word() -> None:
    found = reviewer(people(SETTINGS), Session(), "dana")
    assert found is not None
    assert (found.id, found.assurance) == ("dana", Assurance.SESSION)
    assert reviewer(people(SETTINGS), Session(), "mallory") is None
    assert reviewer(people(SETTINGS), Session(), None) is None


def test_a_token_names_its_reviewer_whatever_he_says() -> None:
    found = reviewer(people(SETTINGS), bearer(SETTINGS, digest_of(TOKENS["dana"])), "sam")
    assert found is not None
    assert (found.id, found.assurance) == ("dana", Assurance.TOKEN)


def test_a_reviewer_removed_since_he_showed_his_token_is_nobody() -> None:
    assert reviewer(people(GateSettings(reviewers={})), Bearer("dana"), "dana") is None


@pytest.mark.parametrize(
    ("token", "agent"), [(TOKENS["claude-code"], True), ("guess", False), ("", False), ("é\ud800", False)]
)
def test_other_tokens_open_nothing(token: str, agent: bool) -> None:
    with pytest.raises(NotAReviewer) as caught:
        bearer(SETTINGS, digest_of(token))
    assert caught.value.agent is agent
