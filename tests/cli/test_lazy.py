from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from mcp_gate.cli.main import COMMANDS, cli

GROUPS = [name for name in COMMANDS if isinstance(cli.get_command(click.Context(cli), name), click.Group)]


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_s_help_says_of_each_command_a_whole_sentence(name: str) -> None:
    said = CliRunner().invoke(cli, [name, "--help"]).output
    assert "..." not in said.partition("Commands:")[2]


def test_commands_are_told_in_the_order_in_which_they_are_used() -> None:
    said = CliRunner().invoke(cli, ["requests", "--help"]).output
    assert said.index("  list ") < said.index("  show ") < said.index("  approve ") < said.index("  release ")
