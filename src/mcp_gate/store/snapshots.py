"""The files behind every policy snapshot that was ever in force; equal files are kept once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from mcp_gate.model.event import Event
from mcp_gate.store.database import Tx


def loaded(
    tx: Tx, now: str, snapshot_id: str, digest: str, files_: Mapping[str, bytes], events: Iterable[Event]
) -> None:
    """Keep the files of a snapshot that is not kept yet, and record that it is in force."""
    known = tx.one("select 1 as yes from snapshots where digest = :digest", digest=digest)
    if known is None:
        _keep(tx, now, snapshot_id, digest, files_)
    for event in events:
        tx.record(event)


def _keep(tx: Tx, now: str, snapshot_id: str, digest: str, files_: Mapping[str, bytes]) -> None:
    tx.run(
        "insert into snapshots(digest, id, loaded_ts) values(:digest, :id, :ts)", digest=digest, id=snapshot_id, ts=now
    )
    for path, body in sorted(files_.items()):
        sha256 = hashlib.sha256(body).hexdigest()
        tx.run(
            "insert into policy_files(sha256, body) values(:sha256, :body) on conflict do nothing",
            sha256=sha256, body=body,
        )  # fmt: skip
        tx.run(
            "insert into snapshot_files(digest, path, sha256) values(:digest, :path, :sha256)",
            digest=digest, path=path, sha256=sha256,
        )  # fmt: skip


def last(tx: Tx) -> dict[str, bytes] | None:
    """The files that were in force last, by path; None: there never were any."""
    row = tx.one("select body from audit where event = 'policy.loaded' order by seq desc limit 1")
    return None if row is None else files(tx, json.loads(row["body"]).get("policy_snapshot", ""))


def files(tx: Tx, snapshot_id: str) -> dict[str, bytes] | None:
    """The files of the newest snapshot with an id, by path; None: there is none."""
    newest = tx.one(
        "select digest from snapshots where id = :id order by loaded_ts desc limit 1",
        id=snapshot_id,
    )
    if newest is None:
        return None
    rows = tx.all(
        "select f.path, p.body from snapshot_files f join policy_files p on p.sha256 = f.sha256 "
        "where f.digest = :digest order by f.path",
        digest=newest["digest"],
    )
    return {row["path"]: bytes(row["body"]) for row in rows}
