"""Groups of commands: one that knows names and help lines without importing anything, and a plain one."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click


class PlainGroup(click.Group):
    """Tells its commands in the order they are written, each with its first sentence whole."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(200)) for name, one in self.commands.items()])


class LazyGroup(click.Group):
    """Imports a command's module when the command runs, not before."""

    def __init__(self, *args: Any, commands: dict[str, tuple[str, str]], **kwargs: Any) -> None:
        """
        Args:
            commands: name to `module:attribute` below `mcp_gate.cli`, and the line in the help; in the help's order.
        """
        super().__init__(*args, **kwargs)
        self.table = commands

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. A reader who has had enough, as `head` has, is not a failure of it."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - so that the flush at exit has somewhere to go
            return None
        return done

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module, attribute = self.table[cmd_name][0].split(":")
        command = getattr(import_module(f"mcp_gate.cli.{module}"), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])
