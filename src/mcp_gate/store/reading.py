"""Requests as they stand, with the calls they are about."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mcp_gate.model.request import SECOND_REVIEW, RecordedDecision, Request, RequestStatus
from mcp_gate.store import calls, looks, rows
from mcp_gate.store.database import NotFound, Row, Tx

TRAIL: Final = 20
"""Calls of the session that a reviewer is shown."""

SELECT: Final = (
    f"select r.*, c.state as c_state, c.result as c_result, {rows.CALL_OF_REQUEST} "
    "from requests r join calls c on c.id = r.call_id"
)
_BRIEF: Final = SELECT.replace(rows.CALL_OF_REQUEST, rows.BRIEF_CALL_OF_REQUEST)
_PAGE: Final = (
    "where (:status = '' or r.status = :status) and (:grp = '' or r.grp = :grp) and "
    "(:groups = '' or r.grp in (select value from json_each(:groups))) and "
    "(:after = '' or (r.opened_ts, r.id) > (select opened_ts, id from requests where id = :after)) "
    "order by r.opened_ts, r.id limit :limit"
)


def need(tx: Tx, request_id: str) -> Request:
    """A request that has to be there.

    Raises:
        NotFound: it is not.
    """
    found = find(tx, request_id)
    if found is None:
        raise NotFound(request_id)
    return found


def find(tx: Tx, request_id: str) -> Request | None:
    """See `RequestTable.find`."""
    row = tx.one(f"{SELECT} where r.id = :id", id=request_id)
    return None if row is None else whole(tx, row)


def page(
    status: RequestStatus | None, group: str | None, groups: frozenset[str] | None, after: str | None, limit: int,
    brief: bool, tx: Tx,
) -> list[Request]:  # fmt: skip
    """See `RequestTable.page`."""
    asked = {
        "status": "" if status is None else status.value, "grp": group or "", "after": after or "", "limit": limit,
        "groups": "" if groups is None else rows.text(sorted(groups)),
    }  # fmt: skip
    found = tx.all(f"{_BRIEF if brief else SELECT} {_PAGE}", **asked)
    if not brief:
        return [whole(tx, row) for row in found]
    said: dict[str, list[RecordedDecision]] = {}
    of_page = f"select * from decisions where request_id in (select r.id from requests r {_PAGE}) order by n"
    for row in tx.all(of_page, **asked):
        said.setdefault(row["request_id"], []).append(rows.to_decision(row))
    return [rows.to_request(row, tuple(said.get(row["id"], ())), ()) for row in found]


def counts(tx: Tx) -> list[tuple[str, str, str, str, int]]:
    """See `RequestTable.counts`."""
    found = tx.all(
        "select status, kind, tier, grp, count(*) as n from requests where consumed = 0 and "
        "status in ('pending', 'approved') group by status, kind, tier, grp order by status, kind, tier, grp"
    )
    return [(row["status"], row["kind"], row["tier"], row["grp"], row["n"]) for row in found]


def unsettled(tx: Tx) -> list[Request]:
    """See `RequestTable.unsettled`."""
    found = tx.all(f"{SELECT} where r.consumed = 0 and r.status in ('pending', 'approved') order by r.due_ts, r.id")
    return [rows.to_request(row, _decisions(tx, row["id"]), ()) for row in found]


def whole(tx: Tx, row: Row) -> Request:
    """A request with its decisions and the trail of its session."""
    trail = calls.trail(tx, row["c_session"], row["c_agent"], TRAIL, without=row["call_id"])
    request = rows.to_request(row, _decisions(tx, row["id"]), tuple(trail))
    return replace(request, before=looks.before(tx, request.call.id)) if request.kind == SECOND_REVIEW else request


def _decisions(tx: Tx, request_id: str) -> tuple[RecordedDecision, ...]:
    found = tx.all("select * from decisions where request_id = :id order by n", id=request_id)
    return tuple(rows.to_decision(row) for row in found)
