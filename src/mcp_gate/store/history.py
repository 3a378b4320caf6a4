"""Recorded calls and people's words, a page at a time, for those who decide history again."""

from __future__ import annotations

import json
from typing import Final

from mcp_gate.history.past import Held, Past, Word
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.call import OWN
from mcp_gate.model.request import CallState, RequestStatus
from mcp_gate.store import rows
from mcp_gate.store.database import Row, Tx

PAGE: Final = 250
"""Calls read at a time: their arguments are held in memory together."""
CALLS: Final = (
    f"select {rows.CALL_OF_REQUEST}, c.verdict as verdict, c.snapshot as snapshot, c.state as state, "
    "r.id as request_id, r.status as status, r.opened_ts as opened_ts, r.due_ts as due_ts "
    "from calls c left join requests r on r.call_id = c.id and r.kind = 'gate' "
    f"where c.upstream <> '{OWN}' and c.state <> 'proposed' and c.ts >= :since and (c.ts, c.id) > (:ts, :id) "
    "order by c.ts, c.id limit :limit"
)
WORDS: Final = (
    "select a.seq, a.ts, a.call_id, a.request_id, a.body, r.kind, r.grp, r.opened_ts, r.escalated_ts, "
    "r.escalated_from "
    "from audit a left join requests r on r.id = a.request_id "
    "where a.event in ('request.decided', 'sample.reviewed') and a.seq > :seq and a.ts >= :since "
    "order by a.seq limit :limit"
)


def calls(tx: Tx, since: str, after: Past | None) -> list[Past]:
    """Calls from a time on (RFC 3339), in the order in which they came."""
    ts, id_ = ("", "") if after is None else (after.call.ts, after.call.id)
    return [_past(row) for row in tx.all(CALLS, since=since, ts=ts, id=id_, limit=PAGE)]


def words(tx: Tx, since: str, seq: int) -> tuple[list[Word], int]:
    """Words from a time on, and the `seq` to go on from; the times are those of the gate, not of who spoke."""
    found = tx.all(WORDS, since=since, seq=seq, limit=PAGE)
    return [_word(row) for row in found], found[-1]["seq"] if found else seq


def _past(row: Row) -> Past:
    call, verdict = rows.to_call(row, "c_"), rows.value(row["verdict"])
    held = None
    if row["request_id"] is not None:
        held = Held(
            id=row["request_id"],
            status=RequestStatus(row["status"]),
            group=verdict["route"],
            opened=parse_rfc3339(row["opened_ts"]),
            due=parse_rfc3339(row["due_ts"]),
        )
    at = parse_rfc3339(call.ts)
    return Past(call, at, CallState(row["state"]), verdict, row["snapshot"], held)


def _word(row: Row) -> Word:
    body, at = json.loads(row["body"]), parse_rfc3339(row["ts"])
    came, group = _stage(row, at)
    return Word(
        call_id=row["call_id"] or "",
        request_id=row["request_id"] or "",
        kind=row["kind"] or "",
        said=str(body["data"].get("decision", "")),
        by=str(body.get("approver_id", "")),
        at=at,
        group=group,
        tool=f"{body.get('upstream', '')}.{body.get('tool', '')}",
        came=came,
        final=bool(body["data"].get("final")),
    )


def _stage(row: Row, at: float) -> tuple[float, str]:
    """When the request came to the group that the word was said in, and which that was."""
    if row["opened_ts"] is None:
        return at, ""
    if not row["escalated_ts"]:
        return parse_rfc3339(row["opened_ts"]), row["grp"]
    escalated = parse_rfc3339(row["escalated_ts"])
    return (escalated, row["grp"]) if at >= escalated else (parse_rfc3339(row["opened_ts"]), row["escalated_from"])
