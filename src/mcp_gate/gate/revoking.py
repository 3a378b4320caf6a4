"""What a new gate.yaml takes away: keys and tokens that prove nothing any more, agents that are no longer admitted."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_gate.model.config import GateSettings
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.key import PublicKey
from mcp_gate.policy.load import Loaded


def revocations(before: GateSettings, now: Loaded) -> tuple[Event, ...]:
    """The events for every key and token of a reviewer's that is not in force any more."""
    return tuple(
        Event("key.revoked", {"policy_snapshot": now.snapshot.id, "approver_id": reviewer}, data)
        for reviewer, data in _revoked(before, now.settings)
    )


def withdrawn(before: GateSettings, now: GateSettings) -> frozenset[str]:
    """The agents that are no longer admitted as they were: not listed any more, or listed with another token."""
    was, is_ = before.agents or {}, now.agents or {}
    changed = {id_ for id_ in was.keys() & is_.keys() if was[id_].token_sha256 != is_[id_].token_sha256}
    gone = was.keys() - is_.keys() if now.agents is not None else set()
    return frozenset(changed | gone)


def _revoked(before: GateSettings, now: GateSettings) -> Iterator[tuple[str, JsonObject]]:
    for was in (before.reviewers or {}).values():
        still = (now.reviewers or {}).get(was.id)
        kept: tuple[PublicKey, ...] = () if still is None else still.keys
        for key in was.keys:
            if key not in kept:
                yield was.id, {"proof": "key", "key": key.fingerprint, "kind": key.kind}
        if was.token_sha256 is not None and (still is None or still.token_sha256 != was.token_sha256):
            yield was.id, {"proof": "token"}
