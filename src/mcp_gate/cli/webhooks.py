"""`mcp-gate webhooks`: how news of the gate gets where it should, and another try for what did not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from mcp_gate.cli.lazy import PlainGroup
from mcp_gate.cli.options import gate_options, group_options
from mcp_gate.cli.talk import gate_of, print_json, to_show
from mcp_gate.lang.reveal import reveal

if TYPE_CHECKING:
    from mcp_gate.model.foreign import JsonObject

HEAD = ("WEBHOOK", "TO", "DELIVERED", "LAST", "WAITING", "GIVEN UP", "WHY")
LETTERS = ("GIVEN UP", "WEBHOOK", "NEWS", "REQUEST", "WHY")


@click.group(cls=PlainGroup)
@group_options
def webhooks() -> None:
    """Webhooks: what was delivered, what waits, what was given up."""


@webhooks.command("list")
@gate_options
def list_(config: str | None, state: str | None, as_json: bool) -> None:
    """Every webhook, and the newest messages that were given up."""
    with gate_of(config, state, as_json=as_json) as gate:
        found = gate.get("/v1/webhooks")["webhooks"]
    if not to_show(found, "No webhooks are set; name them under webhooks: in gate.yaml.", as_json=as_json):
        return
    from mcp_gate.cli.columns import table

    print(table(HEAD, [_row(one) for one in found]))
    letters = [(one["id"], letter) for one in found for letter in one["letters"]]
    if letters:
        print()
        print(table(LETTERS, [_letter(webhook, letter) for webhook, letter in letters]))
        print("\n'mcp-gate webhooks retry ID' sends them again.")


@webhooks.command()
@click.argument("id")
@gate_options
def retry(id: str, config: str | None, state: str | None, as_json: bool) -> None:
    """Send again what was given up for webhook ID."""
    with gate_of(config, state, as_json=as_json) as gate:
        done = gate.post(f"/v1/webhooks/{quote(id, safe='')}/retry", {})
    if as_json:
        print_json(done)
        return
    count = done["retried"]
    print(f"{count} {'message' if count == 1 else 'messages'} for {reveal(id)} will be sent again.")


def _row(one: JsonObject) -> tuple[str, ...]:
    return (
        reveal(one["id"]), reveal(one["to"]), str(one["delivered"]), one.get("delivered_ts", "never"),
        str(one["due"]), str(one["dead"]), reveal(one.get("error", "")),
    )  # fmt: skip


def _letter(webhook: str, letter: JsonObject) -> tuple[str, ...]:
    return (
        letter["ts"], reveal(webhook), reveal(letter["type"]), reveal(letter.get("request_id", "")),
        reveal(letter["error"]),
    )  # fmt: skip
