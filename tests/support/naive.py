"""The contract's rules once more, written to be read: no index, no memory, nothing compiled, plain dicts throughout.

Shares no code with the product. Conditions are trees of tuples, `render` gives their text: `("and", a, b)`, `("or", a,
b)`, `("not", a)`, `("null", path)`, `("in", path, [values])`, and `(op, path, value)` for each comparison.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

TIERS = ("high", "medium", "low")
STRICTNESS = ["allow", "allow_with_constraints", "require_approval", "deny"]
RESTRICTIVE = ("require_approval", "deny")
ASSURANCES = ["session", "link", "token", "signed"]
TIMEOUTS = ["approve", "escalate", "deny"]
UNKNOWN, ABSENT, MISSING, MAYBE = object(), object(), object(), object()


def render(tree: tuple[Any, ...]) -> str:
    match tree:
        case ("and" | "or" as word, *parts):
            return "(" + f" {word.upper()} ".join(render(part) for part in parts) + ")"
        case ("not", inner):
            return f"NOT {render(inner)}"
        case ("null", path):
            return f"{path} IS NULL"
        case ("in", path, values):
            return f"{path} IN ({', '.join(map(literal, values))})"
        case (op, path, value):
            return f"{path} {op} {literal(value)}"
    raise ValueError(tree)


def literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def holds(tree: tuple[Any, ...], env: Mapping[str, Any]) -> bool | None:
    """Three values: None is unknown."""
    match tree:
        case ("and", *parts):
            found = [holds(part, env) for part in parts]
            return False if False in found else None if None in found else True
        case ("or", *parts):
            found = [holds(part, env) for part in parts]
            return True if True in found else None if None in found else False
        case ("not", inner):
            inside = holds(inner, env)
            return None if inside is None else not inside
        case ("null", path):
            value = look(path, env)
            return None if value is UNKNOWN else value is MISSING or value is ABSENT or value is None
        case ("in", path, values):
            return holds(("or", *(("=", path, value) for value in values)), env)
        case (op, path, value):
            return compare(op, look(path, env), value)
    raise ValueError(tree)


def look(path: str, env: Mapping[str, Any]) -> Any:
    value: Any = env
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return MISSING
        if part not in value:
            return value.get(ABSENT, MISSING)
        value = value[part]
    return value


def compare(op: str, a: Any, b: Any) -> bool | None:
    if a is ABSENT:
        return False
    if a is UNKNOWN or a is MISSING or a is None:
        return None
    if isinstance(a, str) != isinstance(b, str) or isinstance(a, bool) != isinstance(b, bool):
        return None
    if isinstance(a, bool):
        return {"=": a == b, "<>": a != b}.get(op)
    if not isinstance(a, (str, int, float, Decimal)):
        return None
    x, y = (a, b) if isinstance(a, str) else (Decimal(str(a)), Decimal(str(b)))
    return {"=": x == y, "<>": x != y, "<": x < y, "<=": x <= y, ">": x > y, ">=": x >= y}[op]


# ---- describing


def describe(
    upstreams: Mapping[str, Any], tool: str, args: Mapping[str, Any]
) -> tuple[str, set[str], set[str], dict[str, Any]]:
    """Topic, tags, those of them that cannot be told, and attributes of a tool of the upstream `shop`."""
    tools = upstreams["upstreams"]["shop"]["tools"]
    mapping = tools.get(tool) or next((m for name, m in tools.items() if "*" in name and glob(name, tool)), None)
    if mapping is None:
        return f"unmapped.shop.{tool.replace('.', '-')}", {"unmapped"}, set(), {}
    attributes = {}
    for name, source in mapping.get("attributes", {}).items():
        counted = re.fullmatch(r"count\(args\.(\w+)\)", source)
        value = args.get(counted[1] if counted else source.removeprefix("args."), MISSING)
        if counted:
            several = [value] if isinstance(value, str) else value
            countable = isinstance(several, list) and not any(isinstance(v, str) and "," in v for v in several)
            value = len(several) if countable else UNKNOWN
        amount = type(value) in (int, float) and value >= 0
        attributes[name] = value if amount else UNKNOWN
    tags, maybe = set(mapping["risk_tags"]), set[str]()
    for entry in mapping.get("tag_when", []):
        env = args.get("env", MISSING)
        if env == "prod":
            tags |= set(entry["add"])
        elif not isinstance(env, str) or env.strip().lower() == "prod":
            maybe |= set(entry["add"])
    return mapping["topic"].replace("{tool}", tool.replace(".", "-")), tags | maybe, maybe - tags, attributes


def glob(pattern: str, text: str) -> bool:
    out = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(out, text, re.DOTALL) is not None


# ---- deciding


def matches(match: Mapping[str, Any], decision: str, seen: Mapping[str, Any]) -> Any:
    """All fields hold; one that cannot be told does for a restrictive rule and does not for a permissive one. MAYBE,
    which is true, where it depends on tags that cannot be told."""
    found = [field(key, value, decision, seen) for key, value in match.items()]
    if not all(decision in RESTRICTIVE if one is None else one for one in found):
        return False
    return MAYBE if MAYBE in found else True


def tagged(least: bool, most: bool) -> Any:
    return least if least == most else MAYBE


def field(key: str, wanted: Any, decision: str, seen: Mapping[str, Any]) -> Any:
    tags, sure = seen["tags"], seen["tags"] - seen["unsure"]
    match key:
        case "topics" | "tools" | "upstreams" | "agents":
            return any(glob(pattern, seen[key.removesuffix("s")]) for pattern in wanted)
        case "risk_tags":
            return tagged(any(tag in sure for tag in wanted), any(tag in tags for tag in wanted))
        case "risk_tags_all":
            return tagged(all(tag in sure for tag in wanted), all(tag in tags for tag in wanted))
        case "risk_tags_none":
            return tagged(not any(tag in sure for tag in wanted), not any(tag in tags for tag in wanted))
        case "first_time_action":
            return bool(seen["first_time_action"] == wanted)
        case "confidence_below":
            said = seen["confidence"]
            return None if said is UNKNOWN else Decimal(str(said)) < Decimal(str(wanted))
        case "anomaly_score_above" | "retry_count_above":
            return Decimal(str(seen[key.removesuffix("_above")])) > Decimal(str(wanted))
        case "amount_usd_above" | "affected_users_above":
            value = seen["attributes"].get(key.removesuffix("_above"), ABSENT)
            if value is ABSENT:
                return False
            return None if value is UNKNOWN else Decimal(str(value)) > Decimal(str(wanted))
        case "when":
            return holds(wanted, environment(decision, seen))
    raise ValueError(key)


def environment(decision: str, seen: Mapping[str, Any]) -> dict[str, Any]:
    signals = {key: seen[key] for key in ("confidence", "anomaly_score", "retry_count", "first_time_action")}
    undeclared = {ABSENT: ABSENT} if decision in RESTRICTIVE else {}
    call = {key: seen[key] for key in ("agent", "upstream", "tool", "topic")}
    return {"args": seen["args"], "attributes": {**seen["attributes"], **signals, **undeclared}, "call": call}


def decide(upstreams: Mapping[str, Any], documents: list[dict[str, Any]], call: Mapping[str, Any]) -> dict[str, Any]:
    """What the contract says of a call: `deciding` holds the rules, unsorted, the rest is joined from them."""
    topic, tags, unsure, attributes = describe(upstreams, call["tool"], call["args"])
    seen = {**call, "upstream": "shop", "topic": topic, "tags": tags, "unsure": unsure, "attributes": attributes}
    merged: dict[str, Any] = {}
    for document in documents:
        merged |= {key: value for key, value in document.items() if key not in ("rules", "invariants")}
    deciding = [
        {**floor, "decision": floor["at_least"], "invariant": True}
        for document in documents
        for floor in document.get("invariants", [])
        if matches(floor["match"], floor["at_least"], seen)
    ]
    if "unmapped" in tags and topic.startswith("unmapped."):
        deciding.append({"id": "unmapped", "decision": "require_approval", "invariant": True})
    firsts, spoken = [], False
    for rules in [*(document.get("rules", []) for document in documents), level(merged, call["level"])]:
        for rule in rules:
            found = matches(rule["match"], rule["decision"], seen)
            firsts += [rule] if found else []
            if found is True:
                spoken = True
                break
    default = "deny" if any(d.get("default_decision") == "deny" for d in documents) else "require_approval"
    deciding += firsts if spoken else [*firsts, {"id": "default", "decision": default}]
    return {"deciding": deciding, "topic": topic, "tags": tags, **joined(deciding, merged, tags, unsure)}


def level(merged: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    levels = merged.get("autonomy_levels")
    if not levels:
        return []
    name = f"level_{min(number, len(levels) - 1)}"
    return [{"id": f"{name}.{i}", **rule} for i, rule in enumerate(levels[name]["rules"], start=1)]


def tier_of(tiers: Mapping[str, Any], tags: set[str]) -> str:
    named = {tag for terms in tiers.values() for tag in terms["risk_tags"]}
    tier = next((t for t in TIERS if tags & set(tiers.get(t, {"risk_tags": []})["risk_tags"])), "")
    return tier if tags and tags <= named else "high"


def joined(
    deciding: list[dict[str, Any]], merged: Mapping[str, Any], tags: set[str], unsure: set[str]
) -> dict[str, Any]:
    tiers = merged.get("risk_tiers", {})
    tier = min(tier_of(tiers, tags), tier_of(tiers, tags - unsure), key=TIERS.index)
    terms = tiers.get(tier, {"timeout_sec": 900, "on_timeout": "deny"})
    words = [rule["on_timeout"] for rule in deciding if "on_timeout" in rule] or [terms.get("on_timeout", "deny")]
    words = ["deny" if word == "approve" and tier != "low" else word for word in words]
    word = max(words, key=TIMEOUTS.index)
    assured = any(rule.get("min_assurance", "session") != "session" for rule in deciding)
    gated = any(rule.get("invariant") or rule.get("approvals", 1) > 1 for rule in deciding) or assured
    return {
        "decision": max((rule["decision"] for rule in deciding), key=STRICTNESS.index),
        "tier": tier,
        "timeout_sec": min([r["timeout_sec"] for r in deciding if "timeout_sec" in r] or [terms["timeout_sec"]]),
        "on_timeout": "deny" if word == "approve" and gated else word,
        "approvals": max(rule.get("approvals", 1) for rule in deciding),
        "min_assurance": max((rule.get("min_assurance", "session") for rule in deciding), key=ASSURANCES.index),
        "constraints": constraints(deciding, merged),
    }


def constraints(deciding: list[dict[str, Any]], merged: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for rule in deciding:
        own = rule.get("constraints", {})
        if rule["decision"] == "allow_with_constraints" and not own:
            own = merged.get("default_constraints", {"max_runtime_sec": 60})
        for key, value in own.items():
            if key == "network_allowlist":
                out[key] = sorted(set(value) & set(out.get(key, value)))
            else:
                out[key] = min(value, out.get(key, value))
    return out
