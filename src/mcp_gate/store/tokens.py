"""Tokens and, sealed, what they stand for. They expire."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from functools import partial

from mcp_gate.store.database import Database, Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """One token of one session."""

    token: str
    entity: str
    sealed: bytes
    expires_ts: str


class TokenTable:
    """All of one store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def of(self, agent: str, session: str, now: str) -> list[Kept]:
        """Those of a session that have not expired, oldest first."""
        return await self._db.read(partial(_of, agent, session, now))

    def keep(self, agent: str, session: str, tokens: Sequence[Kept], now: str) -> Awaitable[None]:
        """Remember tokens, or that they live longer, and forget what has expired. Lazy."""
        return self._db.write(partial(_keep, agent, session, tuple(tokens), now), lazy=True)


def _of(agent: str, session: str, now: str, tx: Tx) -> list[Kept]:
    found = tx.all(
        "select * from tokens where agent = :agent and session = :session and expires_ts > :now order by rowid",
        agent=agent, session=session, now=now,
    )  # fmt: skip
    return [Kept(row["token"], row["entity"], bytes(row["sealed"]), row["expires_ts"]) for row in found]


def _keep(agent: str, session: str, tokens: tuple[Kept, ...], now: str, tx: Tx) -> None:
    tx.run("delete from tokens where expires_ts <= :now", now=now)
    for one in tokens:
        tx.run(
            "insert into tokens(agent, session, token, entity, sealed, expires_ts) "
            "values(:agent, :session, :token, :entity, :sealed, :expires_ts) "
            "on conflict(agent, session, token) do update set expires_ts = excluded.expires_ts",
            agent=agent, session=session, token=one.token, entity=one.entity, sealed=one.sealed,
            expires_ts=one.expires_ts,
        )  # fmt: skip
