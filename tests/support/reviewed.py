"""A gate with a real store and the review API on a real socket, and calls held in it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mcp_gate.autonomy.ladder import Ladder
from mcp_gate.faces.client import ReviewClient, decision_body
from mcp_gate.faces.http.serve import serve_review
from mcp_gate.gate import events
from mcp_gate.gate.clock import Clock
from mcp_gate.gate.gate import Gate
from mcp_gate.gate.reviewers import operator
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request
from mcp_gate.policy.load import load
from mcp_gate.store.store import Store
from mcp_gate.upstream.manager import Upstreams
from support.held import a_call, a_request
from support.scanning import Personal

UPSTREAMS = b"""version: v1
upstreams:
  shop:
    command: "true"
    tools:
      refund_order: { topic: job.support.process-refund, risk_tags: [write, financial] }
"""
RULES = b"""version: v1
rules:
  - { id: refunds, match: { risk_tags: [financial] }, decision: require_approval, reason: "Refunds need a person" }
"""
TOKENS = {"dana": "dana-token", "sam": "sam-token", "claude-code": "agent-token"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


GROUPS = f"""version: v1
listen: {{ review: "127.0.0.1:0" }}
agents:
  claude-code: {{ owner: lee, token_sha256: "{sha256(TOKENS["claude-code"])}" }}
reviewers:
  dana: {{ groups: [finance-approvers], token_sha256: "{sha256(TOKENS["dana"])}" }}
  ana: {{ groups: [finance-approvers] }}
  sam: {{ groups: [ops-approvers], token_sha256: "{sha256(TOKENS["sam"])}" }}
  lee: {{ groups: [finance-approvers] }}
""".encode()


@dataclass
class Reviewed:
    """One gate and a client of it."""

    gate: Gate
    state: Path
    count: int = 0

    @property
    def client(self) -> ReviewClient:
        return ReviewClient(self.state)

    @property
    def socket(self) -> Path:
        return self.state / "review.sock"

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.gate.faces.listening["review"].rpartition(":")
        return host, int(port)

    async def hold(self, *, due: float = 600, group: str = "finance-approvers", **changes: Any) -> Request:
        """Hold a call; each has other arguments unless `arguments` are given."""
        self.count += 1
        arguments = changes.pop("arguments", {"order": f"O-{self.count}", "amount": 120})
        now = self.gate.clock.steady()
        snapshot = self.gate.loaded.snapshot.id
        call = changes.pop("call", None) or a_call(id=f"c-{self.count}", ts=rfc3339(now), arguments=arguments)
        base = a_request(call)
        verdict = changes.pop("verdict", base.verdict)
        request = replace(
            base, id=f"R-{self.count}", policy_snapshot=snapshot, group=group,
            verdict={**verdict, "policy_snapshot": snapshot, "timeout_sec": int(due) or 1},
            opened_ts=rfc3339(now), due_ts=rfc3339(now + due), **changes,
        )  # fmt: skip
        common = events.members(request.call, snapshot)
        written = [
            events.received(common, request.call),
            events.request_event("request.opened", common, request.id, {}),
        ]
        await self.gate.store.requests.open(request.call, request, written, cap=100_000)
        self.gate.queue.announce("request.opened", request)
        return request

    async def do(self, what: Any, *args: Any, **more: Any) -> Any:
        """A call of the synchronous client, off the event loop."""
        return await asyncio.to_thread(what, *args, **more)

    async def shown(self, request: Request) -> JsonObject:
        found: JsonObject = await self.do(self.client.request, request.id)
        return found

    async def word(self, request: Request, decision: str = "approve", by: str | None = None, **more: Any) -> JsonObject:
        """The body of a decision on a request as shown."""
        shown = await self.shown(request)
        return {**decision_body(shown, decision, by or operator()), **more}

    async def post(self, request: Request, word: JsonObject) -> tuple[int, JsonObject]:
        return await self.send("POST", f"/v1/requests/{request.id}/decision", word)

    async def send(self, method: str, target: str, body: JsonObject | None = None) -> tuple[int, JsonObject]:
        data = b"" if body is None else json.dumps(body).encode()
        status, _, answer = await raw(self.socket, method, target, data, {"Content-Type": "application/json"})
        return status, json.loads(answer or b"{}")

    async def records(self, event: str) -> list[JsonObject]:
        return [record for record in await self.gate.store.records() if record["event"] == event]


@asynccontextmanager
async def a_gate(
    state: Path, *, settings: bytes = b"version: v1\n", clock: Clock | None = None, rules: bytes = RULES
) -> AsyncGenerator[Reviewed]:
    """A gate whose upstream is not started: requests are held by hand."""
    await asyncio.to_thread(state.mkdir, mode=0o700, exist_ok=True)
    loaded = load({"upstreams.yaml": UPSTREAMS, "gate.yaml": settings, "policies/rules.yaml": rules})
    clock = clock or Clock()
    store = await Store.open(state / "gate.db", clock=clock.wall)
    event = Event("policy.loaded", {"policy_snapshot": loaded.snapshot.id}, {"files": 3})
    ladder = Ladder.of(loaded.autonomy, loaded.settings)
    await store.snapshot_loaded(loaded.snapshot.id, loaded.snapshot.digest, loaded.snapshot.files, event, ladder)
    gate = Gate(
        loaded=loaded,
        store=store,
        upstreams=Upstreams(loaded.settings.limits),
        clock=clock,
        scanner=Personal(),
        id="g-1",
        key=b"k" * 32,
    )
    try:
        async with serve_review(gate, state):
            yield Reviewed(gate, state)
    finally:
        await gate.settle(5)
        await store.close()


async def raw(
    where: Path | tuple[str, int], method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """One HTTP exchange as bytes: status, headers (lower case), body."""
    given = {"Host": "localhost", "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
    if isinstance(where, Path):
        reader, writer = await asyncio.open_unix_connection(str(where))
    else:
        given.setdefault("Host", f"{where[0]}:{where[1]}")
        if "Host" not in (headers or {}):
            given["Host"] = f"{where[0]}:{where[1]}"
        reader, writer = await asyncio.open_connection(*where)
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + body)
    try:
        answer = await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    return int(first.split(" ")[1]), {n.lower(): v for n, _, v in (f.partition(": ") for f in fields)}, rest


def shifted(seconds: float) -> Clock:
    """A clock that is ahead by `seconds`, for what is late."""
    return Clock(wall=lambda: time.time() + seconds)
