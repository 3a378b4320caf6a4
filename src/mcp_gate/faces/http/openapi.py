"""`GET /openapi.json`: the review API as OpenAPI 3.1. Paths are read from the routes, so that none is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.routing import BaseRoute, Route

from mcp_gate import __version__
from mcp_gate.faces.http.body import TEXTS
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import RequestStatus

TEXT: Final[JsonObject] = {"type": "string"}
WHOLE: Final[JsonObject] = {"type": "integer"}
TRUTH: Final[JsonObject] = {"type": "boolean"}
ANYTHING: Final[JsonObject] = {"type": "object"}
TIME: Final[JsonObject] = {"type": "string", "format": "date-time"}
TEXTS_LIST: Final[JsonObject] = {"type": "array", "items": TEXT}
AFTER: Final = {"after": {**TEXT, "description": "`next` of the page before"}}


def _schema(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(members: JsonObject, *needed: str, closed: bool = False) -> JsonObject:
    out: JsonObject = {"type": "object", "properties": members}
    if needed:
        out["required"] = list(needed)
    if closed:
        out["additionalProperties"] = False
    return out


def _list(name: str, item: JsonObject) -> JsonObject:
    members = {name: {"type": "array", "items": item}, "next": {"type": ["string", "null"]}}
    return _object(members, name, "next")


APPROVER: Final[JsonObject] = {**TEXT, "maxLength": TEXTS["approver_id"], "description": "who says it"}
REASON: Final[JsonObject] = {**TEXT, "maxLength": TEXTS["reason"]}
SECONDS: Final[JsonObject] = {**WHOLE, "minimum": 1, "maximum": 10**9}
HASHES: Final = {"type": "object", "additionalProperties": TEXT}

SCHEMAS: Final[JsonObject] = {
    "Problem": {
        "description": "RFC 9457, with a `code` that programs read and the names of `fields` that are wrong.",
        **_object(
            {"type": TEXT, "title": TEXT, "status": WHOLE, "detail": TEXT, "code": TEXT, "fields": TEXTS_LIST},
            "type", "title", "status", "detail", "code",
        ),
    },
    "Call": _object(
        {
            "id": TEXT, "agent": TEXT, "session": TEXT, "upstream": TEXT, "tool": TEXT, "listed_name": TEXT,
            "topic": TEXT, "risk_tags": TEXTS_LIST, "arguments": ANYTHING, "attributes": ANYTHING, "job_hash": TEXT,
            "tool_hash": TEXT, "trail": {"type": "array", "items": ANYTHING},
        },
        "id", "agent", "upstream", "tool", "listed_name", "topic", "risk_tags", "job_hash",
    ),
    "Word": _object(
        {"decision": TEXT, "reason": TEXT, "approver_id": TEXT, "decision_ts": TIME, "assurance": TEXT, "final": TRUTH},
        "decision", "approver_id", "decision_ts",
    ),
    "Request": _object(
        {
            "id": TEXT, "kind": TEXT, "status": {"enum": [status.value for status in RequestStatus]},
            "call": _schema("Call"), "verdict": ANYTHING, "tier": {"enum": ["low", "medium", "high"]}, "group": TEXT,
            "needed": WHOLE, "decisions": {"type": "array", "items": _schema("Word")}, "opened_ts": TIME,
            "due_ts": TIME, "escalate_ts": TIME, "claimed_by": TEXT, "assigned_to": TEXT, "waiting": TRUTH,
            "attempts": WHOLE,
        },
        "id", "kind", "status", "call", "verdict", "tier", "group", "opened_ts", "due_ts",
    ),
    "Decision": _object(
        {
            **{name: {**TEXT, "maxLength": longest} for name, longest in TEXTS.items()},
            "decision": {"enum": ["approve", "deny", "edit", "release", "drop", "good", "bad", "incident"]},
            "approver_id": APPROVER, "arguments": {**ANYTHING, "description": "of `edit` alone"},
        },
        "decision", "approver_id", "job_hash", "policy_snapshot", "decision_ts", closed=True,
    ),
    "Approver": _object({"approver_id": APPROVER}, "approver_id", closed=True),
    "Extension": _object({"approver_id": APPROVER, "seconds": SECONDS}, "approver_id", "seconds", closed=True),
    "Said": _object({"approver_id": APPROVER, "reason": REASON}, "approver_id", closed=True),
    "SaidWhy": _object(
        {"approver_id": APPROVER, "reason": {**REASON, "pattern": r"\S"}}, "approver_id", "reason", closed=True
    ),
    "Nothing": _object({}, closed=True),
    "Pins": {**_object({"tools": HASHES, "prompts": HASHES, "program": TEXT}, closed=True), "minProperties": 1},
    "Status": _object(
        {
            "gate_id": TEXT, "status": TEXT, "policy": TEXT, "policy_snapshot": TEXT, "assurance": TEXT,
            "listen": ANYTHING, "upstreams": ANYTHING, "queue": ANYTHING, "gated_share": {"type": "number"},
            "gated_share_target": {"type": "array", "items": {"type": "number"}}, "second_reviews": ANYTHING,
            "reviewers": {"type": "array", "items": ANYTHING},
        },
        "gate_id", "policy", "policy_snapshot", "assurance", "listen", "queue", "gated_share",
    ),
    "Health": _object(
        {
            "status": {"enum": ["ok", "degraded", "failing"]}, "policy": {"enum": ["current", "stale"]},
            "upstreams": ANYTHING,
        },
        "status", "policy",
    ),
}  # fmt: skip

_R, _A, _U = "/v1/requests/{id}", "/v1/agents/{id}", "/v1/upstreams/{id}"
BODIES: Final = {
    f"{_R}/decision": "Decision", f"{_R}/claim": "Approver", f"{_R}/release-claim": "Approver",
    f"{_R}/reveal": "Approver",
    f"{_R}/extend": "Extension", f"{_R}/escalate": "Said", "/v1/calls/{id}/erase": "SaidWhy",
    f"{_A}/promote": "SaidWhy", f"{_A}/demote": "SaidWhy", f"{_A}/incident": "SaidWhy", f"{_A}/stop": "Said",
    f"{_A}/resume": "Said", f"{_U}/pin": "Pins", "/v1/webhooks/{id}/retry": "Nothing", "/v1/stop": "Nothing",
}  # fmt: skip
"""What is posted. A path that does not stand here takes an object."""
ANSWERS: Final[dict[str, JsonObject]] = {
    "/v1/requests": _list("requests", _schema("Request")), _R: _schema("Request"), f"{_R}/decision": _schema("Request"),
    f"{_R}/claim": _schema("Request"), f"{_R}/release-claim": _schema("Request"), f"{_R}/extend": _schema("Request"),
    f"{_R}/escalate": _schema("Request"), "/v1/calls/{id}": _schema("Call"), "/v1/status": _schema("Status"),
    "/healthz": _schema("Health"), **{f"/v1/{name}": _list(name, ANYTHING) for name in (
        "agents", "upstreams", "reviewers", "webhooks"
    )},
}  # fmt: skip
"""What is answered. A path that does not stand here answers an object."""
QUERIES: Final[dict[str, JsonObject]] = {
    "/v1/requests": {
        "status": {"enum": [status.value for status in RequestStatus]}, "group": TEXT, "brief": TRUTH, **AFTER,
    },
    "/v1/agents": AFTER, "/v1/upstreams": AFTER, f"{_U}/tools": AFTER, "/v1/reviewers": AFTER, "/v1/webhooks": AFTER,
    "/v1/events": {"as": {**TEXT, "description": "who watches; over TCP whose token it is"}},
}  # fmt: skip
KINDS: Final = {"/v1/events": "text/event-stream", "/metrics": "text/plain"}
OWN: Final = ("/v1/", "/healthz", "/metrics", "/openapi.json")
"""How paths of the API begin. The page's are for people."""


def openapi(routes: Iterable[BaseRoute]) -> JsonObject:
    """The document."""
    paths: JsonObject = {}
    for route in routes:
        if isinstance(route, Route) and route.path.startswith(OWN):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                paths.setdefault(route.path, {})[method.lower()] = _operation(route, method)
    problem = {"application/problem+json": {"schema": _schema("Problem")}}
    schemes: JsonObject = {
        "token": {"type": "http", "scheme": "bearer", "description": "A reviewer's token; over TCP always."},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mcp-gate review API", "version": __version__,
            "description": "Held calls and the words of reviewers on them. GET never changes anything.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS, "securitySchemes": schemes,
            "responses": {"Problem": {"description": "Why not", "content": problem}},
        },
    }  # fmt: skip


def _operation(route: Route, method: str) -> JsonObject:
    path = route.path
    out: JsonObject = {
        "operationId": "_".join([method.lower(), *path.strip("/").replace("{id}", "one").replace("-", "_").split("/")]),
        "responses": {**_answers(path), "default": {"$ref": "#/components/responses/Problem"}},
    }
    shown = [{"name": "id", "in": "path", "required": True, "schema": TEXT}] if "{id}" in path else []
    shown += [{"name": name, "in": "query", "schema": schema} for name, schema in QUERIES.get(path, {}).items()]
    if shown:
        out["parameters"] = shown
    if method == "POST":
        schema = _schema(BODIES[path]) if path in BODIES else ANYTHING
        out["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return out


def _answers(path: str) -> JsonObject:
    schema = TEXT if path in KINDS else ANSWERS.get(path, ANYTHING)
    content = {"content": {KINDS.get(path, "application/json"): {"schema": schema}}}
    done = {"202" if path == "/v1/stop" else "200": {"description": "Done", **content}}
    return {**done, "503": {"description": "Failing", **content}} if path == "/healthz" else done
