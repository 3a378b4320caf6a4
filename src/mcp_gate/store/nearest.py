"""What people approved before: the call most like the one that waits now, so that a reviewer reads what is new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mcp_gate.lang.difference import differences
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request
from mcp_gate.store import rows
from mcp_gate.store.database import Tx

LATEST: Final = 20
"""Approved calls that are looked at."""
LARGEST: Final = 65_536
"""Characters of arguments; larger ones are not compared."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """A call that a person approved, as it ran."""

    request_id: str
    group: str
    ts: str
    """When it was made (RFC 3339)."""
    approver_id: str
    """Whose word settled it."""
    arguments: JsonObject


def find(request: Request, tx: Tx) -> Nearest | None:
    """See `RequestTable.nearest`."""
    call = request.call
    found = tx.all(
        "select r.id, r.grp, c.ts, c.arguments, d.approver_id from requests r join calls c on c.id = r.call_id "
        "join decisions d on d.request_id = r.id and d.final = 1 and d.assurance <> '' "
        "where r.agent = :agent and r.kind = 'gate' and r.status = 'approved' and r.call_id <> :call and "
        "c.upstream = :upstream and c.method = :method and c.tool = :tool and length(c.arguments) <= :largest "
        "order by r.opened_ts desc limit :latest",
        agent=call.agent, upstream=call.upstream, method=call.method, tool=call.tool, call=call.id,
        largest=LARGEST, latest=LATEST,
    )  # fmt: skip
    known = (Nearest(r["id"], r["grp"], r["ts"], r["approver_id"], rows.value(r["arguments"])) for r in found)
    return min(known, key=lambda one: len(differences(one.arguments, call.arguments)), default=None)
