"""The client's side of a conversation, as a face offers it."""

from __future__ import annotations

from typing import Protocol

from mcp_gate.model.foreign import JsonObject


class Front(Protocol):
    """How a conversation reaches its client outside of any request.

    Both write in the order in which they are called: what was notified first arrives first.
    """

    def notify(self, method: str, params: JsonObject | None) -> None:
        """Send a notification; where there is no way to the client it is dropped."""
        ...

    async def request(self, method: str, params: JsonObject | None) -> JsonObject:
        """Ask the client; cancelling the awaiting task withdraws the question.

        Raises:
            RpcError: the client's own error, or that there is no way to ask it.
        """
        ...


class RequestFront(Front, Protocol):
    """Bound to one request in flight; over HTTP it is that request's own stream of events."""

    @property
    def id(self) -> int | str:
        """The client's id of the request: 1 and "1" are two."""
        ...
