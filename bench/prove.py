"""What proofs cost, by the number of rules. Needs the extra `prove`.

    python bench/prove.py [--rules 100,300,1000] [--seed 5] [--json FILE]

Random rules of mixed kinds in three documents, with topics of few services and of many, two claims and two invariants.
Seconds: `load`, reading; `check`, the search that `policy check` adds; `all`, what `policy prove` does, with both
claims, both invariants, every rule that never decides; `guarded`, the same where a guard makes the first claim true;
`diff`, beside the policy without one rule.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mcp_gate.policy.load import Loaded, load
from mcp_gate.policy.proof.difference import difference
from mcp_gate.policy.proof.findings import Result
from mcp_gate.policy.proof.prove import prove
from mcp_gate.policy.proof.search import disproved

VERBS = (
    "read", "list", "write", "delete", "create", "update", "external-api", "query", "send", "deploy", "rollback",
    "exec",
)  # fmt: skip
TAGS = ("prod", "write", "delete", "secrets", "egress", "pii", "finance", "read", "admin", "billing")
DECISIONS = ("allow", "allow_with_constraints", "require_approval", "deny")
WHENS = (
    "args.amount > {n}", "args.n >= {n} AND args.kind = 'x'", "args.path LIKE '/etc/%' OR args.n < {n}",
    "call.agent = 'bot{n}' AND attributes.region IN ('eu', 'us')",
)  # fmt: skip
DOCUMENTS = 3
SERVICES = (60, 400)


def rule(number: int, services: int, rng: random.Random) -> str:
    """One line of YAML."""
    service, verb, kind = f"svc{rng.randrange(services)}", rng.choice(VERBS), rng.random()
    topic = (
        f"job.{service}.{verb}" if kind < 0.45 else f"job.{service}.*" if kind < 0.75
        else f"job.*.{verb}" if kind < 0.9 else f"job.{service}.*.{verb}"
    )  # fmt: skip
    match = [f'topics: ["{topic}"]']
    if rng.random() < 0.6:
        match.append(f"risk_tags: [{', '.join(rng.sample(TAGS, rng.randint(1, 3)))}]")
    if rng.random() < 0.3:
        match.append(f'when: "{rng.choice(WHENS).format(n=rng.randint(1, 1000))}"')
    if rng.random() < 0.2:
        match.append(rng.choice(["amount_usd_above", "retry_count_above"]) + f": {rng.randint(1, 50)}")
    return f"  - {{ id: r{number}, match: {{ {', '.join(match)} }}, decision: {rng.choice(DECISIONS)} }}\n"


def directory(count: int, services: int, seed: int, *, guard: bool = False, without: int | None = None) -> Loaded:
    """A gate directory with so many rules, claims about two tags, and an invariant for each of two others."""
    rng = random.Random(seed)
    lines = [rule(number, services, rng) for number in range(count)]
    if without is not None:
        lines[without] = ""
    files = {"upstreams.yaml": b"version: v1\nupstreams:\n  none: { command: none }\n"}
    for part in range(DOCUMENTS):
        body = "".join(lines[part::DOCUMENTS])
        first = f"  - {{ id: guard{part}, match: {{ risk_tags: [delete] }}, decision: require_approval }}\n"
        files[f"policies/{part}.yaml"] = f"version: v1\nrules:\n{first if guard else ''}{body}".encode()
    files["policies/floors.yaml"] = (
        b"version: v1\ninvariants:\n"
        b"  - { id: secrets, match: { risk_tags: [secrets] }, at_least: require_approval }\n"
        b"  - { id: billing, match: { risk_tags_all: [billing, prod] }, at_least: deny }\n"
        b"never:\n"
        b"  - { id: deletes, match: { risk_tags: [delete] }, weaker_than: require_approval }\n"
        b"  - { id: admins, match: { risk_tags_all: [secrets, admin] }, weaker_than: require_approval }\n"
    )  # fmt: skip
    return load(files)


def seconds(act: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = act()
    return time.perf_counter() - start, found


def measure(count: int, services: int, seed: int) -> dict[str, float]:
    row: dict[str, float] = {"rules": count, "services": services}
    row["load"], loaded = seconds(lambda: directory(count, services, seed))
    row["check"], _ = seconds(lambda: list(disproved(loaded.policy, loaded.claims)))
    row["all"], found = seconds(lambda: prove(loaded.policy, loaded.claims))
    assert found.claims[0].result is Result.DISPROVED
    row["never decide"] = len(found.idle)
    guarded = directory(count, services, seed, guard=True)
    row["guarded"], found = seconds(lambda: prove(guarded.policy, guarded.claims))
    assert found.claims[0].result is Result.PROVED
    other = directory(count, services, seed, without=count // 2)
    row["diff"], _ = seconds(lambda: difference(loaded.policy, other.policy))
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", default="100,300,1000", help="counts, joined by commas")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    chosen = parser.parse_args()
    rows = []
    for count in chosen.rules.split(","):
        for services in SERVICES:
            rows.append(measure(int(count), services, chosen.seed))
            if len(rows) == 1:
                print("".join(f"{name:>14}" for name in rows[0]))
            print("".join(f"{v:>14}" if isinstance(v, int) else f"{v:>14.1f}" for v in rows[-1].values()), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps({"prove": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
