"""Whose a task is: ids that upstreams gave out, known only to the client that was given them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from mcp_gate.lang.recent import Recent
from mcp_gate.model.outcome import Ran


@dataclass(frozen=True, slots=True)
class Owned:
    """A task at an upstream, under the upstream's own id."""

    upstream: str
    id: str
    ran: Ran
    """The call that it goes on with: what it comes to is looked at as that call's result."""


class Owners:
    """Tasks by client and by the id the client knows; that is the upstream's own unless another upstream used it."""

    def __init__(self) -> None:
        self._tasks: Recent[tuple[str, str], Owned] = Recent()
        self._public: Recent[tuple[str, str, str], str] = Recent()

    def keep(self, client: str, upstream: str, id: str, ran: Ran) -> str:
        """Remember a task and say under which id its client will know it."""
        known = self._public.get((client, upstream, id))
        if known is not None:
            return known
        public = id if self._tasks.get((client, id)) is None else f"t-{os.urandom(16).hex()}"
        self._tasks.put((client, public), Owned(upstream, id, ran))
        self._public.put((client, upstream, id), public)
        return public

    def find(self, client: str, public: str) -> Owned | None:
        """The task behind an id; None also where it is another client's."""
        return self._tasks.get((client, public))

    def public(self, client: str, upstream: str, id: str) -> str | None:
        """The id under which a client knows a task of an upstream."""
        return self._public.get((client, upstream, id))
