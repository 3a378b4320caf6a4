"""Calls that proofs and searches found, for people and for programs."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mcp_gate.model.call import Facts
    from mcp_gate.model.foreign import JsonObject
    from mcp_gate.model.verdict import Verdict
    from mcp_gate.policy.proof.findings import Example
    from mcp_gate.trial.shown import Shown


def as_json(example: Example, call: Shown | None) -> JsonObject:
    """Everything that the engine looked at, its verdict, and how to make the call where it was confirmed."""
    from mcp_gate.model.call import UNKNOWN
    from mcp_gate.trial.shown import number

    facts, told, signals = example.facts, example.facts.description, example.facts.signals
    values = {
        **told.attributes,
        **signals.windows,
        "confidence": signals.confidence,
        "anomaly_score": signals.anomaly_score,
    }
    out: JsonObject = {
        "agent": facts.agent,
        "upstream": facts.upstream,
        "tool": facts.tool,
        "topic": told.topic,
        "risk_tags": sorted(told.risk_tags),
        "arguments": facts.arguments,
        "attributes": {
            **{name: number(value) for name, value in values.items() if value is not UNKNOWN},
            "retry_count": signals.retry_count,
            "first_time_action": signals.first_time_action,
            "tainted": signals.tainted,
        },
        "unknown": sorted(name for name, value in values.items() if value is UNKNOWN),
        "level": signals.level,
        "decision": example.verdict.decision.word,
        "rule_ids": list(example.verdict.rule_ids),
    }
    return out if call is None else out | _how(call, example.verdict)


def _how(call: Shown, verdict: Verdict) -> JsonObject:
    out: JsonObject = {"listed_name": call.listed, "explain": call.command()}
    case = call.case("example", verdict)
    out |= {"case": case} if case else {}
    return out | ({"mapping": {"in": call.where, "entry": call.mapping}} if call.mapping else {})


def how(call: Shown, verdict: Verdict, name: str) -> Iterator[str]:
    """Lines to paste."""
    from mcp_gate.lang.reveal import reveal

    if call.mapping:
        yield f"no tool of upstreams.yaml is such a call; one would be, below {call.where}:"
        yield f"  {reveal(call.mapping)}"
    yield f"explain it:  {reveal(call.command())}"
    case = call.case(name, verdict)
    if case:
        yield f"as a case:   {reveal(case)}"


def told(facts: Facts, *, level: bool) -> str:
    """A call in a line: what is plain is not said."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.call import UNKNOWN

    call, signals = facts.description, facts.signals
    words = [f"topic {call.topic}", f"tags {', '.join(sorted(call.risk_tags)) or 'none'}"]
    for key, value, plain in (
        ("agent", facts.agent, "default"), ("upstream", facts.upstream, "upstream"), ("tool", facts.tool, "tool"),
    ):  # fmt: skip
        words += [f"{key} {value}"] if value != plain else []
    words += [f"{name} {'unknown' if value is UNKNOWN else value}" for name, value in call.attributes.items()]
    words += [f"arguments {json.dumps(facts.arguments, ensure_ascii=False)}"] if facts.arguments else []
    words += [f"confidence {signals.confidence}"] if signals.confidence is not UNKNOWN else []
    if signals.anomaly_score is UNKNOWN or signals.anomaly_score:
        words.append(f"anomaly {'unknown' if signals.anomaly_score is UNKNOWN else signals.anomaly_score}")
    words += [f"{text} {'unknown' if value is UNKNOWN else value}" for text, value in signals.windows.items()]
    words += [f"retries {signals.retry_count}"] if signals.retry_count else []
    words += ["first time"] if signals.first_time_action else []
    words += ["tainted session"] if signals.tainted else []
    words += [f"level {signals.level}"] if level else []
    return reveal("; ".join(words))


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Tells on standard error what is looked at, where a person can see it; nothing of it stays."""
    import os

    from mcp_gate.lang.reveal import reveal

    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda step: None
        return

    def tell(step: str) -> None:
        print(f"\r\x1b[K{reveal(step)[:72]} …", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
