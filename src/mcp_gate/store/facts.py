"""What the policy asks of an agent's past on every call, held in memory: asking costs no query and no thread."""

from __future__ import annotations

from mcp_gate.model.call import Call
from mcp_gate.store.database import Tx


class History:
    """Two small sets, loaded at start. They belong to the event loop, and know of the end of a call as soon as it is on
    its way to the record, so that an agent cannot call again before its own failure counts."""

    def __init__(self, executed: set[tuple[str, str, str]], failed: dict[tuple[str, str], int]) -> None:
        self._executed = executed
        self._failed = failed

    @classmethod
    def load(cls, tx: Tx) -> History:
        """Load what the last gate left."""
        executed = {(r["agent"], r["upstream"], r["tool"]) for r in tx.all("select * from executed")}
        failed = {(r["agent"], r["job_hash"]): int(r["n"]) for r in tx.all("select * from failures")}
        return cls(executed, failed)

    def failures(self, agent: str, job_hash: str) -> int:
        """Failed identical calls since the last one that succeeded."""
        return self._failed.get((agent, job_hash), 0)

    def executed_before(self, agent: str, upstream: str, tool: str) -> bool:
        """Whether the agent ever had this tool executed."""
        return (agent, upstream, tool) in self._executed

    def executed(self, call: Call) -> bool:
        """A call was executed; gives whether that is new."""
        key = (call.agent, call.upstream, call.tool)
        new = key not in self._executed
        self._executed.add(key)
        return new

    def failed(self, call: Call) -> None:
        """A call failed."""
        key = (call.agent, call.job_hash)
        self._failed[key] = self._failed.get(key, 0) + 1

    def succeeded(self, call: Call) -> bool:
        """A call succeeded; gives whether identical ones had failed."""
        return self._failed.pop((call.agent, call.job_hash), None) is not None


def write_executed(tx: Tx, call: Call) -> None:
    """The rows of `History.executed`."""
    tx.run(
        "insert into executed(agent, upstream, tool) values(:agent, :upstream, :tool) on conflict do nothing",
        agent=call.agent, upstream=call.upstream, tool=call.tool,
    )  # fmt: skip


def write_failure(tx: Tx, call: Call) -> None:
    """The rows of `History.failed`."""
    tx.run(
        "insert into failures(agent, job_hash, n) values(:agent, :job_hash, 1) "
        "on conflict(agent, job_hash) do update set n = failures.n + 1",
        agent=call.agent, job_hash=call.job_hash,
    )  # fmt: skip


def write_success(tx: Tx, call: Call) -> None:
    """The rows of `History.succeeded`."""
    tx.run(
        "delete from failures where agent = :agent and job_hash = :job_hash", agent=call.agent, job_hash=call.job_hash
    )
