"""`doctor`: what is wrong comes first, each with its cure, and no level is claimed that does not hold."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcp_gate.cli.main import cli
from mcp_gate.setup.doctor import SetUp
from mcp_gate.setup.separation import reach
from support.keys import ed25519_key, needs_openssh, ssh_agent

DANA = ed25519_key(1)
NOBODY = 65534
UPSTREAMS = 'version: v1\nupstreams:\n  shop: { command: "true", tools: { "*": { topic: job.any } } }\n'
RULES = """\
version: v1
rules:
  - { id: all, match: { topics: ["*"] }, decision: require_approval, min_assurance: signed }
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own with a sound gate directory in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.chdir(tmp_path)
    gate = tmp_path / "gate"
    (gate / "policies").mkdir(parents=True)
    (gate / "upstreams.yaml").write_text(UPSTREAMS)
    (gate / "policies" / "rules.yaml").write_text(RULES)
    (gate / "gate.yaml").write_text(f'version: v1\nreviewers: {{ dana: {{ keys: ["{DANA.public}"] }} }}\n')
    return tmp_path


def told(home: Path, code: int = 0) -> dict[str, Any]:
    arguments = ["doctor", "--config", str(home / "gate"), "--state", str(home / "state"), "--json"]
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.output)
    assert [one["status"] for one in found["checks"]] == sorted(
        (one["status"] for one in found["checks"]), key=["wrong", "warning", "ok"].index
    )
    assert all(one.get("cure") for one in found["checks"] if one["status"] != "ok")
    return found


def wrong(found: dict[str, Any], check: str) -> list[str]:
    return [one["what"] for one in found["checks"] if one["check"] == check and one["status"] != "ok"]


def test_a_sound_set_up_has_nothing_wrong_and_says_against_whom_it_does_not_help(home: Path) -> None:
    found = told(home)
    assert {one["check"] for one in found["checks"] if one["status"] != "ok"} == {"gate"}
    assert found["assurance"]["level"] == "A0"
    assert "start the servers itself" in found["assurance"]["does_not_stop"]
    assert any("write the policy" in what for what in found["assurance"]["can"])
    done = CliRunner().invoke(cli, ["doctor", "--config", str(home / "gate"), "--state", str(home / "state")])
    assert "assurance A0: same user: whoever runs as you can walk around the gate" in done.output
    assert "cure: start it with 'mcp-gate serve'" in done.output


def test_a_program_is_looked_for_where_the_gate_starts_it(home: Path) -> None:
    gate = home / "gate"
    (gate / "serve").write_text("#!/bin/sh\n")
    (gate / "serve").chmod(0o755)
    (gate / "inner").mkdir()
    for written, said in [
        ('command: "./serve"', []),
        ('command: "../serve", cwd: inner', []),
        ('command: "./serve", cwd: inner', ["'shop': there is no program './serve'"]),
        ('command: "true", cwd: gone', [f"'shop': there is no directory {gate / 'gone'}"]),
    ]:
        (gate / "upstreams.yaml").write_text(UPSTREAMS.replace('command: "true"', written))
        assert wrong(told(home, code=1 if said else 0), "upstream") == said


def test_what_is_wrong_is_told_with_its_cure(home: Path) -> None:
    gate, state = home / "gate", home / "state"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    (gate / "upstreams.yaml").write_text(UPSTREAMS.replace('"true"', "no-such-program"))
    (gate / "gate.yaml").write_text("version: v1\nreviewers: { dana: {} }\n")
    (home / ".mcp.json").write_text('{"mcpServers": {"db": {"command": "db-server"}}}')
    found = told(home, code=1)
    assert wrong(found, "upstream") == ["'shop': there is no program 'no-such-program'"]
    assert "others have rights on it (0755)" in wrong(found, "state")[0]
    assert "claude-code starts servers past the gate: db" in wrong(found, "client")[0]
    assert "nobody has a key" in wrong(found, "reviewers")[0]
    assert "dana proves nothing" in wrong(found, "reviewers")[1]


def test_detectors_that_are_missing_are_wrong_or_a_warning_as_the_policy_says(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_gate.scanning.settings.has_vendor_shapes", lambda: False)
    monkeypatch.setattr("mcp_gate.setup.doctor.has_vendor_shapes", lambda: False)
    (missing,) = wrong(told(home, 1), "detectors")
    assert "kingfisher-secret-scanner is not there" in missing
    (home / "gate" / "policies" / "output.yaml").write_text("version: v1\noutput_review: { vendor_shapes: false }\n")
    assert wrong(told(home), "detectors") == ["credentials are looked for by the gate's own rules alone"]
    (home / "gate" / "policies" / "output.yaml").write_text("version: v1\noutput_review: { enabled: false }\n")
    assert wrong(told(home), "detectors") == []


def test_errors_of_files_are_told_with_their_places(home: Path) -> None:
    (home / "gate" / "policies" / "rules.yaml").write_text("version: v1\nrules:\n  - { id: a, decison: deny }\n")
    found = told(home, code=1)
    assert "policies/rules.yaml:3:" in wrong(found, "config")[0]
    assert any("decision" in one["cure"] for one in found["checks"] if one["check"] == "config")


def test_without_a_gate_directory_it_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["doctor", "--config", str(tmp_path / "none"), "--state", str(tmp_path / "state")])
    assert done.exit_code == 1
    assert "there is no gate directory" in done.output


def test_S157_a_reviewers_key_that_others_could_use_is_explained(home: Path) -> None:
    folder = home / ".ssh"
    folder.mkdir()
    DANA.write(folder / "id_ed25519")
    found = told(home)
    assert "has no passphrase: every program here can sign" in wrong(found, "reviewers")[0]
    assert found["assurance"]["level"] == "A0"
    (folder / "id_ed25519").chmod(0o644)
    assert "others can read" in wrong(told(home, code=1), "reviewers")[0]
    DANA.write(folder / "id_ed25519", b"open sesame")
    assert wrong(told(home), "reviewers") == []


@needs_openssh
def test_S157_an_agent_that_signs_for_every_program_is_explained(home: Path, tmp_path: Path) -> None:
    with ssh_agent(tmp_path, DANA.write(tmp_path / "key")):
        assert "signs as dana for every program" in wrong(told(home), "reviewers")[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become another user")
def test_S160_a_gate_of_its_own_user_is_told_from_one_that_is_not(home: Path) -> None:
    setup = SetUp(home / "gate", home / "state", os.environ, None)
    (home / "state").mkdir(mode=0o700)
    (home / "state" / "gate.db").touch(mode=0o600)
    assert reach(setup).level == "A0"
    (home / "gate").chmod(0o700)
    os.seteuid(NOBODY)
    try:
        found = reach(setup)
    finally:
        os.seteuid(0)
    assert (found.level, found.can) == ("A2", ())
