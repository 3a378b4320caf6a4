"""What the anomaly score costs, how often it is wrong, and how much it finds, on made-up histories.

    python bench/anomaly.py [--calls 4000] [--histories 5] [--json FILE]

Each history is an agent that reads, lists, writes mail and pays; after a quarter of it three things in a hundred are
odd: a large amount, a tool out of place, very long arguments, a burst of calls. Every call with more than 0.8 is held,
and an odd one is refused, so that it is not learned. Printed: the share of usual calls that were held, the share of odd
things that were (of a burst, any call), and microseconds of processor time for a call to be taken apart, scored and
learned, in the history that cost least.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from mcp_gate.signals.anomaly import Act, Profile, numbers_of

THRESHOLD = Decimal("0.8")
AFTER = {"read": ["read", "list", "mail"], "list": ["read"], "mail": ["read", "pay"], "pay": ["read"]}
ODD = ("amount", "tool", "size", "burst")
SHARE = 0.03
USUAL = "usual"

Made = tuple[str, dict[str, Any], float, str]
"""Tool, arguments, time, and what is odd about it."""


def history(seed: int, calls: int) -> Iterator[Made]:
    rng = random.Random(seed)
    now, tool = 0.0, "read"
    made = 0
    while made < calls:
        now += rng.expovariate(1 / 20)
        tool = rng.choice(AFTER[tool])
        odd = rng.choice(ODD) if made > calls / 4 and rng.random() < SHARE else USUAL
        match odd:
            case "amount":
                yield "pay", {"q": "x", "amount": rng.uniform(900, 5000)}, now, odd
            case "tool":
                yield "delete", {"q": "/etc"}, now, odd
            case "size":
                yield "read", {"q": "y" * rng.randint(2000, 9000)}, now, odd
            case "burst":
                for n in range(15):
                    now += 0.2
                    yield "read", {"q": "x" * rng.randint(5, 40)}, now, "burst" if not n else "burst, more"
                    made += 1
            case _:
                arguments: dict[str, Any] = {"q": "x" * rng.randint(5, 40)}
                if tool == "pay":
                    arguments["amount"] = round(rng.lognormvariate(3.5, 0.6), 2)
                yield tool, arguments, now, odd
        made += 1


def paced(made: Iterator[Made]) -> Iterator[tuple[str, dict[str, Any], int, int, str]]:
    """Each call with the size of its arguments and how many there were in its minute."""
    times: list[float] = []
    for tool, arguments, now, odd in made:
        times = [*(at for at in times if at > now - 60), now]
        yield f"shop {tool}", arguments, len(json.dumps(arguments)), len(times), odd


def measure(seed: int, calls: int) -> tuple[Counter[str], Counter[str], float]:
    """How many things of each kind there were, how many were held, and microseconds of a call."""
    profile = Profile()
    prepared, above = list(paced(history(seed, calls))), list[bool]()
    start = time.process_time()
    for tool, arguments, size, pace, odd in prepared:
        act = Act(tool, size, pace, numbers_of(arguments))
        held = profile.score(act).score > THRESHOLD
        above.append(held)
        if not held or odd == USUAL:
            profile.learn(act)
    spent = (time.process_time() - start) / len(prepared) * 1e6
    seen, found = Counter[str](), Counter[str]()
    bursts = set[int]()
    for number, ((*_, odd), held) in enumerate(zip(prepared, above, strict=True)):
        if number <= calls / 4:
            continue
        if odd != "burst, more":
            seen[odd] += 1
            found[odd] += held
        if odd.startswith("burst") and held:
            bursts.add(seen["burst"])
    found["burst"] = len(bursts)
    return seen, found, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--histories", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args()
    seen, found, costs = Counter[str](), Counter[str](), list[float]()
    for seed in range(chosen.histories):
        one, hits, cost = measure(seed, chosen.calls)
        seen.update(one)
        found.update(hits)
        costs.append(cost)
    figures = {kind: found[kind] / seen[kind] for kind in (USUAL, *ODD)}
    odd = sum(found[kind] for kind in ODD) / sum(seen[kind] for kind in ODD)
    print(f"false alarms {figures[USUAL]:.1%} of {seen[USUAL]:,} usual calls")
    print(f"held {odd:.0%} of {sum(seen[kind] for kind in ODD):,} odd things: ", end="")
    print(", ".join(f"{kind} {figures[kind]:.0%}" for kind in ODD))
    print(f"{min(costs):.1f} us a call")
    if chosen.json:
        body = {**figures, "odd": odd, "us": min(costs)}
        chosen.json.write_text(json.dumps({"anomaly": body}, indent=2) + "\n")


if __name__ == "__main__":
    main()
