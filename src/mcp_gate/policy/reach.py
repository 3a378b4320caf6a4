"""Which hosts the policy lists for an upstream at all: what binds its process, where that is in a sandbox.

A process serves many calls, whose own lists may differ; each call's list binds its arguments, and the union of all
that can concern the upstream binds its process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from mcp_gate.lang.globs import compile_glob
from mcp_gate.lang.reader import Reader
from mcp_gate.model.constraints import Constraints
from mcp_gate.model.decision import Decision
from mcp_gate.policy.mapping import UpstreamMapping
from mcp_gate.policy.read_upstreams import Upstreams
from mcp_gate.policy.rules import Match, Rule

WILD: Final = re.compile(r"[*?]")
TOOL: Final = "{tool}"


def listed(rule: Rule, default: Constraints) -> tuple[str, ...] | None:
    """The hosts that a rule lets its calls name; None where it lists none, or lets no call pass.

    Args:
        default: what binds a call that is allowed with constraints and given none.
    """
    if rule.decision is Decision.DENY:
        return None
    bare = rule.decision is Decision.ALLOW_WITH_CONSTRAINTS and not rule.constraints
    return (default if bare else rule.constraints).network_allowlist


def reachable(rules: Iterable[Rule], default: Constraints, upstream: str, mapping: UpstreamMapping) -> frozenset[str]:
    """Every host that a rule lists for calls of an upstream; none where no rule does."""
    lists = (listed(rule, default) for rule in rules if may_concern(rule.match, upstream, mapping))
    return frozenset(host for hosts in lists for host in hosts or ())


def may_concern(match: Match, upstream: str, mapping: UpstreamMapping) -> bool:
    """Whether a rule can be about a call of an upstream, by its id and the topics of its mappings."""
    if match.upstreams is not None and not any(compile_glob(glob)(upstream) for glob in match.upstreams):
        return False
    if match.topics is None:
        return True
    topics = [f"unmapped.{upstream}.{TOOL}", *(one.topic for one in mapping.all())]
    return any(_may_match(glob, topic) for glob in match.topics for topic in topics)


def reach(
    reader: Reader, rules: Iterable[Rule], default: Constraints, upstreams: Upstreams
) -> dict[str, frozenset[str]]:
    """The hosts of every upstream in a sandbox. Warns where a list of hosts holds arguments alone, and where a sandbox
    has no way out."""
    rules = tuple(rules)
    _warn_of_arguments_alone(reader, rules, default, upstreams)
    found = {}
    for spec in upstreams.specs.values():
        if spec.sandbox is not None:
            found[spec.id] = reachable(rules, default, spec.id, upstreams.mappings[spec.id])
            if not found[spec.id]:
                what = f"no rule lists a host for '{spec.id}': its process reaches none"
                reader.warn(spec.sandbox.place, what, "add network_allowlist to a rule about it, if it needs one")
    return found


def _warn_of_arguments_alone(
    reader: Reader, rules: tuple[Rule, ...], default: Constraints, upstreams: Upstreams
) -> None:
    open_ = [spec for spec in upstreams.specs.values() if spec.sandbox is None]
    for rule in rules:
        if listed(rule, default) is None:
            continue
        named = [spec for spec in open_ if may_concern(rule.match, spec.id, upstreams.mappings[spec.id])]
        if named:
            ids = ", ".join(f"'{spec.id}'" for spec in named)
            local = any(spec.command is not None for spec in named)
            hint = "add sandbox: { network: allowlist } to it" if local else "keep that server itself from other hosts"
            reader.warn(rule.place, f"only hosts in arguments are checked, not what {ids} connects to", hint)


def _may_match(glob: str, topic: str) -> bool:
    """Whether a glob can match a topic, in which `{tool}` stands for anything."""
    if TOOL not in topic:
        return compile_glob(glob)(topic)
    head, before = WILD.split(glob, maxsplit=1)[0], topic.partition(TOOL)[0]
    return head.startswith(before) or before.startswith(head)
