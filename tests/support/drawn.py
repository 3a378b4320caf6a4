"""Gate directories and calls drawn at random, as plain dicts: the product reads them as JSON, `support.naive` as is."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

from support.naive import render

UPSTREAMS: dict[str, Any] = {
    "version": "v1",
    "upstreams": {
        "shop": {
            "command": "shop",
            "prefix": "",
            "tools": {
                "get": {"topic": "job.shop.read", "risk_tags": ["read"]},
                "pay": {
                    "topic": "job.shop.pay",
                    "risk_tags": ["write", "financial"],
                    "attributes": {"amount_usd": "args.amount", "affected_users": "count(args.to)"},
                    "tag_when": [{"when": "args.env = 'prod'", "add": ["prod"]}],
                },
                "drop": {"topic": "job.ops.drop", "risk_tags": ["delete"], "attributes": {"amount_usd": "args.amount"}},
                "bare": {"topic": "job.bare", "risk_tags": []},
                "ops.*": {"topic": "job.ops.{tool}", "risk_tags": ["write", "prod"]},
            },
        }
    },
}
TOOLS = ["get", "pay", "drop", "bare", "ops.run", "ops.x.read", "strange"]
TAGS = ["read", "write", "financial", "prod", "delete", "unmapped"]
GLOBS = ["*", "job.*", "job.shop.*", "*.read", "job.???.*", "job.shop.pay", "JOB.*", "job.ops.*", "unmapped.*", "x"]
DECISIONS = ["allow", "allow_with_constraints", "require_approval", "deny"]
NUMBERS = [0, 1, 2, 3, 99.99, 100, 100.01]
VALUES = [*NUMBERS, -5, "5", "prod", True, None, [1], 10**20]
PATHS = [
    "args.amount", "args.env", "args.deep.x", "attributes.amount_usd", "attributes.nobody", "attributes.retry_count",
]  # fmt: skip


def some(r: Random, pool: list[Any], most: int = 3) -> list[Any]:
    return r.sample(pool, r.randint(1, min(most, len(pool))))


def condition(r: Random, depth: int = 0) -> tuple[Any, ...]:
    kind = r.choice(["and", "or", "not", "null", "in", "=", "=", "<>", "<", ">", "<=", ">="])
    if kind in ("and", "or") and depth < 3:
        return (kind, condition(r, depth + 1), condition(r, depth + 1))
    if kind == "not" and depth < 3:
        return ("not", condition(r, depth + 1))
    if kind == "null":
        return ("null", r.choice(PATHS))
    if kind == "in":
        return ("in", r.choice(PATHS), some(r, [1, 100, 99.99, "prod", "dev"]))
    value = r.choice(["prod", "dev", 0, 1, 100, 99.99]) if kind in ("=", "<>") else r.choice([0, 1, 100, 99.99])
    return (kind if kind in ("=", "<>", "<", ">", "<=", ">=") else "=", r.choice(PATHS), value)


def match(r: Random, permissive: bool) -> dict[str, Any]:
    makers: dict[str, Callable[[], Any]] = {
        "topics": lambda: some(r, GLOBS), "tools": lambda: some(r, ["*", "get", "p*", "ops.*"]),
        "upstreams": lambda: some(r, ["shop", "s*", "other"]), "agents": lambda: some(r, ["bot", "b*", "cat"]),
        "risk_tags": lambda: some(r, TAGS), "risk_tags_all": lambda: some(r, TAGS, 2),
        "risk_tags_none": lambda: some(r, TAGS, 2), "confidence_below": lambda: r.choice([0.5, 0.7, 1]),
        "anomaly_score_above": lambda: r.choice([0.5, 0.8]), "retry_count_above": lambda: r.choice([0, 1, 2]),
        "amount_usd_above": lambda: r.choice(NUMBERS), "affected_users_above": lambda: r.choice([0, 1, 2]),
        "first_time_action": lambda: r.random() < 0.5, "when": lambda: condition(r),
    }  # fmt: skip
    if permissive:
        del makers["confidence_below"]  # an error: what an agent claims lets nothing pass
    return {key: makers[key]() for key in some(r, list(makers))}


def limits(r: Random) -> dict[str, Any]:
    makers: dict[str, Any] = {
        "max_runtime_sec": r.choice([1, 60, 900]), "max_amount_usd": r.choice([0, 99.5, 100]),
        "max_output_bytes": r.choice([1, 1000]), "network_allowlist": some(r, ["a.com", "b.com", "c.com"]),
    }  # fmt: skip
    return {key: makers[key] for key in some(r, list(makers))}


def rule(r: Random, id_: str | None) -> dict[str, Any]:
    decision = r.choice(DECISIONS)
    out: dict[str, Any] = {} if id_ is None else {"id": id_}
    out |= {"match": match(r, decision.startswith("allow")), "decision": decision}
    extras: dict[str, Any] = {
        "constraints": limits(r), "approvals": r.randint(1, 3), "timeout_sec": r.choice([60, 600]),
        "on_timeout": r.choice(["deny", "escalate", "approve"]), "min_assurance": r.choice(["token", "signed"]),
    }  # fmt: skip
    return out | {key: extras[key] for key in extras if r.random() < 0.2}


def documents(r: Random) -> list[dict[str, Any]]:
    """Up to four documents; the last may hold levels, tiers, floors and defaults."""
    out = [{"rules": [rule(r, f"r{d}.{i}") for i in range(r.randint(0, 6))]} for d in range(r.randint(0, 3))]
    last: dict[str, Any] = {}
    if r.random() < 0.5:
        found = [{"id": f"i{i}", "match": match(r, False), "at_least": r.choice(DECISIONS[2:])} for i in range(2)]
        last["invariants"] = found
    if r.random() < 0.4:
        last["autonomy_levels"] = {
            f"level_{n}": {"rules": [rule(r, None) for _ in range(r.randint(0, 3))]} for n in range(r.randint(1, 3))
        }
    if r.random() < 0.5:
        last["risk_tiers"] = {
            "high": {"risk_tags": ["prod", "delete"], "timeout_sec": 14400, "on_timeout": "deny"},
            "medium": {"risk_tags": ["write", "financial"], "timeout_sec": 1200, "on_timeout": "escalate"},
            "low": {"risk_tags": ["read"], "timeout_sec": 600, "on_timeout": "approve"},
        }
    if r.random() < 0.2:
        last["default_decision"] = "deny"
    if r.random() < 0.2:
        last["default_constraints"] = limits(r)
    return [*out, last] if last else out


def call(r: Random) -> dict[str, Any]:
    arguments = {"amount": r.choice(VALUES), "env": r.choice(["prod", "dev", "PROD", " prod ", 5]), "deep": {"x": 1}}
    arguments |= {"to": r.choice([["a"], ["a", "b"], "a", "a,b", 5, ["a", "b", "c"]])}
    return {
        "tool": r.choice(TOOLS),
        "args": {key: value for key, value in arguments.items() if r.random() < 0.8},
        "agent": r.choice(["bot", "cat", "b"]),
        "confidence": r.choice([None, 0, 0.5, 0.69, 0.7, 1]),
        "retry_count": r.randint(0, 3),
        "anomaly_score": r.choice([0, 0.5, 0.8, 0.81]),
        "first_time_action": r.random() < 0.5,
        "level": r.randint(0, 3),
    }


def files(drawn: list[dict[str, Any]]) -> dict[str, bytes]:
    """The gate directory, with conditions as text."""
    out = {"upstreams.yaml": json.dumps(UPSTREAMS).encode()}
    for number, document in enumerate(drawn):
        out[f"policies/{number}.json"] = json.dumps(_written(document)).encode()
    return out


def _written(node: Any) -> Any:
    node = copy.copy(node)
    if isinstance(node, dict):
        return {key: render(value) if key == "when" else _written(value) for key, value in node.items()}
    return [_written(item) for item in node] if isinstance(node, list) else node
