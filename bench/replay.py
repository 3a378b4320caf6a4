"""What replaying history takes: time and memory, by the number of recorded calls.

    python bench/replay.py [--calls 10000,100000] [--json FILE]

A history is written through the real store: reads that pass, and one call in ten held and settled by one of three
people. Then `mcp-gate policy replay` and `policy suggest` run on it, each as a process of its own; the memory is the
most that process held (RSS), the seconds are those of its processor and of the clock.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from mcp_gate.evidence.hashes import job_hash
from mcp_gate.evidence.record import members
from mcp_gate.lang.times import rfc3339
from mcp_gate.model.call import Call, Facts, Signals
from mcp_gate.model.decision import Assurance, Decision
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.judged import Accepted
from mcp_gate.model.request import CallState, RecordedDecision, Request, RequestStatus
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded, load
from mcp_gate.signals.describe import describe
from mcp_gate.signals.recorded import attributes_json, signals_json
from mcp_gate.store.store import FILE_NAME, Store

START = 1_800_000_000.0
SINCE = "2027-01-01T00:00:00Z"
TOGETHER = 256
TOOL_HASH = "sha256:" + "0" * 64
PEOPLE = ("ana", "dana", "sam")
UPSTREAMS = b"""\
version: v1
upstreams:
  shop:
    command: shop
    tools:
      get_order: { topic: job.shop.read, risk_tags: [read] }
      refund: { topic: job.shop.refund, risk_tags: [write], attributes: { amount_usd: args.amount } }
"""
RULES = b"""\
version: v1
rules:
  - { id: reads, match: { risk_tags: [read] }, decision: allow }
  - { id: refunds, match: { topics: ["job.shop.refund"] }, decision: require_approval, timeout_sec: 3600 }
"""
FILES = {"upstreams.yaml": UPSTREAMS, "policies/rules.yaml": RULES}


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    command: str
    calls: int
    seconds: float
    cpu_seconds: float
    rss_mb: float
    database_mb: float


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


def a_call(loaded: Loaded, number: int, now: float, dice: random.Random) -> tuple[Call, Verdict]:
    """One in ten is a refund."""
    tool = "refund" if number % 10 == 0 else "get_order"
    arguments: JsonObject = {"order": f"O-{number}", "amount": dice.randrange(1, 1000), "note": "x" * 80}
    told = describe(loaded, "shop", tool, "tools/call", arguments)
    tags = tuple(sorted(told.risk_tags))
    call = Call(
        id=f"c-{number:011x}", ts=rfc3339(now), agent=f"bot-{number % 3}", session=f"s-{number // 500}",
        upstream="shop", method="tools/call", tool=tool, listed_name=f"shop_{tool}", topic=told.topic, risk_tags=tags,
        arguments=arguments, attributes=attributes_json(told.attributes), tool_hash=TOOL_HASH,
        job_hash=job_hash("bot", "shop", tool, TOOL_HASH, told.topic, tags, arguments),
        signals=signals_json(Signals()),
    )  # fmt: skip
    return call, loaded.policy.decide(Facts(call.agent, "shop", tool, told, arguments, Signals()))


async def one(store: Store, clock: Clock, call: Call, verdict: Verdict, dice: random.Random) -> None:
    snapshot = verdict.policy_snapshot
    said = members(call, snapshot)
    received = [Event("call.received", said, {}), Event("call.decided", {**said, "decision": verdict.decision.word})]
    if verdict.decision is not Decision.REQUIRE_APPROVAL:
        await store.begin(call, verdict.as_json(), CallState.DISPATCHED, received, snapshot)
        store.finish(call, CallState.EXECUTED, [Event("call.executed", said)], lazy=True)
        return
    request = Request(
        id="R-" + call.id, kind="gate", status=RequestStatus.PENDING, call=call, verdict=verdict.as_json(),
        policy_snapshot=snapshot, tier=verdict.tier, group=verdict.group, needed=1, min_assurance=Assurance.SESSION,
        on_timeout=verdict.on_timeout, opened_ts=call.ts, due_ts=rfc3339(clock.now + verdict.timeout_sec),
    )  # fmt: skip
    await store.requests.open(call, request, received, cap=10**9)
    await settle(store, request, rfc3339(clock.now), dice)


async def settle(store: Store, request: Request, now: str, dice: random.Random) -> None:
    by = dice.choice(PEOPLE)
    rejected = request.call.arguments["amount"] > 800
    word = RecordedDecision("deny" if rejected else "approve", "", by, now, Assurance.SESSION, "n", final=True)
    said = {**members(request.call, request.policy_snapshot, request.id), "approver_id": by}
    event = Event("request.decided", said, {"decision": word.decision, "final": True})
    status = RequestStatus.REJECTED if rejected else RequestStatus.APPROVED
    await store.requests.decide(request.id, lambda _: Accepted(word, status, (event,)))


async def write(state: Path, loaded: Loaded, count: int) -> None:
    dice, clock = random.Random(count), Clock()
    store = await Store.open(state / FILE_NAME, clock=clock)
    event = Event("policy.loaded", {"policy_snapshot": loaded.snapshot.id}, {"files": len(FILES)})
    await store.snapshot_loaded(loaded.snapshot.id, loaded.snapshot.digest, loaded.snapshot.files, event)
    for start in range(0, count, TOGETHER):
        found = []
        for number in range(start, min(count, start + TOGETHER)):
            found.append(a_call(loaded, number, clock.now, dice))
            clock.now += dice.expovariate(1 / 20)
        await asyncio.gather(*(one(store, clock, call, verdict, dice) for call, verdict in found))
    await store.close()


def run(command: str, config: Path, state: Path, count: int) -> Line:
    line = [sys.executable, "-m", "mcp_gate", "policy", command, "--config", str(config), "--state", str(state)]
    begun = time.perf_counter()
    with subprocess.Popen([*line, "--since", SINCE, "--json"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    if process.returncode or told["calls"] != count:
        raise SystemExit(f"policy {command} ended with {process.returncode}, {told.get('calls')} of {count} calls")
    size = (state / FILE_NAME).stat().st_size / 1e6
    return Line(command, count, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3, size)


def measure(count: int) -> list[Line]:
    with tempfile.TemporaryDirectory() as scratch:
        config, state = Path(scratch) / "gate", Path(scratch) / "state"
        state.mkdir()
        (config / "policies").mkdir(parents=True)
        for name, body in FILES.items():
            (config / name).write_bytes(body)
        asyncio.run(write(state, load(FILES), count))
        return [run(command, config, state, count) for command in ("replay", "suggest")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", default="10000,100000", help="counts, joined by commas")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    print("command       calls   seconds  cpu seconds   RSS MB  database MB")
    lines = []
    for count in options.calls.split(","):
        for line in measure(int(count)):
            lines.append(asdict(line))
            print(
                f"{line.command:<8} {line.calls:>10,} {line.seconds:>9.1f} {line.cpu_seconds:>12.1f} "
                f"{line.rss_mb:>8.0f} {line.database_mb:>12.0f}"
            )
    if options.json:
        options.json.write_text(json.dumps({"replay": lines}, indent=2) + "\n")


if __name__ == "__main__":
    main()
