"""`mcp-gate policy suggest`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.archive import moment, open_archive
from mcp_gate.cli.candidate import candidate, earliest, seen, snapshots, staff
from mcp_gate.cli.options import gate_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_gate.history.again import Candidate
    from mcp_gate.history.look import Seen
    from mcp_gate.history.suggest import Found
    from mcp_gate.history.weigh import Weights
    from mcp_gate.store.archive import Archive


@click.command()
@click.option("--since", metavar="TIME", default="30d", show_default=True, help="RFC 3339, or how long ago: 24h, 7d.")
@click.option("--min", "least", metavar="N", default=20, show_default=True, type=click.IntRange(min=1),
              help="Decisions that a rule must rest on.")  # fmt: skip
@gate_options
def suggest(since: str, least: int, config: str | None, state: str | None, as_json: bool) -> None:
    """Rules that people's decisions support, ready to paste, each with its evidence. Nothing is applied.

    What people always approved may pass, what they always denied may be denied. No suggestion touches an invariant, a
    'never' claim or an autonomy level, or goes beyond the names, tags and amounts that people saw.
    """
    from mcp_gate.cli.suggest_text import as_json as told
    from mcp_gate.cli.suggest_text import readable

    start = moment(since)
    chosen = candidate(None, config, as_json=as_json)
    with open_archive(config, state) as archive:
        found, weights = _search(archive, chosen, start, least)
    if as_json:
        print(json.dumps({"policy_snapshot": chosen.loaded.snapshot.id, "since": start, **told(found, weights)}))
    else:
        print(readable(found, weights, start, least))


def _search(archive: Archive, chosen: Candidate, start: str, least: int) -> tuple[Found, Weights]:
    from mcp_gate.history.cases import Spoken
    from mcp_gate.history.look import Look
    from mcp_gate.history.service import Service
    from mcp_gate.history.suggest import Search
    from mcp_gate.history.weigh import weigh

    words, people = list(archive.words(earliest(chosen, start))), staff(chosen.loaded)
    spoken, service, kept = Spoken(words), Service(words, people), snapshots(archive, chosen.loaded)

    def calls() -> Iterator[Seen]:
        return seen(archive, Look(chosen, kept, service.settled), chosen, start)

    found = Search(chosen.loaded, spoken, people, least).run(calls())
    return found, weigh(calls(), found, chosen, spoken)
