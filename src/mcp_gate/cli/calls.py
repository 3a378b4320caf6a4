"""Parts of a call as a person types them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from mcp_gate.model.foreign import JsonObject


def parse_arguments(text: str) -> JsonObject:
    """Arguments of a call to be explained. A number that no call can carry passes here: it is unknown to the policy."""
    from mcp_gate.lang import strictjson

    hint = "write a JSON object, such as '{\"amount\": 5}'"
    try:
        parsed = strictjson.parse_unsent(text.encode("utf-8", "surrogateescape"), constants=True)
    except strictjson.JsonError as e:
        leave(Exit.USAGE, f"--args: {e}; {hint}")
    if not isinstance(parsed, dict):
        leave(Exit.USAGE, f"--args: arguments are neither a list nor a single value; {hint}")
    return parsed


def parse_number(option: str, text: str) -> Decimal:
    """A number as typed in an option, exactly; what is not one ends the command."""
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.trial.values import MOST_DIGITS

    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value.adjusted() > MOST_DIGITS:
        leave(Exit.USAGE, f"{option}: '{reveal(text)}' is not a number")
    return value
