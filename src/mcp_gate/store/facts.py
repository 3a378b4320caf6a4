"""What the policy asks of an agent's past on every call, held in memory: asking costs no query and no thread."""

from __future__ import annotations

from mcp_gate.store.database import Tx


class History:
    """Two small sets, loaded at start, changed only by transactions that are durable.

    Bodies run in the writer's thread and readers in the event loop's: each step here is one operation on a dict or
    set, which the interpreter keeps whole.
    """

    def __init__(self, executed: set[tuple[str, str, str]], failed: dict[tuple[str, str], int]) -> None:
        self._executed = executed
        self._failed = failed
        self._touched = set(failed)
        """Every pair that may have a row in `failures`, those of a transaction under way included."""

    @classmethod
    def load(cls, tx: Tx) -> History:
        executed = {(r["agent"], r["upstream"], r["tool"]) for r in tx.all("select * from executed")}
        failed = {(r["agent"], r["job_hash"]): int(r["n"]) for r in tx.all("select * from failures")}
        return cls(executed, failed)

    def failures(self, agent: str, job_hash: str) -> int:
        return self._failed.get((agent, job_hash), 0)

    def executed_before(self, agent: str, upstream: str, tool: str) -> bool:
        return (agent, upstream, tool) in self._executed

    def note_executed(self, tx: Tx, agent: str, upstream: str, tool: str) -> None:
        key = (agent, upstream, tool)
        if key in self._executed:
            return
        tx.run(
            "insert into executed(agent, upstream, tool) values(:agent, :upstream, :tool) on conflict do nothing",
            agent=agent, upstream=upstream, tool=tool,
        )  # fmt: skip
        tx.after(lambda: self._executed.add(key))

    def note_failure(self, tx: Tx, agent: str, job_hash: str) -> None:
        key = (agent, job_hash)
        self._touched.add(key)
        row = tx.one(
            "insert into failures(agent, job_hash, n) values(:agent, :job_hash, 1) "
            "on conflict(agent, job_hash) do update set n = failures.n + 1 returning n",
            agent=agent, job_hash=job_hash,
        )  # fmt: skip
        count = int(row["n"]) if row is not None else 1
        tx.after(lambda: self._failed.__setitem__(key, count))

    def note_success(self, tx: Tx, agent: str, job_hash: str) -> None:
        key = (agent, job_hash)
        if key not in self._touched:
            return
        tx.run("delete from failures where agent = :agent and job_hash = :job_hash", agent=agent, job_hash=job_hash)
        tx.after(lambda: self._forget(key))

    def _forget(self, key: tuple[str, str]) -> None:
        self._failed.pop(key, None)
        self._touched.discard(key)
