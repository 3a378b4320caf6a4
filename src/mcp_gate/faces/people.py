"""How reviewers look to others. Of a token only whether there is one."""

from __future__ import annotations

from mcp_gate.model.config import ReviewerSpec
from mcp_gate.model.foreign import JsonObject


def reviewer_json(one: ReviewerSpec) -> JsonObject:
    """A reviewer of gate.yaml."""
    keys = [{"kind": key.kind, "fingerprint": key.fingerprint, "comment": key.comment} for key in one.keys]
    return {"id": one.id, "groups": sorted(one.groups), "keys": keys, "token": one.token_sha256 is not None}
