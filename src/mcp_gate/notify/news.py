"""What a message says: ids and the words of the policy, never arguments, nor anything that an agent or a person wrote
freely."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.foreign import JsonObject
from mcp_gate.store.outbox import Batch, News

QUIET: Final = ("call.", "output.", "sample.selected")
"""What is told only to those who name it: it comes with every call, or tells nothing to act on."""
IN_SLACK: Final = frozenset(
    {"request.opened", "request.escalated", "queue.breached", "agent.stopped", "security.review_disagreement"}
)
"""What a channel in Slack is told of, where nothing is named."""
ASKS: Final = frozenset({"request.opened", "request.escalated", "sample.selected"})
"""What is posted there with buttons."""
ENDS: Final = frozenset({"request.decided", "request.expired", "request.cancelled", "sample.reviewed"})
"""What takes the buttons away."""
MEMBERS: Final = (
    "call_id", "request_id", "agent", "upstream", "risk_tags", "job_hash", "policy_snapshot", "decision", "rule_ids",
    "approver_id", "decision_ts", "assurance",
)  # fmt: skip
"""Members of a record that go along as they are."""
NAMES: Final = ("tool", "topic")
"""Members that hold what an agent wrote where it is a URI."""
NAME: Final = re.compile(r"[A-Za-z0-9._*-]{1,200}")
DATA: Final = (
    "decision", "final", "code", "cause", "from", "to", "group", "count", "why", "target", "median_sec", "p95_sec",
)  # fmt: skip
"""Members of a record's `data` that go along where they are plain words, numbers or truths."""
PLAIN: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
COLUMNS: Final = {"grp": "group"}


def wanted(spec: WebhookSpec, event: str) -> bool:
    """Whether a webhook has to do with an event. What was posted in Slack is changed, whatever is named."""
    return named(spec, event) or (spec.slack is not None and event in ENDS | {"request.escalated"})


def named(spec: WebhookSpec, event: str) -> bool:
    """Whether a webhook is told of an event."""
    if spec.events is None:
        return not event.startswith(QUIET) if spec.slack is None else event in IN_SLACK
    return event in spec.events


def told(gate_id: str, one: News) -> JsonObject:
    """The payload of one event, in the form of Standard Webhooks: `{type, timestamp, data}`."""
    body = one.body
    data: JsonObject = {"gate_id": gate_id, "seq": one.seq}
    data |= {name: body[name] for name in MEMBERS if name in body}
    data |= {name: body[name] for name in NAMES if NAME.fullmatch(str(body.get(name, "")))}
    more = body.get("data")
    data |= {name: more[name] for name in DATA if isinstance(more, dict) and _plain(more.get(name))}
    if one.request is not None:
        data |= _request(one.request)
    return {"type": str(body["event"]), "timestamp": str(body["ts"]), "data": data}


def many(gate_id: str, batch: Batch, ts: str) -> JsonObject:
    """One payload for more events than anybody reads one by one."""
    data: JsonObject = {
        "gate_id": gate_id, "first_seq": batch.after + 1, "last_seq": batch.last, "events": dict(batch.counts),
    }  # fmt: skip
    return {"type": "events.many", "timestamp": ts, "data": data}


def _request(columns: Mapping[str, object]) -> JsonObject:
    return {COLUMNS.get(name, name): value for name, value in columns.items() if value != ""}


def _plain(value: object) -> bool:
    """Whether a value is none that somebody wrote."""
    return type(value) in (int, float, bool) or (isinstance(value, str) and PLAIN.fullmatch(value) is not None)
