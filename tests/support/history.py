"""Recorded history: a real gate's calls and people's words on them, and gate directories on disk to decide it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from mcp_gate.cli.policy import policy
from mcp_gate.gate import events
from mcp_gate.gate.asking import new_request
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call, Signals
from mcp_gate.model.decision import Assurance, Decision
from mcp_gate.model.event import Event
from mcp_gate.model.judged import Accepted
from mcp_gate.model.request import CallState, RecordedDecision, Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, facts_of, signals_json, unsure_json
from mcp_gate.store.store import Store
from support.gates import RULES, UPSTREAMS
from support.held import NOW, a_call
from support.stored import Hands, a_store

SINCE = "2027-01-01T00:00:00Z"
"""Before the time at which the test clocks start."""


def directory(folder: Path, rules: str = RULES, upstreams: str | None = UPSTREAMS, settings: str = "") -> Path:
    """A gate directory on disk; without upstreams a policies folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if upstreams is None:
        (folder / "rules.yaml").write_text(rules)
        return folder
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "rules.yaml").write_text(rules)
    (folder / "upstreams.yaml").write_text(upstreams)
    if settings:
        (folder / "gate.yaml").write_text(f"version: v1\n{settings}")
    return folder


def run(command: str, config: Path, state: Path, *more: str) -> Result:
    """`policy replay` or `policy suggest` on what a gate wrote in `state`."""
    line = [command, "--config", str(config), "--state", str(state), "--since", SINCE, *more]
    return CliRunner().invoke(policy, line, catch_exceptions=False)


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@dataclass(frozen=True)
class Deed:
    """One call to be recorded, and what became of it if it was held."""

    tool: str = "refund"
    arguments: dict[str, Any] = field(default_factory=dict)
    agent: str = "bot"
    word: str = "approve"
    """`approve`, `deny`, `expire`, or `time` for an approval by the policy."""
    by: str = "dana"
    seconds: float = 60.0
    """How long the person looks."""
    afterwards: str = ""
    """What a sample says of it: `good`, `bad`, `incident`."""


def record(folder: Path, loaded: Loaded, deeds: Iterable[Deed], hours: float = 6.0, first: int = 0) -> list[str]:
    """Write a history through a real store, one call after the other; the ids of the calls.

    Args:
        first: number of the first call, where there is a history already.
    """

    async def write() -> list[str]:
        clock = Hands()
        async with a_store(folder, clock) as store:
            snapshot = loaded.snapshot
            event = Event("policy.loaded", {"policy_snapshot": snapshot.id}, {"files": len(snapshot.files)})
            await store.snapshot_loaded(snapshot.id, snapshot.digest, snapshot.files, event)
            ids = []
            for number, deed in enumerate(deeds, start=first):
                clock.now = NOW + number * hours * 3600
                ids.append(await _one(store, clock, loaded, deed, f"c-{number:06}"))
        return ids

    folder.mkdir(parents=True, exist_ok=True)
    return asyncio.run(write())


def decided(loaded: Loaded, deed: Deed, id_: str, now: float) -> tuple[Call, Verdict]:
    """A deed as a call that came at a time, and what the policy says of it."""
    told = describe(loaded, "shop", deed.tool, "tools/call", deed.arguments)
    call = a_call(
        id=id_, ts=rfc3339(now), agent=deed.agent, tool=deed.tool, listed_name=f"shop_{deed.tool}",
        topic=told.topic, risk_tags=tuple(sorted(told.risk_tags)), arguments=deed.arguments,
        attributes=attributes_json(told.attributes), signals=signals_json(Signals()) | unsure_json(told),
        job_hash=f"sha256:{id_}",
    )  # fmt: skip
    return call, loaded.policy.decide(facts_of(call, told))


async def _one(store: Store, clock: Hands, loaded: Loaded, deed: Deed, id_: str) -> str:
    call, verdict = decided(loaded, deed, id_, clock.now)
    common = events.members(call, verdict.policy_snapshot)
    written = [events.received(common, call), events.decided(common, verdict, call)]
    if verdict.decision is not Decision.REQUIRE_APPROVAL:
        denied = verdict.decision is Decision.DENY
        state = CallState.DENIED if denied else CallState.DISPATCHED
        await store.begin(call, verdict.as_json(), state, written, verdict.policy_snapshot)
    else:
        request = new_request(call, verdict, clock.now, "")
        await store.requests.open(call, request, written, cap=10**9)
        await _settle(store, clock, request, deed)
    if deed.afterwards:
        await store.note(Event("sample.reviewed", common, {"decision": deed.afterwards}))
    return id_


async def _settle(store: Store, clock: Hands, request: Request, deed: Deed) -> None:
    clock.now += deed.seconds
    if deed.word == "expire":
        await store.requests.close(request.id, RequestStatus.EXPIRED, [_said(request.call, request, "request.expired")])
        return
    by = "policy:timeout" if deed.word == "time" else deed.by
    word = "deny" if deed.word == "deny" else "approve"
    said = RecordedDecision(word, "", by, rfc3339(clock.now), Assurance.SESSION, "n", final=True)
    event = _said(request.call, request, "request.decided", by, decision=word, final=True)
    status = RequestStatus.REJECTED if word == "deny" else RequestStatus.APPROVED
    await store.requests.decide(request.id, lambda _: Accepted(said, status, (event,)))


def _said(call: Call, request: Request, name: str, by: str = "policy:timeout", **data: Any) -> Event:
    common = {**events.members(call, request.policy_snapshot), "approver_id": by}
    return events.request_event(name, common, request.id, data)
