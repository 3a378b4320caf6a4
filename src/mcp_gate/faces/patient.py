"""HTTP connections whose servers are patient with nobody who only holds one."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mcp_gate.faces.strict import StrictConnection

MOST_HEADER_BYTES: Final = 65_536
HEADER_SEC: Final = 10.0
"""From the first byte of a connection, or of its next request, to the end of the headers."""


class Server(uvicorn.Server):
    """Signals are the gate's business."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Patient(H11Protocol):
    """A connection whose headers have to come in time, and that makes room for others while it has no request."""

    def __init__(self, idle: dict[Patient, None], most: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection(h11.SERVER, MOST_HEADER_BYTES)
        self._idle = idle
        """All connections of the server without a request, longest first."""
        self._most = most
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._idle[self] = None
        self._expect()
        if len(self.connections) > self._most:
            oldest = next(iter(self._idle), self)
            oldest.drop()

    def data_received(self, data: bytes) -> None:
        if self._deadline is None and not self._busy:
            self._expect()
        super().data_received(data)
        if self._busy:
            self._idle.pop(self, None)
            self._expect_nothing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._busy and not self.transport.is_closing():
            self._idle[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._idle.pop(self, None)
        self._expect_nothing()
        super().connection_lost(exc)

    def drop(self) -> None:
        """Close at once."""
        self._idle.pop(self, None)
        if self.transport is not None:
            self.transport.abort()

    @property
    def _busy(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _expect(self) -> None:
        self._deadline = self.loop.call_later(HEADER_SEC, self.drop)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def patient(most: int, kind: type[Patient] = Patient) -> Any:
    """What one server takes for its protocol's class: at most so many connections, of which the one that has been
    without a request longest makes room."""
    idle: dict[Patient, None] = {}

    def protocol(*args: Any, **kwargs: Any) -> Patient:
        return kind(idle, most, *args, **kwargs)

    return protocol
