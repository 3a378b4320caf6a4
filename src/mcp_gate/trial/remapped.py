"""Tools that two gate directories describe differently, and what becomes of a plain call of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mcp_gate.model.call import Signals
from mcp_gate.model.verdict import Verdict
from mcp_gate.policy.load import Loaded
from mcp_gate.policy.mapping import ToolMapping
from mcp_gate.policy.proof.difference import levels_of
from mcp_gate.trial.calls import facts_of


@dataclass(frozen=True, slots=True)
class Remapped:
    """One tool with another mapping."""

    listed: str
    level: int
    """The first level at which its call is decided more weakly, else the lowest."""
    before: Verdict
    after: Verdict

    @property
    def weaker(self) -> bool:
        return self.after.decision < self.before.decision


def remapped(old: Loaded, new: Loaded) -> Iterator[Remapped]:
    """Every tool that upstreams.yaml names, of upstreams in both, whose mapping is another; called plainly."""
    levels = levels_of(old.policy, new.policy)
    for upstream, spec in new.upstreams.items():
        if upstream not in old.upstreams:
            continue
        before, after = old.mappings[upstream], new.mappings[upstream]
        for name in dict.fromkeys([*before.tools, *after.tools]):
            if _said(before.tool(name)) != _said(after.tool(name)):
                found = [
                    _called(old, new, old.upstreams[upstream].prefix, spec.prefix, name, level) for level in levels
                ]
                yield next((one for one in found if one.weaker), found[0])


def _called(old: Loaded, new: Loaded, old_prefix: str, prefix: str, name: str, level: int) -> Remapped:
    signals = Signals(confidence=Decimal(1), level=level)
    before, after = (
        loaded.policy.decide(facts_of(loaded, listed, {}, "default", signals))
        for loaded, listed in ((old, old_prefix + name), (new, prefix + name))
    )
    return Remapped(prefix + name, level, before, after)


def _said(mapping: ToolMapping | None) -> object:
    """What a mapping says, for comparison."""
    if mapping is None:
        return None
    tag_when = [(entry.when.text, entry.add) for entry in mapping.tag_when]
    return mapping.topic, mapping.risk_tags, dict(mapping.attributes), tag_when
