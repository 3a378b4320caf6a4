"""What `output test` found, for a terminal. All that the file says is revealed."""

from __future__ import annotations

from typing import Final

from mcp_gate.cli.columns import table
from mcp_gate.lang.reveal import reveal, reveal_json
from mcp_gate.model.foreign import JsonObject

WORDS: Final = {
    "ALLOW": "It would leave as it is.",
    "REDACT": "It would leave without what is named here.",
    "QUARANTINE": "It would not leave",
}


def told(seen: JsonObject) -> str:
    """Decision, what was found, what would be done, and what would leave."""
    word = WORDS[seen["output_safety_decision"]]
    lines = [f"{word}: {reveal(seen['why'])}." if "why" in seen else word]
    if "suspicious" in seen:
        places = ", ".join(map(reveal, seen["suspicious"]))
        lines.append(f"It speaks to the model rather than to its user ({places}): the session of its call is tainted.")
    if "partial" in seen:
        lines.append("The time for names in prose ran out: not all of it was looked at for them.")
    if seen["found"]:
        head = ["FIELD", "ENTITY", "SCORE", "FOUND BY", "RULE", "SAYS"]
        lines += ["", table(head, [_row(one) for one in seen["found"]])]
    if seen["redaction_details"]:
        rows = [[reveal(one[name]) for name in ("field", "action", "reason")] for one in seen["redaction_details"]]
        lines += ["", table(["FIELD", "ACTION", "REASON"], rows)]
    if seen["output_safety_decision"] == "REDACT":
        lines += ["", reveal_json(seen["result"])]
    return "\n".join(lines)


def _row(one: JsonObject) -> list[str]:
    score, rule = f"{one['score']:.2f}", one.get("rule_id", "-")
    return [reveal(cell) for cell in (one["field"], one["entity"], score, one["recogniser"], rule, one["says"])]
