"""The review API from the outside, for commands and the screen: synchronous, standard library only, quick to import."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote, urlencode

from mcp_gate.lang.times import rfc3339
from mcp_gate.model.foreign import JsonObject

if TYPE_CHECKING:
    from mcp_gate.faces.signing import Signer

SOCKET: Final = "review.sock"
"""Name of the review socket in the state directory."""
SILENCE_SEC: Final = 35.0
"""An event stream that says nothing for so long is dead: the gate sends a comment every ten seconds."""


class Unreachable(Exception):
    """No gate answers (exit 3). The text says where it was looked for, and what to do."""


class Problem(Exception):
    """The gate answered with a problem document: it refused, or does not know what was asked for."""

    def __init__(self, status: int, code: str, detail: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.status = status
        """HTTP status: 404 unknown id, 403, 409 and 422 refused."""
        self.code = code
        """`already_decided`, `not_in_group`, … (contract 7 and 9)."""
        self.detail = detail
        """One sentence for the person."""
        self.fields = fields
        """Fields of the decision that are missing or wrong."""


class ReviewClient:
    """Calls one running gate over `review.sock`. One connection a call, so that it may be used from any thread.

    All methods raise `Unreachable` when no gate answers and `Problem` when it refuses.
    """

    def __init__(
        self, state_dir: Path, *, token: str | None = None, timeout: float = 10.0, signer: Signer | None = None
    ) -> None:
        """
        Args:
            token: a reviewer's token; without one the gate takes `approver_id` at its word (assurance `session`).
            timeout: seconds for one answer.
            signer: signs every decision that is posted (assurance `signed`).
        """
        self.path = state_dir / SOCKET
        self._token = token
        self._timeout = timeout
        self.signer = signer

    @property
    def proof(self) -> str:
        """How decisions made over it prove whose they are: `session`, `token` or `signed`."""
        if self.signer is not None:
            return "signed"
        return "session" if self._token is None else "token"

    # ---- requests, in the words of the contract

    def requests(self, *, status: str | None = "pending", group: str | None = None) -> Iterator[JsonObject]:
        """All requests, oldest first, page by page. `status` None: whatever their status."""
        for page in self._pages(status=status, group=group):
            yield from page

    def brief(self) -> Iterator[list[JsonObject]]:
        """All that is pending, without what may be large, in pages of up to a thousand."""
        return self._pages(status="pending", brief="true")

    def _pages(self, **query: str | None) -> Iterator[list[JsonObject]]:
        after: str | None = None
        while True:
            page = self.get("/v1/requests", **query, after=after)
            yield page["requests"]
            after = page["next"]
            if after is None:
                return

    def request(self, request_id: str, *, personal: bool = False) -> JsonObject:
        """One request (contract 7).

        Args:
            personal: have it say what among its arguments should be covered.
        """
        return self.get(f"/v1/requests/{_segment(request_id)}", personal="true" if personal else None)

    def decide(self, request: JsonObject, decision: str, approver_id: str, reason: str | None = None) -> JsonObject:
        """Post a person's word on a request as it was shown; the request as it is afterwards."""
        body = decision_body(request, decision, approver_id, reason)
        return self.post(f"/v1/requests/{_segment(request['id'])}/decision", body)

    def redact(self, request: JsonObject, fields: Sequence[str], approver_id: str, reason: str | None) -> JsonObject:
        """Release a withheld result without what was found in it and without these fields."""
        body = decision_body(request, "redact", approver_id, reason)
        if fields:
            body["arguments"] = {"fields": list(fields)}
        return self.post(f"/v1/requests/{_segment(request['id'])}/decision", body)

    def reveal(self, request_id: str, approver_id: str) -> JsonObject:
        """A withheld result as it came; the gate records who saw it."""
        found: JsonObject = self.post(f"/v1/requests/{_segment(request_id)}/reveal", {"approver_id": approver_id})
        return found

    def false_positive(self, request_id: str, findings: Sequence[int], approver_id: str) -> JsonObject:
        """Say of findings in a withheld result that they are none."""
        body: JsonObject = {"approver_id": approver_id, "findings": list(findings)}
        return self.post(f"/v1/requests/{_segment(request_id)}/false-positive", body)

    def claim(self, request_id: str, approver_id: str) -> JsonObject:
        return self.post(f"/v1/requests/{_segment(request_id)}/claim", {"approver_id": approver_id})

    def release_claim(self, request_id: str, approver_id: str) -> JsonObject:
        return self.post(f"/v1/requests/{_segment(request_id)}/release-claim", {"approver_id": approver_id})

    def extend(self, request_id: str, approver_id: str, seconds: int) -> JsonObject:
        body: JsonObject = {"approver_id": approver_id, "seconds": seconds}
        return self.post(f"/v1/requests/{_segment(request_id)}/extend", body)

    def edit(self, request: JsonObject, arguments: JsonObject, approver_id: str, reason: str | None) -> JsonObject:
        """Approve a request with other arguments than it was shown with."""
        body = {**decision_body(request, "edit", approver_id, reason), "arguments": arguments}
        return self.post(f"/v1/requests/{_segment(request['id'])}/decision", body)

    def escalate(self, request_id: str, approver_id: str, reason: str = "") -> JsonObject:
        body: JsonObject = {"approver_id": approver_id, "reason": reason}
        return self.post(f"/v1/requests/{_segment(request_id)}/escalate", body)

    # ---- any route

    def get(self, path: str, **query: str | int | None) -> JsonObject:
        """GET; parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: JsonObject) -> JsonObject:
        if self.signer is not None and path.endswith("/decision"):
            from mcp_gate.faces.signing import CannotSign, signed

            request_id = unquote(path.split("/")[-2])
            try:
                body = signed(self.signer, body, request_id, self.get("/v1/status")["gate_id"])
            except CannotSign as error:
                raise Problem(400, "not_signed", f"{error}. Nothing was decided.") from None
        return self._call("POST", path, json.dumps(body).encode())

    def events(self, reviewer: str | None = None) -> Events:
        """The gate's event stream from now on (server-sent events).

        Args:
            reviewer: who counts as having the queue open while the stream lasts.
        """
        target = "/v1/events" if reviewer is None else f"/v1/events?{urlencode({'as': reviewer})}"
        try:
            return Events(self._connect(SILENCE_SEC), target, self._headers())
        except (OSError, HTTPException) as e:
            raise Unreachable(_why(self.path, e)) from None

    def _headers(self) -> dict[str, str]:
        headers = {"Host": "localhost", "Accept": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _connect(self, timeout: float) -> HTTPConnection:
        return _UnixConnection(self.path, timeout)

    def _call(self, method: str, target: str, body: bytes | None) -> JsonObject:
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = self._connect(self._timeout)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return _answer(response, response.read())
        except (OSError, HTTPException) as e:
            raise Unreachable(_why(self.path, e)) from None
        finally:
            connection.close()


class Events:
    """Messages of the gate, `{"event": "request.opened", "request_id": …, "group": …, "status": …}`, as they come.

    Iterating blocks; `close` from another thread ends it. `{"event": "resync"}` means that messages were lost: read
    everything anew. When the gate goes away the iteration raises `Unreachable`.
    """

    def __init__(self, connection: HTTPConnection, target: str, headers: dict[str, str]) -> None:
        self._connection = connection
        self._closed = False
        try:
            connection.request("GET", target, None, {**headers, "Accept": "text/event-stream"})
            self._socket = connection.sock
            self._response = connection.getresponse()
            if self._response.status != 200:
                _answer(self._response, self._response.read())
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[JsonObject]:
        try:
            for line in self._response:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])
        except (OSError, HTTPException, ValueError) as e:
            if not self._closed:
                raise Unreachable(f"the gate's events ended: {e}") from None
        if not self._closed:
            raise Unreachable("the gate's events ended")

    def close(self) -> None:
        """End the stream; may be called from any thread and more than once."""
        if not self._closed:
            self._closed = True
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._connection.close()


class _UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.timeout)
            sock.connect(os.fspath(self._path))
        except BaseException:
            sock.close()
            raise
        self.sock = sock


def decision_body(request: JsonObject, decision: str, approver_id: str, reason: str | None = None) -> JsonObject:
    """What is posted for a decision on `request`: its hashes as they were shown to the person (contract 7)."""
    body: JsonObject = {
        "decision": decision,
        "approver_id": approver_id,
        "job_hash": request["call"]["job_hash"],
        "policy_snapshot": request["verdict"]["policy_snapshot"],
        "decision_ts": rfc3339(time.time()),
        "nonce": os.urandom(16).hex(),
    }
    return body if reason is None else {**body, "reason": reason}


def _segment(text: str) -> str:
    return quote(text, safe="")


def _answer(response: HTTPResponse, body: bytes) -> JsonObject:
    try:
        value = json.loads(body)
    except ValueError:
        raise Unreachable("what answers on the review socket is not a gate") from None
    if not isinstance(value, dict):
        raise Unreachable("what answers on the review socket is not a gate")
    if response.status >= 400:
        detail = str(value.get("detail") or value.get("title") or f"HTTP {response.status}")
        fields = tuple(str(name) for name in value.get("fields", ()))
        raise Problem(response.status, str(value.get("code", "")), detail, fields)
    return value


def _why(path: Path, error: Exception) -> str:
    match error:
        case FileNotFoundError() | ConnectionRefusedError():
            return f"no gate runs at {path}; start one with 'mcp-gate serve'"
        case PermissionError():
            return f"the gate at {path} belongs to another user"
        case TimeoutError():
            return f"the gate at {path} does not answer"
        case _:
            return f"the gate at {path} cannot be reached: {error}"
