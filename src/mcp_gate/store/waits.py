"""How long held calls wait and waited, and what people said when: queries for figures."""

from __future__ import annotations

from mcp_gate.history.past import Word
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.review.queue import Waiting
from mcp_gate.review.second import Agreement, same
from mcp_gate.store.database import Row, Tx


def waiting(tx: Tx) -> list[Waiting]:
    """From an index alone: there may be ten thousand."""
    rows = tx.all("select grp, opened_ts, escalated_ts from requests where status = 'pending' and kind = 'gate'")
    return [Waiting(row["grp"], parse_rfc3339(row["opened_ts"]), bool(row["escalated_ts"])) for row in rows]


def settled(tx: Tx, since: str) -> list[float]:
    """Of what people or the policy decided, and of what expired, which waited for nothing."""
    rows = tx.all(
        "select r.opened_ts as begun, d.said_ts as ended from decisions d join requests r on r.id = d.request_id "
        "where d.final = 1 and d.said_ts >= :since and r.kind = 'gate' union all "
        "select opened_ts, due_ts from requests where status = 'expired' and due_ts >= :since and kind = 'gate'",
        since=since,
    )
    return [max(0.0, parse_rfc3339(row["ended"]) - parse_rfc3339(row["begun"])) for row in rows]


def words(tx: Tx, since: str) -> list[Word]:
    """People's words and the policy's, oldest first."""
    rows = tx.all(
        "select d.*, r.kind, r.call_id, r.grp, r.opened_ts, r.escalated_ts, r.escalated_from, c.upstream, c.tool "
        "from decisions d join requests r on r.id = d.request_id join calls c on c.id = r.call_id "
        "where d.said_ts >= :since order by d.said_ts",
        since=since,
    )
    return [_word(row) for row in rows]


def looks(tx: Tx, since: str) -> Agreement:
    """Second looks that were opened since a time (RFC 3339)."""
    rows = tx.all(
        "select first.decision as first, second.decision as second from requests r "
        "left join decisions second on second.request_id = r.id and second.final = 1 "
        "left join requests g on g.call_id = r.call_id and g.kind = 'gate' "
        "left join decisions first on first.request_id = g.id and first.final = 1 "
        "where r.kind = 'second_review' and r.status <> 'expired' and r.opened_ts >= :since",
        since=since,
    )
    done = [row for row in rows if row["second"] is not None]
    return Agreement(len(rows) - len(done), len(done), sum(same(row["first"] or "", row["second"]) for row in done))


def _word(row: Row) -> Word:
    moved = row["escalated_ts"] if row["stage"] > 1 else ""
    return Word(
        call_id=row["call_id"],
        request_id=row["request_id"],
        kind=row["kind"],
        said=row["decision"],
        by=row["approver_id"],
        at=parse_rfc3339(row["said_ts"]),
        group=row["grp"] if moved or not row["escalated_from"] else row["escalated_from"],
        tool=f"{row['upstream']}.{row['tool']}",
        came=parse_rfc3339(moved or row["opened_ts"]),
        final=bool(row["final"]),
    )
