"""What all conversations of one gate share, and what a restart may forget."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mcp_gate.gate.links import SharedLinks
from mcp_gate.gate.overdue import Overdue
from mcp_gate.gate.owners import Owners
from mcp_gate.gate.relay import Relay
from mcp_gate.gate.routes import Routes
from mcp_gate.gate.state import States
from mcp_gate.lang.recent import Recent
from mcp_gate.model.foreign import JsonObject

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate
    from mcp_gate.gate.surfaces.tools import Shown


class Memory:
    """One a gate."""

    def __init__(self, gate: Gate) -> None:
        self.owners = Owners()
        self.states = States(gate)
        self.relay = Relay(gate, self.owners, "")
        """Of the connections that clients of the stateless era share."""
        gate.upstreams.inbound = self.relay
        self.routes = Routes()
        """Of the same connections."""
        self.relay.on_changed.append(self.routes.forget)
        self.links = SharedLinks(gate)
        self.tools: Recent[tuple[str, str], Shown] = Recent(64)
        """Lists of tools as shown, by upstream and agent."""
        self.overdue = Overdue()
        self.settled: Recent[tuple[str, str], tuple[str, JsonObject]] = Recent()
        """Tasks of the gate's own that have ended, by agent and id: which session was told, and what."""
        self.eras: tuple[str, bool] = ("", False)
        """Snapshot, and whether all its upstreams spoke the stateless protocol when a client first asked for it."""


_memories: WeakKeyDictionary[Gate, Memory] = WeakKeyDictionary()


def memory_of(gate: Gate) -> Memory:
    """The memory of a gate, made when first asked for."""
    memory = _memories.get(gate)
    if memory is None:
        memory = _memories[gate] = Memory(gate)
    return memory
