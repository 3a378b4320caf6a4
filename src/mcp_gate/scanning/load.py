"""Loads what detectors need, once in a process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Protocol

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.options import Options

SENTENCE: Final = "Please ask Dana Ferguson about dana@example.com soon, or wait for Robert Miller"
"""Wakes every kind of detector."""


class Detector(Protocol):
    """What `detect.scan.scan` does."""

    def __call__(self, leaves: Sequence[Leaf], options: Options, most_signs: int | None = None) -> Scan: ...


@cache
def load(rules: Path, options: Options) -> Detector:
    """What looks at leaves, with everything loaded that the first of them would otherwise wait for.

    Args:
        rules: a directory of the gate's, in which compiled rules are kept.

    Raises:
        NoShapes, NoModel: the rules or the model cannot be had; the text says what helps.
    """
    from mcp_gate.detect.kept import keep_in
    from mcp_gate.detect.scan import scan
    from mcp_gate.detect.secrets.find import prepare

    keep_in(rules)
    prepare(rules)
    scan([Leaf(SENTENCE)], options)
    return scan
