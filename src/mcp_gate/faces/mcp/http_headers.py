"""What the headers of a request may be before anyone looks at its body, and whether they agree with the body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mcp_gate.gate.protocol import (
    CAPABILITIES_KEY,
    HANDSHAKE_VERSIONS,
    VERSION_KEY,
)
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.wire import headers
from mcp_gate.wire.errors import INVALID_PARAMS, INVALID_REQUEST, NOT_ADMITTED, RpcError
from mcp_gate.wire.message import Request, RequestId

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"

_ONCE: Final = frozenset(
    {
        "host", "origin", "authorization", "content-type", "content-encoding", "content-length", "transfer-encoding",
        "last-event-id", headers.SESSION,
    }
)  # fmt: skip
"""Two readers could read these in two ways if they came twice. MCP's own are compared with the body later."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Refusal(Exception):
    """A request that is not served: an HTTP status, and a JSON-RPC error as its body."""

    def __init__(
        self, status: int, error: RpcError, *, id: RequestId | None = None, extra: Mapping[str, str] | None = None
    ) -> None:
        """
        Args:
            id: of the request that is refused, where it could be read.
            extra: headers of the answer.
        """
        super().__init__(error.message)
        self.id = id
        self.status = status
        self.error = error
        self.extra = dict(extra or {})


def refused(status: int, message: str, code: int = INVALID_REQUEST) -> Refusal:
    """A refusal with an HTTP status and one sentence for the client."""
    return Refusal(status, RpcError(code, message))


class Head:
    """The headers of one request, each name once."""

    __slots__ = ("_values", "twice")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """
        Raises:
            Refusal: 400, a header stands there twice that must not.
        """
        self._values: dict[str, str] = {}
        self.twice: set[str] = set()
        for key, value in raw:
            name = key.decode("latin-1")
            text = value.decode("latin-1")
            if name in self._values:
                self.twice.add(name)
                text = f"{self._values[name]}, {text}"
            self._values[name] = text
        for name in self.twice & _ONCE:
            raise refused(400, f"Bad request: the header {name} stands there twice")

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    @property
    def values(self) -> Mapping[str, str]:
        """By lower-case name."""
        return self._values

    @property
    def streams_first(self) -> bool:
        """Whether the client names a stream of events before plain JSON among what it takes."""
        accept = (self._values.get("accept") or "").lower()
        return -1 < accept.find(EVENTS) < accept.find(JSON)

    @property
    def stateless(self) -> bool:
        """Whether the request belongs to the stateless era, or to none that is known."""
        version = self._values.get(headers.VERSION)
        return version is not None and version not in HANDSHAKE_VERSIONS


def check_address(head: Head, port: int) -> None:
    """Nobody's browser is let in from another page, under whatever name it found us.

    Raises:
        Refusal: 421, the Host is not a loopback name with our port; 403, the Origin is another.
    """
    hosts = {f"{name}:{port}" for name in _LOOPBACK}
    if port == _DEFAULT_PORTS["http"]:
        hosts.update(_LOOPBACK)
    host = head.get("host")
    if host is None or host.lower() not in hosts:
        raise refused(421, "Misdirected request: this is not the host you asked for")
    origin = head.get("origin")
    if origin is not None and origin.lower() not in {f"{scheme}://{one}" for one in hosts for scheme in _DEFAULT_PORTS}:
        raise refused(403, "Forbidden: pages of other origins may not speak to this gate")


def token_of(head: Head) -> str:
    """The bearer token.

    Raises:
        Refusal: 401, there is none.
    """
    scheme, _, token = (head.get("authorization") or "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise unauthorized()
    return token


def unauthorized() -> Refusal:
    """The same answer whatever was wrong."""
    error = RpcError(NOT_ADMITTED, "Unauthorized: show the agent's token (Authorization: Bearer …)")
    return Refusal(401, error, extra={"www-authenticate": "Bearer"})


def check_content(head: Head) -> None:
    """
    Raises:
        Refusal: 415, the body is not plain JSON.
    """
    kind, *parameters = (part.strip().lower() for part in (head.get("content-type") or "").split(";"))
    if kind != JSON or any(part not in ("charset=utf-8", 'charset="utf-8"', "") for part in parameters):
        raise refused(415, "Unsupported media type: send application/json in UTF-8")
    if (head.get("content-encoding") or "identity").lower() != "identity":
        raise refused(415, "Unsupported media type: send the body without content encoding")


def check_accept(head: Head, *kinds: str) -> None:
    """
    Raises:
        Refusal: 406, the client does not take an answer of one of these kinds.
    """
    taken = {part.partition(";")[0].strip().lower() for part in (head.get("accept") or "").split(",")}
    for kind in kinds:
        if not taken & {kind, kind.partition("/")[0] + "/*", "*/*"}:
            raise refused(406, f"Not acceptable: accept {' and '.join(kinds)}")


def check_envelope(head: Head, request: Request) -> None:
    """Headers and body of a request of the stateless era say the same. What is decided on is the body.

    Raises:
        Refusal: 400: -32602, the envelope is not whole; -32020, they differ.
    """
    for name in (headers.VERSION, headers.METHOD, headers.NAME):
        if name in head.twice:
            raise _mismatch(f"the header {name} stands there twice")
    params = request.params or {}
    meta = params.get("_meta")
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if not isinstance(meta, dict) or key not in meta]
    if missing or not isinstance(meta, dict):
        raise refused(400, f"Invalid params: params._meta lacks {' and '.join(missing)}", INVALID_PARAMS)
    if head.get(headers.VERSION) != meta[VERSION_KEY]:
        raise _mismatch(f"the header {headers.VERSION} does not match the envelope's protocol version")
    if head.get(headers.METHOD) != request.method:
        raise _mismatch(f"the header {headers.METHOD} does not match the method")
    named = headers.name_of(request.method, params)
    if named is not None and headers.decode(head.get(headers.NAME) or "") != named:
        raise _mismatch(f"the header {headers.NAME} does not match the body")


def check_params(head: Head, repeated: tuple[headers.Repeated, ...], arguments: Json) -> None:
    """
    Raises:
        Refusal: 400, -32020: an argument and its `Mcp-Param-*` header differ.
    """
    for one in repeated:
        if one.header in head.twice:
            raise _mismatch(f"the header {one.header} stands there twice")
    why = headers.param_mismatch(repeated, arguments, head.values)
    if why is not None:
        raise _mismatch(why)


def _mismatch(why: str) -> Refusal:
    return refused(400, f"Header mismatch: {why}", headers.HEADER_MISMATCH)


def error_body(id: Json, error: RpcError) -> JsonObject:
    """A JSON-RPC error as the body of an answer."""
    return {"jsonrpc": "2.0", "id": id, "error": error.as_json()}
