"""JSON-RPC errors."""

from __future__ import annotations

from typing import Final

from mcp_gate.model.foreign import Json, JsonObject

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
# -32000 to -32019 are the gate's own; the protocol has reserved what lies below since 2026-07-28.
BUSY: Final = -32000
NOT_ADMITTED: Final = -32001
UPSTREAM_UNREACHABLE: Final = -32002
REFUSED: Final = -32003


class Absent:
    """The type of `ABSENT`: a member that is not there, as opposed to one that is null."""


ABSENT: Final = Absent()


class RpcError(Exception):
    """A JSON-RPC error, of the other side's making or of ours."""

    def __init__(self, code: int, message: str, data: Json = ABSENT, extra: JsonObject | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data
        self._extra = extra or {}

    @classmethod
    def of(cls, error: JsonObject) -> RpcError:
        """From the `error` member of an answer, keeping members that JSON-RPC does not know."""
        code, message = error.get("code"), error.get("message")
        extra = {k: v for k, v in error.items() if k not in ("code", "message", "data")}
        return cls(
            code if type(code) is int else INTERNAL_ERROR,
            message if isinstance(message, str) else "",
            error.get("data", ABSENT),
            extra,
        )

    def as_json(self) -> JsonObject:
        out: JsonObject = {"code": self.code, "message": self.message, **self._extra}
        if self.data is not ABSENT:
            out["data"] = self.data
        return out


class Turned(RpcError):
    """A request that the other side turned away below JSON-RPC, such as by an HTTP status: nobody's own error."""
