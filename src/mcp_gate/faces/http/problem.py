"""Answers: JSON as it is, and RFC 9457 problem documents with a `code`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject

SAFE_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Failure(Exception):
    """A call of the API that gets a problem document for an answer."""

    def __init__(
        self, status: int, code: str, detail: str, fields: tuple[str, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """
        Args:
            detail: one sentence for the caller; it quotes nothing of what was sent.
            headers: of the answer.
        """
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = fields
        self.headers = dict(headers or {})


def answer(value: JsonObject, status: int = 200) -> Response:
    """JSON; integers digit by digit, lone surrogates as `\\udXXX`."""
    return Response(strictjson.dumps(value), status, SAFE_HEADERS, "application/json")


def problem(failure: Failure) -> Response:
    """The problem document of a failure."""
    document: JsonObject = {
        "type": "about:blank",
        "title": HTTPStatus(failure.status).phrase,
        "status": failure.status,
        "detail": failure.detail,
        "code": failure.code,
    }
    if failure.fields:
        document["fields"] = list(failure.fields)
    sent = {**SAFE_HEADERS, **failure.headers}
    return Response(strictjson.dumps(document), failure.status, sent, "application/problem+json")
