"""The one door towards a client: results, errors, progress, logs, listings, prompts, resources, tasks.

What stands here looks at size and at the fields the policy removes. The detectors of personal data and credentials
have their place in `egress`, between the two.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TypeAlias

from mcp_gate.lang import strictjson
from mcp_gate.model.call import Call
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.foreign import JsonObject
from mcp_gate.output.remove import Removal, remove
from mcp_gate.policy.load import Loaded

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Passed:
    """It may leave as it is."""

    payload: JsonObject


@dataclass(frozen=True, slots=True)
class Changed:
    """It may leave without what was taken out; `review` is the record of that (contract 8)."""

    payload: JsonObject
    review: JsonObject


@dataclass(frozen=True, slots=True)
class Withheld:
    """It may not leave."""

    why: str
    review: JsonObject


Egress: TypeAlias = Passed | Changed | Withheld


def egress(
    loaded: Loaded, method: str, payload: JsonObject, *, call: Call | None = None, constraints: Constraints = NONE
) -> Egress:
    """Decide on something that is about to leave towards a client. What cannot be checked does not leave.

    Args:
        method: the MCP method it answers, or the notification it is.
        call: the call it is the result of, if it is one: rules of the output review look at its topic and tags.
    """
    try:
        return _checked(loaded, method, payload, call, constraints)
    except Exception:
        log.exception("what was to leave for %s could not be checked", method)
        return Withheld("it could not be checked", _review(loaded, call, "QUARANTINE", []))


def _checked(loaded: Loaded, method: str, payload: JsonObject, call: Call | None, constraints: Constraints) -> Egress:
    removals: list[Removal] = []
    rules = loaded.removals(call) if call is not None else ()
    if rules:
        payload, removals = remove(payload, rules)
    limit = constraints.max_output_bytes
    if limit is not None and len(strictjson.dumps(payload)) > limit:
        return Withheld("the result is larger than it may be", _review(loaded, call, "QUARANTINE", removals))
    if removals:
        return Changed(payload, _review(loaded, call, "REDACT", removals))
    return Passed(payload)


def _review(loaded: Loaded, call: Call | None, decision: str, removals: list[Removal]) -> JsonObject:
    """The output record; it never holds what was taken out."""
    return {
        "job_id": call.id if call is not None else "",
        "output_safety_decision": decision,
        "original_fields_redacted": len(removals),
        "redaction_details": [r.as_json() for r in removals],
        "policy_snapshot": loaded.snapshot.id,
    }
