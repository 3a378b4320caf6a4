"""Gate directories in memory, for tests of the policy."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.model.call import UNKNOWN, Facts, Signals, Unknown
from mcp_gate.model.config import ConfigError
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded, load
from mcp_gate.signals.describe import describe

ROOT = Path(__file__).parents[2]
"""Of the project, which is itself the sample gate directory."""
SEED = Path(__file__).parent.parent / "data" / "seed"

UPSTREAMS = """\
version: v1
upstreams:
  shop:
    command: python
    args: ["-m", "shop_server"]
    prefix: shop_
    tools:
      get_order:    { topic: job.support.read, risk_tags: [read] }
      refund_order:
        topic: job.support.process-refund
        risk_tags: [write, financial]
        attributes: { amount_usd: args.amount, affected_users: "count(args.to)" }
        tag_when: [ { when: "args.env = 'prod'", add: [prod] } ]
        ask: [confidence, reason]
      delete_order: { topic: job.support.delete, risk_tags: [delete] }
      "admin_*":    { topic: "job.admin.{tool}", risk_tags: [write, prod] }
      analyze_refund: { topic: job.support.analyze-refund, risk_tags: [read] }
    resources: { topic: job.support.read, risk_tags: [read] }
    prompts:   { topic: job.prompts.read, risk_tags: [read] }
"""


ALLOW_ALL = 'rules:\n  - { id: all, match: { topics: ["*"] }, decision: allow }\n'


def rule(id_: str, match: str, decision: str, more: str = "") -> str:
    """One line of `rules`."""
    return f"  - {{ id: {id_}, match: {{ {match} }}, decision: {decision}{', ' + more if more else ''} }}\n"


def rules(*lines: str) -> str:
    """A section of rules."""
    return "rules:\n" + "".join(lines)


def files(*documents: str, upstreams: str = UPSTREAMS, gate: str | None = None, **named: str) -> dict[str, bytes]:
    """A gate directory: documents become `policies/a.yaml`, `policies/b.yaml`, …, without their first line."""
    out = {"upstreams.yaml": upstreams.encode()}
    if gate is not None:
        out["gate.yaml"] = ("version: v1\n" + gate).encode()
    for letter, text in zip("abcdefgh", documents, strict=False):
        out[f"policies/{letter}.yaml"] = ("version: v1\n" + text).encode()
    return out | {name: text.encode() for name, text in named.items()}


def sample(*folders: str) -> dict[str, bytes]:
    """The sample gate directory and these further folders, wherever the project lies and whoever owns it."""
    paths = [ROOT / "upstreams.yaml", *(path for name in ("policies", *folders) for path in (ROOT / name).iterdir())]
    return {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}


def loaded(*documents: str, **more: Any) -> Loaded:
    """The directory of `files`, loaded."""
    return load(files(*documents, **more))


def facts(
    gate: Loaded, tool: str = "refund_order", arguments: dict[str, Any] | None = None, *, agent: str = "bot",
    method: str = "tools/call", upstream: str = "shop", confidence: str | Unknown = "1", retries: int = 0,
    anomaly: str | Unknown = "0", first: bool = False, level: int = 0,
) -> Facts:  # fmt: skip
    """What a policy sees of a call."""
    arguments = {} if arguments is None else arguments
    signals = Signals(
        confidence=UNKNOWN if isinstance(confidence, Unknown) else Decimal(confidence),
        retry_count=retries,
        anomaly_score=UNKNOWN if isinstance(anomaly, Unknown) else Decimal(anomaly),
        first_time_action=first,
        level=level,
    )
    return Facts(agent, upstream, tool, describe(gate, upstream, tool, method, arguments), arguments, signals)


def decide(gate: Loaded, tool: str = "refund_order", arguments: dict[str, Any] | None = None, **more: Any) -> Verdict:
    """The verdict on a call."""
    return gate.policy.decide(facts(gate, tool, arguments, **more))


def problems(directory: dict[str, bytes]) -> list[str]:
    """The lines that are printed for a directory that cannot be served."""
    with pytest.raises(ConfigError) as caught:
        load(directory)
    return [str(problem) for problem in caught.value.problems]


def check(path: str, text: str, error: str, make: Callable[[str], dict[str, bytes]]) -> None:
    """Check that a text has one error, at the mark ¦, that begins like this and says how to mend it."""
    whole = make(text)[path].decode()
    before = whole[: whole.index("¦")]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    (found,) = problems(make(text.replace("¦", "")))
    assert found.startswith(f"{path}:{line}:{column}: {error}")
    assert "; " in found
