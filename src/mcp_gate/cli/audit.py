"""`mcp-gate audit`: the record, read from the database itself, so that it works whether a gate runs or not.
Erasing and purging ask the running gate."""

from __future__ import annotations

import click

from mcp_gate.cli.lazy import LazyGroup
from mcp_gate.cli.options import group_options

COMMANDS: dict[str, tuple[str, str]] = {
    "tail": ("audit_read:tail", "The newest records, one a line."),
    "show": ("audit_read:show", "Everything about one call or request; the files of a policy."),
    "verify": ("audit_verify:verify", "Check the hash chain, and what a checkpoint saw of it."),
    "export": ("audit_read:export", "All records as JSON lines, oldest first."),
    "erase": ("audit_erase:erase", "Erase what one call carried; its hashes and its record stay."),
    "purge": ("audit_purge:purge", "Take old records out; two people have to say so."),
    "checkpoint": ("audit_verify:checkpoint", "Sign what the record is now, to be kept elsewhere."),
}
"""As `cli.main.COMMANDS`."""


@click.group(cls=LazyGroup, commands=COMMANDS)
@group_options
def audit() -> None:
    """The record of every call and decision."""
