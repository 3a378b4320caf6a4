"""A real gate without faces: real store, real policy; what goes upstream is written down by the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.gate.clock import Clock
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.job import Caller, Job
from mcp_gate.gate.leaving.detecting import Scanner
from mcp_gate.gate.reviewers import people
from mcp_gate.model.decision import Assurance
from mcp_gate.model.event import Event
from mcp_gate.model.judged import Accepted
from mcp_gate.model.outcome import Outcome
from mcp_gate.model.request import RecordedDecision, Request, RequestStatus
from mcp_gate.policy.load import Loaded, load
from mcp_gate.store.store import Store
from mcp_gate.upstream.manager import Upstreams
from support.scanning import Here

TOOL_HASH = "sha256:" + "0" * 64

UPSTREAMS = """\
version: v1
upstreams:
  shop:
    command: "true"
    tools:
      get:    { topic: job.shop.read, risk_tags: [read] }
      refund: { topic: job.shop.refund, risk_tags: [write], attributes: { amount_usd: args.amount }, ask: [confidence] }
      destroy: { topic: job.shop.destroy, risk_tags: [delete] }
"""
RULES = """\
version: v1
rules:
  - { id: reads, match: { risk_tags: [read] }, decision: allow, reason: "Reading passes" }
  - { id: never, match: { risk_tags: [delete] }, decision: deny, reason: "Never" }
  - { id: refunds, match: { topics: ["job.shop.refund"] }, decision: require_approval, reason: "A person decides" }
"""


def loaded(rules: str = RULES, settings: str = "", upstreams: str = UPSTREAMS) -> Loaded:
    """A gate directory from text."""
    files = {"upstreams.yaml": upstreams.encode(), "policies/rules.yaml": rules.encode()}
    if settings:
        files["gate.yaml"] = f"version: v1\n{settings}".encode()
    return load(files)


class Hands:
    """Elapsed and wall time that the test moves."""

    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.elapsed = 1000.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.elapsed += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.elapsed)


@asynccontextmanager
async def open_gate(
    tmp: Path, rules: str = RULES, settings: str = "", hands: Hands | None = None, scanner: Scanner | None = None
) -> AsyncIterator[Gate]:
    """A gate whose record lies in `tmp`."""
    clock = (hands or Hands()).clock()
    found = loaded(rules, settings)
    store = await Store.open(tmp / "gate.db", clock=clock.wall, steady=clock.steady)
    try:
        await store.windows.open(found.policy.windows)
        event = Event("policy.loaded", {"policy_snapshot": found.snapshot.id}, {"files": 2})
        ladder = Ladder.of(found.autonomy, found.settings)
        await store.snapshot_loaded(found.snapshot.id, found.snapshot.digest, found.snapshot.files, event, ladder)
        upstreams = Upstreams(found.settings.limits)
        gate = Gate(
            loaded=found, store=store, upstreams=upstreams, clock=clock, scanner=scanner or Here(), id="g-test",
            key=b"k" * 32,
        )  # fmt: skip
        yield gate
        await gate.settle(5)
    finally:
        await store.close()


@dataclass
class Client:
    """The client's side of one call: implements `Exchange`."""

    modern: bool = False
    tasks: bool = False
    leg: int = 0
    token: bool = False
    beats: list[str] = field(default_factory=list)

    def heartbeat(self, text: str) -> bool:
        if self.token:
            self.beats.append(text)
        return self.token


@dataclass
class Upstream:
    """The upstream's side: implements `Sender`, and writes down what reached it."""

    answer: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]] | dict[str, Any] = field(
        default_factory=lambda: {"content": [{"type": "text", "text": "done"}]}
    )
    tool_hash: str = TOOL_HASH
    sent: list[dict[str, Any]] = field(default_factory=list)

    async def definition(self) -> str:
        return self.tool_hash

    async def __call__(self, arguments: dict[str, Any], limit: int | None) -> dict[str, Any]:
        self.sent.append(arguments)
        async with asyncio.timeout(limit):
            return self.answer if isinstance(self.answer, dict) else await self.answer(arguments)


def job(tool: str, arguments: dict[str, Any] | None = None, **meta: Any) -> Job:
    """A call of one of the shop's tools."""
    return Job("shop", "tools/call", tool, f"shop_{tool}", arguments or {}, meta, TOOL_HASH)


def caller(agent: str = "default", session: str = "s-1") -> Caller:
    return Caller(agent, session)


async def perform(gate: Gate, wanted: Job, upstream: Upstream, client: Client | None = None, **who: str) -> Outcome:
    """Take a job through the gate."""
    return await gate.perform(wanted, caller(**who), client or Client(), upstream)


async def pending(gate: Gate, count: int = 1) -> list[Request]:
    """Wait until that many requests are pending."""
    async with asyncio.timeout(10):
        while len(found := await gate.store.requests.page(RequestStatus.PENDING)) < count:
            await asyncio.sleep(0.005)
    return found


async def status_of(gate: Gate, request_id: str) -> RequestStatus:
    """As it is on the record now."""
    found = await gate.store.requests.find(request_id)
    assert found is not None
    return found.status


async def decide(gate: Gate, request: Request, word: str = "approve", reason: str = "") -> None:
    """As many people's words as it takes, straight to the store: the rules of review have tests of their own."""
    everybody = list(people(gate.loaded.settings).persons)
    needed = request.needed if word == "approve" else 1
    assert len(everybody) >= needed
    for given, by in enumerate(everybody[:needed], 1):
        await _say(gate, request, word, by, reason, final=given == needed)
    found = await gate.store.requests.find(request.id)
    assert found is not None
    gate.queue.announce("request.decided", found)


async def _say(gate: Gate, request: Request, word: str, by: str, reason: str, *, final: bool) -> None:
    settled = RequestStatus.APPROVED if word == "approve" else RequestStatus.REJECTED
    said = RecordedDecision(
        word, reason, by, "2027-01-15T08:00:00.000Z", Assurance.SESSION, "n", final=final, stage=request.stage
    )
    common = {"call_id": request.call.id, "request_id": request.id, "policy_snapshot": request.policy_snapshot}
    fields = {**common, "approver_id": by, "decision_ts": said.decision_ts, "assurance": "session"}
    event = Event("request.decided", fields, {"decision": word, "nonce": "n"})
    status = settled if final else RequestStatus.PENDING
    await gate.store.requests.decide(request.id, lambda _: Accepted(said, status, (event,)))


async def names(gate: Gate, **where: str) -> list[str]:
    """Names of the recorded events, in order, optionally of one call or request."""
    await gate.settle(5)
    records = await gate.store.records()
    return [r["event"] for r in records if all(r.get(key) == value for key, value in where.items())]
