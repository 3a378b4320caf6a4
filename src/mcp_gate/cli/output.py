"""`mcp-gate output`: what would be found in what tools return, and taken out of it."""

from __future__ import annotations

import click

from mcp_gate.cli.lazy import LazyGroup
from mcp_gate.cli.options import group_options

COMMANDS: dict[str, tuple[str, str]] = {
    "test": ("output_test:test", "What would be taken out of a result, where and why."),
    "allow-list": ("output_allow:allow_list", "What reviewers found harmless, as an allow-list to paste."),
    "scan": ("output_scan:scan", "Personal data and credentials in lines of text."),
}
"""As `cli.main.COMMANDS`."""


@click.group(cls=LazyGroup, commands=COMMANDS)
@group_options
def output() -> None:
    """Look at what tools return as the gate does."""
