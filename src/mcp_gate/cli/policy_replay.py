"""`mcp-gate policy replay`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from mcp_gate.cli.archive import moment, open_archive
from mcp_gate.cli.candidate import candidate, earliest, seen, snapshots, staff
from mcp_gate.cli.options import Exit, gate_options, leave

if TYPE_CHECKING:
    from mcp_gate.history.load import Targets
    from mcp_gate.policy.load import Loaded


@click.command()
@click.option("--policy", "policy_dir", metavar="DIR", help="A gate directory, or a policies folder.")
@click.option("--since", metavar="TIME", default="7d", show_default=True, help="RFC 3339, or how long ago: 30m, 24h.")
@gate_options
def replay(policy_dir: str | None, since: str, config: str | None, state: str | None, as_json: bool) -> None:
    """Recorded calls decided again, and the load it would put on reviewers. Nothing is executed, asked or written.

    Exits 1 when a call is not decided again as it was by the policy that decided it then: the record, the database or
    the program is not what it was.
    """
    from mcp_gate.cli.replay_text import readable
    from mcp_gate.history.look import Look
    from mcp_gate.history.replay import replay as decided_again
    from mcp_gate.history.service import Service

    start = moment(since)
    chosen = candidate(policy_dir, config, as_json=as_json)
    with open_archive(config, state) as archive:
        service = Service(archive.words(earliest(chosen, start)), staff(chosen.loaded))
        kept = snapshots(archive, chosen.loaded)
        calls = seen(archive, Look(chosen, kept, service.settled), chosen, start)
        found = decided_again(calls, chosen, kept, service, targets(chosen.loaded))
    snapshot = chosen.loaded.snapshot.id
    if as_json:
        print(json.dumps({"policy_snapshot": snapshot, "since": start, **found.as_json()}))
    else:
        print(readable(found, snapshot, start))
    if found.differing:
        leave(Exit.NOT_SO)


def targets(loaded: Loaded) -> Targets:
    """What a policy wants of its queue."""
    from mcp_gate.history.load import Targets
    from mcp_gate.review.queue import MEDIAN_SEC, P95_SEC

    queue = loaded.queue
    return Targets(queue.target_median_wait_sec or MEDIAN_SEC, queue.target_p95_wait_sec or P95_SEC)
