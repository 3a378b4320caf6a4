"""Whether a recorded decision is its giver's: its signature against the keys that were enrolled then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mcp_gate.evidence.sshsig import BadSignature, verify
from mcp_gate.evidence.statement import NAMESPACE, statement
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.model.foreign import Json, JsonMapping
from mcp_gate.model.key import PublicKey

OF_RECORD: Final = ("approver_id", "job_hash", "policy_snapshot", "decision_ts")
OF_DATA: Final = ("decision", "reason", "nonce")
"""Where in a record the fields stand that were signed."""


def unattested(
    record: JsonMapping, gate_id: str, keys: Iterable[PublicKey], arguments: Mapping[str, Json] | None = None
) -> str:
    """Why a `request.decided` or `sample.reviewed` record is not what its giver signed, or "". Unsigned ones are.

    Args:
        keys: those that were enrolled for him under the policy that the record names.
        arguments: those that an edit made, which no record holds, or that say what is taken out of a result.
    """
    data = record["data"]
    signature = data.get("signature")
    if signature is None:
        return "says that it was signed, and bears no signature" if record.get("assurance") == "signed" else ""
    sent: dict[str, Json] = {name: record[name] for name in OF_RECORD if name in record}
    sent |= {name: data[name] for name in OF_DATA if name in data}
    if arguments is not None:
        sent["arguments"] = dict(arguments)
    try:
        verify(signature, statement(sent, record.get("request_id", ""), gate_id), NAMESPACE, keys)
    except (BadSignature, CanonicalError) as error:
        return f"bears a signature that does not verify: {error}"
    return ""
