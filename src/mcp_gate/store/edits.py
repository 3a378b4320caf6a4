"""A held call that a reviewer changed: what runs takes the place of what was asked for, which the request keeps."""

from __future__ import annotations

from mcp_gate.model.edit import Edit
from mcp_gate.model.request import ASKED, Request
from mcp_gate.store import rows
from mcp_gate.store.database import Tx


def write(tx: Tx, request: Request, edit: Edit) -> None:
    """Put the changed call in the place of the one that was judged. The same call again still joins the request: that
    is found by what was asked for."""
    call = rows.from_call(edit.call)
    tx.run(
        "update calls set arguments = :arguments, topic = :topic, risk_tags = :risk_tags, attributes = :attributes, "
        "signals = :signals, job_hash = :job_hash, verdict = :verdict where id = :id",
        **{name: call[name] for name in ASKED}, verdict=rows.text(edit.verdict), id=request.call.id,
    )  # fmt: skip
    was = request.asked_call
    asked = {name: getattr(was, name) for name in ASKED} | {"risk_tags": list(was.risk_tags)}
    tx.run(
        "update requests set asked = :asked, verdict = :verdict, tier = :tier, needed = :needed, "
        "min_assurance = :min_assurance, on_timeout = :on_timeout where id = :id",
        asked=rows.text(asked), verdict=rows.text(edit.verdict), tier=edit.tier.word, needed=edit.needed,
        min_assurance=edit.min_assurance.word, on_timeout=edit.on_timeout.word, id=request.id,
    )  # fmt: skip
