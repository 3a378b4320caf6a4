"""Sessions that were given something nobody vouches for: a result of a tool that the admin marked with `taint`, or one
that reads like instructions. Rules see it in the session's later calls."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from mcp_gate.model.call import Call
from mcp_gate.policy.mapping import UpstreamMapping

MOST: Final = 100_000
"""Sessions that are remembered; the ones that ended long ago go first."""


class Taint:
    """Those of one gate. A session ends with the gate, and with it what was known of it."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, None] = OrderedDict()

    def of(self, session: str) -> bool:
        """Whether a session was given something that nobody vouches for."""
        return session in self._sessions

    def still(self, call: Call) -> bool:
        """Of a call that waits: once tainted it stays so, also over a restart."""
        return call.signals.get("tainted") is True or self.of(call.session)

    def handed_on(self, call: Call, session: str, mappings: Mapping[str, UpstreamMapping]) -> None:
        """A result went to a session that made the same call; what taints the call's own does so there, too."""
        if session != call.session:
            self.delivered(replace(call, session=session), mappings, suspicious=self.of(call.session))

    def told_too(self, told: str, session: str) -> None:
        """A session gets what was told to another one, or what that one's work came to."""
        if session != told and self.of(told):
            self._taint(session)

    def delivered(self, call: Call, mappings: Mapping[str, UpstreamMapping], *, suspicious: bool) -> None:
        """A result went to the session of its call."""
        mapping = mappings[call.upstream].of(call.tool, call.method) if call.upstream in mappings else None
        if suspicious or (mapping is not None and mapping.taint):
            self._taint(call.session)

    def _taint(self, session: str) -> None:
        self._sessions[session] = None
        self._sessions.move_to_end(session)
        if len(self._sessions) > MOST:
            self._sessions.popitem(last=False)
