"""What a decision costs, and loading, by the number of rules.

    python bench/policy.py [--rules 10,100,1000,10000] [--json FILE]

Microseconds a decision, median of rounds: `fixed`, no rule in question looks at arguments; `amount` and `when`, the
first one does; `new`, a kind of call not seen before; `describe`, topic, tags and attributes of a call. Milliseconds to
load: of processor time, in all and without reading YAML.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_gate.lang.yamldoc import read
from mcp_gate.model.call import Facts, Signals
from mcp_gate.policy.load import Loaded, load
from mcp_gate.signals.describe import describe

ROUNDS = 7
SECONDS = 0.02
UPSTREAMS = b"""\
version: v1
upstreams:
  shop:
    command: shop
    tools:
      refund_order:
        topic: job.support.process-refund
        risk_tags: [write, financial]
        attributes: { amount_usd: args.amount, affected_users: "count(args.to)" }
        tag_when: [ { when: "args.env = 'prod'", add: [prod] } ]
"""
FIRST = {
    "fixed": "",
    "amount": '  - { id: first, match: { topics: ["job.support.*"], amount_usd_above: 1000 }, decision: deny }\n',
    "when": "  - { id: first, match: { when: \"args.amount > 999 AND args.env <> 'x'\" }, decision: deny }\n",
}
ARGUMENTS: dict[str, Any] = {"amount": 20, "env": "dev", "to": ["somebody"]}


def documents(count: int, first: str) -> dict[str, bytes]:
    """A gate directory with so many rules of mixed kinds, in documents of 500."""
    words = ("allow", "require_approval", "deny", "allow_with_constraints")
    lines = []
    for i in range(count - 1):
        match = f'{{ topics: ["job.s{i % 97}.v{i}.*"], risk_tags: [write] }}'
        lines.append(f"  - {{ id: r{i}, match: {match}, decision: {words[i % 4]} }}\n")
    files = {"upstreams.yaml": UPSTREAMS}
    for start in range(0, max(1, len(lines)), 500):
        body = ("" if start else first) + "".join(lines[start : start + 500])
        files[f"policies/{start:06}.yaml"] = f"version: v1\nrules:\n{body or ' []'}".encode()
    return files


def facts(loaded: Loaded) -> Facts:
    told = describe(loaded, "shop", "refund_order", "tools/call", ARGUMENTS)
    return Facts("bot", "shop", "refund_order", told, ARGUMENTS, Signals())


def microseconds(act: Callable[[], object]) -> float:
    """Of one act, the median of rounds."""
    once = max(timeit.timeit(act, number=10) / 10, 1e-8)
    number = max(1, int(SECONDS / once))
    return statistics.median(timeit.timeit(act, number=number) / number for _ in range(ROUNDS)) * 1e6


def milliseconds(act: Callable[[], object]) -> float:
    """Of processor time, the best of three: what else the machine does is left out."""
    found = []
    for _ in range(3):
        start = time.process_time()
        act()
        found.append(time.process_time() - start)
    return min(found) * 1e3


def measure(count: int) -> dict[str, float]:
    row: dict[str, float] = {"rules": count}
    for name, first in FIRST.items():
        loaded = load(documents(count, first))
        call = facts(loaded)
        row[name] = microseconds(lambda loaded=loaded, call=call: loaded.policy.decide(call))
    loaded = load(documents(count, ""))
    kinds = iter(range(10**9))

    def new() -> object:
        call = facts(loaded)
        return loaded.policy.decide(Facts(f"bot{next(kinds)}", *(getattr(call, f) for f in Facts.__slots__[1:])))

    row["describe"] = microseconds(lambda: facts(loaded))
    row["new"] = microseconds(new) - row["describe"]
    files = documents(count, "")
    row["load_ms"] = milliseconds(lambda: load(files))
    row["load_without_yaml_ms"] = row["load_ms"] - milliseconds(lambda: [read(*item) for item in files.items()])
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", default="10,100,1000,10000", help="counts, joined by commas")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args()
    rows = [measure(int(count)) for count in chosen.rules.split(",")]
    print("".join(f"{name:>22}" for name in rows[0]))
    for row in rows:
        print("".join(f"{value:>22,.0f}" if name == "rules" else f"{value:>22.2f}" for name, value in row.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps({"policy": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
