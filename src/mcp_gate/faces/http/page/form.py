"""What a form sends: a few named texts, each once."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request as HttpRequest

from mcp_gate.faces.http import body
from mcp_gate.faces.http.problem import Failure

KIND: Final = "application/x-www-form-urlencoded"
MOST_BYTES: Final = 65_536
MOST_FIELDS: Final = 20


async def read_form(http: HttpRequest, *known: str) -> dict[str, str]:
    """The fields of a posted form; those that are not there are "".

    Raises:
        Failure: 415 no plain form, 400 fields that are unknown or stand there twice, and as `body.read`.
    """
    kind, *parameters = (part.strip().lower() for part in http.headers.get("content-type", "").split(";"))
    if kind != KIND or any(part not in ("charset=utf-8", "") for part in parameters):
        raise Failure(415, "not_a_form", f"send {KIND} in UTF-8")
    if http.headers.get("content-encoding", "identity").lower() != "identity":
        raise Failure(415, "encoded", "send the body without content encoding")
    data = await body.read(http, MOST_BYTES)
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Failure(400, "bad_form", "this is not a form") from None
    found = dict(pairs)
    if len(found) < len(pairs) or found.keys() - set(known):
        raise Failure(400, "bad_form", "a field is unknown, or stands there twice")
    return {name: found.get(name, "") for name in known}
