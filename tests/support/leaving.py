"""Payloads on their way to a client, and what must not be in them."""

from __future__ import annotations

import json
from typing import Any

from mcp_gate.gate.egress import egress
from mcp_gate.model.foreign import JsonObject
from mcp_gate.policy.load import load
from support.directories import files
from support.held import a_call
from support.scanning import Here

SSN, CARD, MAIL = "536-22-1234", "4539 1488 0343 6467", "ada.lovelace@analytical.org"
PHONE, IBAN = "+1 415 555 2671", "DE89 3704 0044 0532 0130 00"
VALUES = (SSN, CARD, MAIL, PHONE, IBAN)
SAID = f"SSN {SSN}, card {CARD}, mail {MAIL}, phone {PHONE}, IBAN {IBAN}"


def text(value: str) -> JsonObject:
    """A block of a result."""
    return {"type": "text", "text": value}


async def out(payload: JsonObject, rules: str = "", method: str = "tools/call", **more: Any) -> Any:
    """What becomes of a payload under `rules` (the body of `output_review:`); `more` is as for `egress`."""
    document = {"policies/output.yaml": f"version: v1\noutput_review: {rules}\n".encode()} if rules else {}
    loaded = load(files() | document)
    more.setdefault("call", a_call())
    return await egress(loaded, more.pop("scanner", Here()), method, payload, **more)


def leaked(payload: Any) -> list[str]:
    """Those of `VALUES` that stand in it."""
    told = json.dumps(payload)
    return [value for value in VALUES if value in told]
