"""Makes an example as short as it can be while it still shows the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace

from mcp_gate.model.call import Facts, Signals

PLAIN = Signals()
"""Of which a person who types a call says nothing."""

KEPT = ("level", "windows")
"""Without a word on windows they hold the call alone, which is not less to say but something else."""


def shrink(facts: Facts, shows: Callable[[Facts], bool], topics: Iterable[str] = ()) -> Facts:
    """Leave out whatever is not needed, one thing after the other.

    Args:
        topics: that may do as well, shortest first.
    """
    if not facts.description.unmapped:
        others = (replace(facts, description=replace(facts.description, topic=topic)) for topic in topics)
        facts = next(filter(shows, others), facts)
    while (less := next(filter(shows, _simpler(facts)), None)) is not None:
        facts = less
    return facts


def _simpler(facts: Facts) -> Iterator[Facts]:
    told, signals = facts.description, facts.signals
    for tag in sorted(told.risk_tags) if not told.unmapped else ():
        yield replace(facts, description=replace(told, risk_tags=told.risk_tags - {tag}))
    for name in told.attributes:
        rest = {key: value for key, value in told.attributes.items() if key != name}
        yield replace(facts, description=replace(told, attributes=rest))
    for name in facts.arguments:
        yield replace(facts, arguments={key: value for key, value in facts.arguments.items() if key != name})
    for field in fields(Signals):
        plain = getattr(PLAIN, field.name)
        if field.name not in KEPT and getattr(signals, field.name) != plain:
            yield replace(facts, signals=replace(signals, **{field.name: plain}))
