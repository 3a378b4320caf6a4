"""What detectors find in one payload, from one round to the next, and in the keys that its record would name."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mcp_gate.detect.finding import Leaf, Scan
from mcp_gate.detect.options import Options
from mcp_gate.gate.aside import aside
from mcp_gate.gate.leaving.exits import Stop
from mcp_gate.gate.leaving.minutes import Minutes
from mcp_gate.gate.terms import Terms
from mcp_gate.model.output import Unscannable
from mcp_gate.output.decide import Found, decide
from mcp_gate.output.fields import UNTOLD, keys_of, names_field
from mcp_gate.output.looks import Looks
from mcp_gate.output.walked import Trail, Walked
from mcp_gate.policy.outgoing import unscannable
from mcp_gate.policy.read_output import OutputRule
from mcp_gate.scanning.failed import WORDS, Failure, ScanFailed

log = logging.getLogger(__name__)


class Scanner(Protocol):
    """Looks at leaves, out of the event loop's way."""

    async def scan(self, leaves: Sequence[Leaf], options: Options) -> Scan:
        """
        Raises:
            Exception: a detector failed, is missing or took too long; nothing may leave.
        """
        ...


@dataclass(slots=True)
class Detecting:
    """The detectors, for one payload."""

    terms: Terms
    scanner: Scanner
    method: str
    large: bool
    minutes: Minutes
    _looks: Looks = field(default_factory=Looks)

    async def found(self, walked: Walked, issued: Collection[str]) -> list[Found]:
        """What the rules say of what is found in the payload as it is now.

        Args:
            issued: what the gate itself put into it: nobody looks at that.

        Raises:
            Stop: it could not be scanned.
        """
        rules, looks = self.terms.rules, self._looks
        if not any(rule.entities for rule in rules):
            return []
        new = await aside(self.large, looks.begin, walked, issued)
        try:
            scan = await self.scanner.scan(new, self.terms.detection)
        except ScanFailed as failed:
            if failed.failure is Failure.TOO_LARGE and unscannable(rules)[0] is Unscannable.PASS:
                return []
            log.error("what was to leave for %s could not be scanned: %s", self.method, failed)
            raise Stop(WORDS[failed.failure]) from None
        self.minutes.partial = tuple(sorted({*self.minutes.partial, *scan.partial}))
        return await aside(self.large, _decided, walked, looks, new, scan, rules, issued)

    async def private(self, trails: Sequence[Trail], wild: Collection[Trail] = ()) -> dict[Trail, str]:
        """Which of the keys on the way to some places are private themselves, and what the record calls them.

        Args:
            wild: keys that were taken out by a wildcard: told only where they are what fields are called, and
                detectors see nothing in them.
        """
        if not self.terms.enabled:
            return {}
        keys = await aside(self.large, keys_of, trails)
        try:
            scan = await self.scanner.scan(tuple(keys.values()), self.terms.detection)
        except ScanFailed:  # whatever they are, the record does not hold them
            return dict.fromkeys(keys, UNTOLD)
        strict = [rule for rule in self.terms.rules if rule.decision]  # says something other than that it may pass
        found = zip(keys, scan.findings, strict=True)
        odd = dict.fromkeys((at for at in wild if not names_field(at)), UNTOLD)
        return odd | {
            at: UNTOLD
            for at, some in found
            if (some and at in wild) or any(rule.covers(f.entity, f.score) for f in some for rule in strict)
        }


def _decided(
    walked: Walked, looks: Looks, new: Sequence[Leaf], scan: Scan, rules: Sequence[OutputRule], issued: Collection[str]
) -> list[Found]:
    """What the rules say, with what was found in leaves that were not known yet."""
    looks.end(new, scan.findings)
    return decide(walked, looks.views, looks.findings, rules, issued)
