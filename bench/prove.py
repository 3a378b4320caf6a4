"""What proofs cost, by the number of rules. Needs the extra `prove`.

    python bench/prove.py [--rules 100,300,1000] [--seed 5] [--json FILE]

Random rules of mixed kinds in three documents, two of the shape `job.<service>.<verb>` with few services and with many.
Seconds on the clock: `load`, reading; `first`, the formula and the first claim, which fails; `second`, all of a proof
that succeeds, in which a guard stands first; `all`, what `policy prove` does: both claims, two invariants, every rule
that never decides; `diff`, the policy beside one that lacks a rule.
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
from mcp_gate.policy.proof.prove import prove

VERBS = "read list write delete create update external-api query send deploy rollback exec".split()
TAGS = "prod write delete secrets egress pii finance read admin billing".split()
DECISIONS = "allow allow_with_constraints require_approval deny".split()
WHENS = (
    "args.amount > {n}", "args.n >= {n} AND args.kind = 'x'", "args.path LIKE '/etc/%' OR args.n < {n}",
    "call.agent = 'bot{n}' AND attributes.region IN ('eu', 'us')",
)  # fmt: skip
DOCUMENTS = 3


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
        "version: v1\ninvariants:\n"
        "  - { id: secrets, match: { risk_tags: [secrets] }, at_least: require_approval }\n"
        "  - { id: billing, match: { risk_tags_all: [billing, prod] }, at_least: deny }\n"
        "never:\n"
        "  - { id: deletes, match: { risk_tags: [delete] }, weaker_than: require_approval }\n"
        "  - { id: admins, match: { risk_tags_all: [secrets, admin] }, weaker_than: require_approval }\n"
    ).encode()  # fmt: skip
    return load(files)


def seconds(act: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = act()
    return time.perf_counter() - start, found
