"""What calls come to over time, kept in memory in step with the record."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import partial

from mcp_gate.lang.conditions import Window
from mcp_gate.model.call import Unknown
from mcp_gate.signals.windows import Deed
from mcp_gate.store.counted import Counted
from mcp_gate.store.database import Database


class CallWindows:
    """The windows of the policy in force."""

    def __init__(self, database: Database, counted: Counted) -> None:
        self._db = database
        self._counted = counted

    async def open(self, windows: Iterable[Window]) -> None:
        """Count calls for these windows too, those on the record included. Before a policy is in force that asks.

        Raises:
            Unavailable: the record cannot be read; they are not counted for.
        """
        fresh = self._counted.open(windows)
        if fresh:
            try:
                await self._db.write(partial(self._counted.load, tallies=fresh), reads_record=True)
            except BaseException:
                self._counted.drop(fresh)
                raise

    def keep(self, windows: Iterable[Window]) -> None:
        """Count for these windows alone."""
        self._counted.keep(windows)

    def values(self, windows: tuple[Window, ...], deed: Deed, job_hash: str) -> dict[str, Decimal | Unknown]:
        """What open windows come to with a call that is being decided, by their texts. From memory.

        The call counts in them once it is given to `Store.begin` or `RequestTable.open`: until then nothing may be
        awaited.
        """
        return self._counted.values(windows, deed, job_hash)
