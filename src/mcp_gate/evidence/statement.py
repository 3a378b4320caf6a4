"""What a reviewer signs: the decision as it is sent, bound to one request of one gate (contract 9, Identity)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mcp_gate.lang.canonical import canonical
from mcp_gate.model.foreign import Json

NAMESPACE: Final = "mcp-gate-decision@v1"
"""What the signature is for: one made for anything else proves nothing here."""


def statement(sent: Mapping[str, Json], request_id: str, gate_id: str) -> bytes:
    """The RFC 8785 form of the fields that are sent, without `signature`, plus `request_id` and `gate_id`.

    Raises:
        CanonicalError: a value has no canonical form.
    """
    fields = {name: value for name, value in sent.items() if name != "signature" and value is not None}
    return canonical({**fields, "request_id": request_id, "gate_id": gate_id})
