"""Local sockets: this user's alone, and never in the place of what somebody else put there."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mcp_gate.faces.bound import bind_local
from mcp_gate.model.config import ConfigError


@pytest.mark.parametrize("name", ["agent.sock", "review.sock"])
def test_S172_what_an_earlier_gate_left_and_links_are_replaced_by_a_socket_for_this_user_alone(
    tmp_path: Path, name: str
) -> None:
    elsewhere, ours = tmp_path / "elsewhere", tmp_path / name
    with socket.socket(socket.AF_UNIX) as trap:
        trap.bind(str(elsewhere))
        ours.symlink_to(elsewhere)
        for _ in range(2):
            with bind_local(ours, 1):
                assert ours.is_socket()
                assert not ours.is_symlink()
                assert ours.stat().st_mode & 0o777 == 0o600
        assert elsewhere.is_socket()


def test_S172_a_file_or_folder_in_its_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        with pytest.raises(ConfigError, match="the socket cannot be made"):
            bind_local(tmp_path / name, 1)
    assert (tmp_path / "file").read_text() == "mine"
