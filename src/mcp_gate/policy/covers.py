"""Whether one match takes in all that another does, where that is plain to see."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mcp_gate.lang.globs import Matcher, compile_glob
from mcp_gate.policy.rules import Match

REMEMBERED: Final = 200
"""Globs kept compiled."""


def covers(a: Match, b: Match) -> bool:
    """Whether everything that `b` can match, `a` does; False where it is not plain to see."""
    return (
        _globs_cover(a.topics, b.topics)
        and _globs_cover(a.tools, b.tools)
        and _globs_cover(a.upstreams, b.upstreams)
        and _globs_cover(a.agents, b.agents)
        and (a.risk_tags is None or (b.risk_tags is not None and b.risk_tags <= a.risk_tags))
        and (a.risk_tags_all is None or (b.risk_tags_all is not None and a.risk_tags_all <= b.risk_tags_all))
        and (a.risk_tags_none is None or (b.risk_tags_none is not None and a.risk_tags_none <= b.risk_tags_none))
    )


def _globs_cover(wide: tuple[str, ...] | None, narrow: tuple[str, ...] | None) -> bool:
    """A glob without `?` that matches another glob's text matches all that the other does."""
    if wide is None or narrow is None:
        return wide is None
    return all(pattern in wide or any(_glob_covers(other, pattern) for other in wide) for pattern in narrow)


@lru_cache(REMEMBERED)
def _matcher(pattern: str) -> Matcher:
    return compile_glob(pattern)


def _glob_covers(wide: str, narrow: str) -> bool:
    return "?" not in wide and _matcher(wide)(narrow)
