"""What `upstream.programs` finds gets into the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_gate.upstream.kept import CHANGED, event, keep
from mcp_gate.upstream.programs import differences

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate
    from mcp_gate.upstream.program import Files
    from mcp_gate.upstream.programs import Programs, Replaced


class ProgramRecord:
    """Writes for one gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def attach(self, programs: Programs) -> None:
        """Have it told of what is found."""
        programs.keep = self.first
        programs.on_replaced = self.replaced

    async def first(self, upstream: str, files: Files) -> None:
        """Accept a program at first sight.

        Raises:
            Unavailable: it could not be recorded; it is not to be started.
        """
        await keep(self._gate, upstream, files, differences({}, files))

    def replaced(self, upstream: str, replaced: Replaced) -> None:
        """A program was found that is not the accepted one, and is not started."""
        cure = f"mcp-gate upstreams pin {upstream}"
        self._gate.note(event(self._gate, CHANGED, upstream, replaced.differences, cure=cure))
        self._gate.hub.publish({"event": "tool.changed", "upstream": upstream})
