"""Recorded decisions against their signatures, and stored ones against the record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from mcp_gate.evidence.attested import unattested
from mcp_gate.model.call import ERASED
from mcp_gate.model.config import ConfigError
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.key import PublicKey
from mcp_gate.policy.load import load
from mcp_gate.policy.snapshot import snapshot
from mcp_gate.store import pins, rows, snapshots
from mcp_gate.store.database import Row, Tx

View: TypeAlias = Callable[[Callable[[Tx], Any]], Any]
"""Runs a body that reads, on a view of its own: so that nobody waits for a long look."""

PAGE: Final = 500
_RECORDS: Final = (
    "select a.seq, a.body, c.arguments, c.job_hash from audit a left join calls c on c.id = a.call_id "
    "where a.event in ('request.decided', 'sample.reviewed') and a.seq > :seq order by a.seq limit :limit"
)
_ROWS: Final = "select d.*, d.rowid as at from decisions d where d.rowid > :at order by d.rowid limit :limit"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A decision that is not what it says."""

    what: str
    request_id: str
    seq: int | None = None
    """Its record; None: it has none."""


class Attested:
    """One look at all decisions there are."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._keys: dict[str, dict[str, tuple[PublicKey, ...]]] = {}
        self.signed = 0
        """Signatures that were checked so far."""

    def doubts(self) -> Iterator[Doubt]:
        """Every record that is not what was signed, then every row that the record does not tell of."""
        gate_id = self._view(lambda tx: pins.meta(tx, "gate_id")) or ""
        told: Counter[tuple[object, ...]] = Counter()
        for row in self._pages(_RECORDS, "seq"):
            record: JsonObject = json.loads(row["body"])
            told[_told(record)] += 1
            what = self._unattested(record, row, gate_id)
            if what:
                yield Doubt(what, str(record.get("request_id", "")), row["seq"])
        for row in self._pages(_ROWS, "at"):
            mark = _stored(row)
            if not told[mark]:
                yield Doubt(f"has a decision of '{row['approver_id']}' that nobody recorded", row["request_id"])
            told[mark] -= 1

    def _pages(self, sql: str, by: str) -> Iterator[Row]:
        last = 0
        while found := self._view(partial(_page, sql=sql, after={by: last})):
            yield from found
            last = found[-1][by]

    def _unattested(self, record: JsonObject, row: Row, gate_id: str) -> str:
        data = record["data"]
        arguments = None
        if data.get("signature") is not None:
            self.signed += 1
        if data.get("decision") == "edit":
            arguments = None if row["arguments"] is None else rows.value(row["arguments"])
            if row["job_hash"] != data.get("edited_job_hash") or ERASED in (arguments or {ERASED}):
                return ""  # it was changed again, or erased: what was signed is not there any more
        elif data.get("decision") == "redact":
            arguments = data.get("arguments")
        keys = self._keys_of(str(record.get("policy_snapshot", ""))).get(str(record.get("approver_id", "")), ())
        return unattested(record, gate_id, keys, arguments)

    def _keys_of(self, snapshot_id: str) -> dict[str, tuple[PublicKey, ...]]:
        """The keys of every reviewer as they were enrolled under a policy; none where its files are not there."""
        known = self._keys.get(snapshot_id)
        if known is None:
            known = self._keys[snapshot_id] = self._read(snapshot_id)
        return known

    def _read(self, snapshot_id: str) -> dict[str, tuple[PublicKey, ...]]:
        files = self._view(lambda tx: snapshots.files(tx, snapshot_id))
        if files is None or snapshot(files).id != snapshot_id:
            return {}
        try:
            return {one.id: one.keys for one in (load(files).settings.reviewers or {}).values()}
        except ConfigError:
            return {}


def _page(tx: Tx, sql: str, after: dict[str, int]) -> list[Row]:
    return tx.all(sql, **after, limit=PAGE)


def _told(record: JsonObject) -> tuple[object, ...]:
    data = record["data"]
    return (
        record.get("request_id"), data.get("decision"), record.get("approver_id"), record.get("decision_ts"),
        record.get("assurance", ""), data.get("nonce", ""), data.get("signature"),
    )  # fmt: skip


def _stored(row: Row) -> tuple[object, ...]:
    return (
        row["request_id"], row["decision"], row["approver_id"], row["decision_ts"], row["assurance"], row["nonce"],
        row["signature"],
    )  # fmt: skip
