"""The one door towards a client: results, errors, progress, logs, listings, prompts, resources, tasks."""

from __future__ import annotations

import logging
from collections import Counter

from mcp_gate.gate.inspections import Inspections
from mcp_gate.gate.leaving.detecting import Scanner
from mcp_gate.gate.leaving.exits import Counts, Egress, Withheld
from mcp_gate.gate.leaving.review import UNCHECKED, reviewed
from mcp_gate.gate.marks import without_gate_meta
from mcp_gate.gate.terms import Annex, Terms
from mcp_gate.model.call import Call
from mcp_gate.model.constraints import NONE, Constraints
from mcp_gate.model.foreign import JsonObject, is_packed
from mcp_gate.model.output import OutputDecision
from mcp_gate.output.record import record
from mcp_gate.output.redact import Tokenizer
from mcp_gate.policy.load import Loaded
from mcp_gate.scanning.failed import WORDS, ScanFailed

log = logging.getLogger(__name__)


async def egress(
    loaded: Loaded, scanner: Scanner, method: str, payload: JsonObject, *,
    call: Call | None = None, constraints: Constraints = NONE, schema: JsonObject | None = None,
    counts: Counts | None = None, tokens: Tokenizer | None = None, earlier: Inspections | None = None,
    annex: Annex | None = None,
) -> Egress:  # fmt: skip
    """Decide on something that is about to leave towards a client. What cannot be checked does not leave.

    Args:
        method: the MCP method it answers, or the notification it is.
        call: the call it is the result of, if it is one: rules of the output review look at its topic and tags.
        schema: the tool's `outputSchema`, which the result has to fit after a change, too.
        counts: what was found is counted there.
        tokens: what may stand in place of a value, where a rule says so.
        earlier: what came of the same a moment ago is not found out again.
        annex: where payloads that are packed are looked at.
    """
    counts = Counter() if counts is None else counts
    try:
        terms = Terms.of(loaded, call, constraints, schema)
        if annex is None or not is_packed(payload):
            return await reviewed(terms, scanner, method, payload, counts, tokens, earlier)
        return await annex.reviewed(terms, method, without_gate_meta(payload), counts, tokens)
    except Exception as e:
        log.exception("what was to leave for %s could not be checked", method)
        why = WORDS[e.failure] if isinstance(e, ScanFailed) else UNCHECKED
        job_id = call.id if call is not None else ""
        return Withheld(why, record(job_id, OutputDecision.QUARANTINE, (), loaded.snapshot.id))
