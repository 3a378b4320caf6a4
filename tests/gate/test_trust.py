"""Files and folders that somebody else could write, as sshd's StrictModes sees them.

Owners are real where the tests run as root; elsewhere the gate is told that it runs as somebody else."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

import pytest

from mcp_gate.gate.directory import fingerprint, read_directory
from mcp_gate.model.config import ConfigError

STRANGER = 12345
FILES = ("upstreams.yaml", "gate.yaml", "policies/a.yaml", "policies/team/b.yaml")


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    directory = tmp_path / "home" / "gate"
    (directory / "policies" / "team").mkdir(parents=True)
    for name in FILES:
        (directory / name).write_text("version: v1\n")
    return directory


def refused(directory: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_directory(directory)
    return [str(problem) for problem in caught.value.problems]


def give_away(path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let it belong to another user than the gate's; returns who owns it."""
    if os.geteuid() == 0:
        os.chown(path, STRANGER, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    return path.stat().st_uid


def test_what_git_and_editors_make_is_trusted(gate: Path) -> None:
    for path in (gate, gate / "policies", gate / "policies" / "team"):
        path.chmod(0o755)
    for name in FILES:
        (gate / name).chmod(0o644)
    assert set(read_directory(gate)) == set(FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("mode", [0o646, 0o666, 0o602])
def test_S071_a_file_that_everybody_may_write_is_refused(gate: Path, name: str, mode: int) -> None:
    (gate / name).chmod(mode)
    assert refused(gate) == [f"{name}:1:1: others may write it (mode {mode:04o}); take that away: chmod go-w"]


def test_S071_a_file_that_a_group_with_other_members_may_write_is_refused(
    gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pwd, "getpwall", lambda: [_user(os.geteuid()), _user(STRANGER)])
    (gate / "policies" / "a.yaml").chmod(0o664)
    assert refused(gate) == [
        "policies/a.yaml:1:1: others may write it (mode 0664); take that away: chmod go-w",
    ]


def test_S071_a_group_with_a_member_by_name_is_not_private(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("team", "x", gid, ["eve"])))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: _user(STRANGER))
    (gate / "upstreams.yaml").chmod(0o664)
    assert len(refused(gate)) == 1


def test_a_group_of_its_own_may_write_as_umask_002_has_it(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)
    for path in (gate.parent, gate, gate / "policies", gate / "policies" / "team"):
        path.chmod(0o775)
    for name in FILES:
        (gate / name).chmod(0o664)
    assert set(read_directory(gate)) == set(FILES)


def test_S071_with_an_access_list_the_right_of_the_group_is_somebody_elses(
    gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone(monkeypatch)
    (gate / "upstreams.yaml").chmod(0o664)
    monkeypatch.setattr(os, "listxattr", lambda path: ["system.posix_acl_access"])
    assert len(refused(gate)) == 1


def test_S071_a_group_that_nobody_knows_is_not_private(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(gid: int) -> None:
        raise KeyError(gid)

    monkeypatch.setattr(grp, "getgrgid", unknown)
    (gate / "upstreams.yaml").chmod(0o664)
    assert len(refused(gate)) == 1


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every group has this user for its one member."""
    monkeypatch.setattr(pwd, "getpwall", lambda: [_user(os.geteuid())])
    monkeypatch.setattr(grp, "getgrgid", lambda gid: grp.struct_group(("own", "x", gid, [])))


def _user(uid: int) -> pwd.struct_passwd:
    return pwd.struct_passwd((f"u{uid}", "x", uid, os.getegid(), "", "/", "/bin/sh"))


def test_S071_a_file_of_another_user_is_refused(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = give_away(gate / "policies" / "a.yaml", monkeypatch)
    wanted = f"policies/a.yaml:1:1: it belongs to another user (uid {owner}); chown it to the user that runs the gate"
    assert any(line.startswith(wanted) for line in refused(gate))


@pytest.mark.parametrize("name", FILES)
def test_S071_a_link_is_refused_wherever_it_leads(gate: Path, name: str) -> None:
    real = gate.parent / "real.yaml"
    (gate / name).rename(real)
    (gate / name).symlink_to(real)
    wanted = f"{name}:1:1: the file cannot be read: it is a symbolic link; make it a plain file"
    assert refused(gate) == [wanted]


@pytest.mark.parametrize("name", ["policies", "policies/team", "policies/more"])
def test_S071_a_folder_that_is_a_link_is_refused_and_not_passed_over(gate: Path, name: str) -> None:
    if (gate / name).exists():
        (gate / name).rename(gate / "elsewhere")
    else:
        (gate / "elsewhere").mkdir()
    (gate / name).symlink_to(gate / "elsewhere")
    (line,) = refused(gate)
    assert line.startswith(f"{name}:1:1: the f")
    assert "it is a symbolic link" in line


@pytest.mark.parametrize("name", ["policies", "policies/team", "."])
def test_S072_a_folder_that_others_may_write_is_refused_though_its_files_are_private(gate: Path, name: str) -> None:
    for file in FILES:
        (gate / file).chmod(0o600)
    (gate / name).chmod(0o777)
    shown = str(gate) if name == "." else name
    assert refused(gate) == [f"{shown}:1:1: others may write it (mode 0777); take that away: chmod go-w"]


def test_S072_a_parent_that_others_may_write_is_refused(gate: Path) -> None:
    gate.parent.chmod(0o777)
    assert refused(gate) == [f"{gate.parent}:1:1: others may write it (mode 0777); take that away: chmod go-w"]


def test_S072_a_parent_of_another_user_is_refused(gate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = give_away(gate.parent, monkeypatch)
    wanted = f"{gate.parent}:1:1: it belongs to another user (uid {owner})"
    assert any(line.startswith(wanted) for line in refused(gate))


def test_a_sticky_parent_is_trusted_as_tmp_is_and_a_sticky_gate_directory_is_not(gate: Path) -> None:
    gate.parent.chmod(0o1777)
    assert set(read_directory(gate)) == set(FILES)
    (gate / "policies").chmod(0o1777)  # anybody may add a file there
    assert len(refused(gate)) == 1


def test_S072_a_part_of_the_path_that_became_a_link_is_refused(gate: Path) -> None:
    gate.parent.rename(gate.parent.with_name("other"))
    gate.parent.symlink_to("other")
    (line,) = refused(gate)
    assert line == f"{gate}:1:1: the folder cannot be read: it is a symbolic link; put the folder itself there"


def test_a_folder_on_the_way_need_not_be_readable(gate: Path) -> None:
    gate.parent.chmod(0o311)
    gate.chmod(0o311)
    assert set(read_directory(gate)) == set(FILES)


def test_all_that_cannot_be_trusted_is_told_at_once(gate: Path) -> None:
    for path in (gate.parent, gate / "policies"):
        path.chmod(0o777)
    (gate / "gate.yaml").chmod(0o666)
    assert len(refused(gate)) == 3


def test_rights_that_change_change_the_fingerprint_and_so_does_a_write_that_hides_its_time(gate: Path) -> None:
    seen = [fingerprint(gate)]
    (gate / "gate.yaml").chmod(0o666)
    seen.append(fingerprint(gate))
    gate.parent.chmod(0o777)
    seen.append(fingerprint(gate))
    about = (gate / "upstreams.yaml").stat()
    (gate / "upstreams.yaml").write_text("version: v2\n")
    os.utime(gate / "upstreams.yaml", ns=(about.st_atime_ns, about.st_mtime_ns))
    seen.append(fingerprint(gate))
    assert len(set(seen)) == 4
