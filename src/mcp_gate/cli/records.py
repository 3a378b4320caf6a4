"""Audit records and calls as text for a terminal; whatever was foreign is revealed, never obeyed."""

from __future__ import annotations

import json
from collections.abc import Mapping

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.foreign import Json, JsonObject

_HEAD = ("seq", "ts", "event", "call_id", "request_id", "prev_hash", "hash")


def one_line(record: JsonObject) -> str:
    """`seq ts event`, then who did what and what was said of it."""
    words = [f"{record['seq']:>7}", str(record["ts"]), f"{record['event']:<18}"]
    words += [str(record[name]) for name in ("call_id", "request_id", "agent") if record.get(name)]
    if record.get("tool"):
        words.append(f"{record.get('upstream', '')}.{record['tool']}")
    if record.get("decision"):
        words.append(str(record["decision"]))
    if record.get("approver_id"):
        words.append(f"by {record['approver_id']}")
    if record.get("reason"):
        words.append(f'"{record["reason"]}"')
    return reveal(" ".join(words))


def paragraph(record: JsonObject) -> str:
    """One event in full: a heading, then a line for each member that the heading does not have."""
    ids = " ".join(str(record[name]) for name in ("call_id", "request_id") if record.get(name))
    lines = [f"{record['seq']}  {record['ts']}  {record['event']}  {ids}".rstrip()]
    members = {name: value for name, value in record.items() if name not in _HEAD and name != "data"}
    members.update(record.get("data") or {})
    lines += [f"  {name:<16} {_word(value)}" for name, value in members.items() if value is not None]
    lines.append(f"  {'hash':<16} {record['hash']}")
    return "\n".join(map(reveal, lines))


def call_text(call: JsonObject) -> str:
    """What was called, in which state it is, with the arguments as they were judged."""
    lines = [
        f"call {call['id']}  {call['state']}",
        f"  {'agent':<16} {call['agent']}",
        f"  {'tool':<16} {call['upstream']}.{call['tool']}",
        f"  {'topic':<16} {call['topic']}",
        f"  {'risk_tags':<16} {' '.join(call['risk_tags'])}",
        f"  {'arguments':<16} {_word(call['arguments'])}",
    ]
    return "\n".join(map(reveal, lines))


def policy_text(files: Mapping[str, str]) -> str:
    """Every file of a policy, as it stood when it was in force."""
    return "\n".join(f"== {reveal(path)}\n{reveal(text, lines=True).rstrip()}\n" for path, text in files.items())


def _word(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
