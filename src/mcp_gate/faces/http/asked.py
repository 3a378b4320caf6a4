"""Who asks the API for something, and the parameters of what is asked."""

from __future__ import annotations

from starlette.requests import Request as HttpRequest

from mcp_gate.faces.http.guard import VISITOR
from mcp_gate.faces.http.problem import Failure
from mcp_gate.gate.reviewers import Bearer, Identity
from mcp_gate.model.request import RequestStatus


def identity_of(http: HttpRequest) -> Identity:
    """Who is asking, as the guard found out, on routes that are not open to everybody."""
    identity: Identity = http.scope[VISITOR].identity
    return identity


def caller(http: HttpRequest, named: str) -> str:
    """Who says something: the person named, who over TCP has to be the one whose token was shown.

    Raises:
        Failure: 403, he is not.
    """
    identity = identity_of(http)
    if isinstance(identity, Bearer) and identity.reviewer_id != named:
        text = "approver_id is not the reviewer whose token this is"
        raise Failure(403, "unknown_reviewer", text, ("approver_id",))
    return named


def parameters(http: HttpRequest, *known: str) -> dict[str, str]:
    """The query's parameters; empty ones count as not there.

    Raises:
        Failure: 400, an unknown one, or one given twice.
    """
    given = http.query_params.multi_items()
    names = [name for name, _ in given]
    if len(set(names)) < len(names) or set(names) - set(known):
        raise Failure(400, "bad_request", f"this takes no query parameters but {', '.join(known) or 'none'}, each once")
    return {name: value for name, value in given if value}


def one_page(http: HttpRequest) -> None:
    """For a list that is never longer than a page: nothing comes after it.

    Raises:
        Failure: 400, see `parameters`, and for any `after`.
    """
    if parameters(http, "after"):
        raise no_page()


def no_page() -> Failure:
    """The answer to an `after` that no page ended with."""
    return Failure(400, "bad_request", "after has to be the `next` of the page before", ("after",))


def flag(query: dict[str, str], name: str) -> bool:
    """A parameter that is true or false; false where it is not there.

    Raises:
        Failure: 400, it is neither.
    """
    word = query.get(name, "false")
    if word not in ("true", "false"):
        raise Failure(400, "bad_request", f"{name} is true or false", (name,))
    return word == "true"


def status(query: dict[str, str]) -> RequestStatus | None:
    """The status that requests are asked for by; None: whatever it is.

    Raises:
        Failure: 400, it is none.
    """
    if "status" not in query:
        return None
    try:
        return RequestStatus(query["status"])
    except ValueError:
        words = ", ".join(status.value for status in RequestStatus)
        raise Failure(400, "bad_request", f"status is one of {words}", ("status",)) from None
