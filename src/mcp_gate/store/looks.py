"""Second looks at decisions: what was decided (which is not told to whoever looks), and how they came out."""

from __future__ import annotations

from mcp_gate.model.request import RecordedDecision
from mcp_gate.review.second import Agreement, same
from mcp_gate.store import rows
from mcp_gate.store.database import Tx


def before(tx: Tx, call_id: str) -> tuple[RecordedDecision, ...]:
    """What was said on the held call that is looked at again."""
    found = tx.all(
        "select d.* from decisions d join requests r on r.id = d.request_id "
        "where r.call_id = :call and r.kind = 'gate' order by d.n",
        call=call_id,
    )
    return tuple(rows.to_decision(row) for row in found)


def waiting_for(tx: Tx, reviewer: str, groups: frozenset[str] | None) -> frozenset[str]:
    """Calls, and requests about them, that are looked at again by somebody who had no part in the decision."""
    found = tx.all(
        "select s.grp, s.call_id, g.id from requests s indexed by requests_looks "
        "join requests g on g.call_id = s.call_id and g.kind = 'gate' "
        "where s.kind = 'second_review' and s.status = 'pending' and not exists "
        "(select 1 from decisions d where d.request_id = g.id and d.approver_id = :reviewer)",
        reviewer=reviewer,
    )
    mine = [row for row in found if groups is None or row["grp"] in groups]
    return frozenset(id for row in mine for id in (row["call_id"], row["id"]))


def agreement(tx: Tx, since: str) -> Agreement:
    """Those that were opened since a time (RFC 3339)."""
    found = tx.all(
        "select first.decision as first, second.decision as second from requests r "
        "left join decisions second on second.request_id = r.id and second.final = 1 "
        "left join requests g on g.call_id = r.call_id and g.kind = 'gate' "
        "left join decisions first on first.request_id = g.id and first.final = 1 "
        "where r.kind = 'second_review' and r.status <> 'expired' and r.opened_ts >= :since",
        since=since,
    )
    done = [row for row in found if row["second"] is not None]
    return Agreement(len(found) - len(done), len(done), sum(same(row["first"] or "", row["second"]) for row in done))
