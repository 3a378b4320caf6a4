"""From the arguments of `count(…)` and `sum(…)` to a window."""

from __future__ import annotations

from typing import Any, Final

from mcp_gate.lang.syntax import ConditionError, Window

UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
LONGEST_DAYS: Final = 31
OWN: Final = "agent"
"""What calls have in common where nothing is said: whoever makes them."""
COMMON: Final = {"agent": "agent", "tool": "tool", "topic": "topic", "target": "attributes.target"}
"""Words for what calls have in common, and what they mean."""
OF_THE_GATE: Final = frozenset({"confidence", "retry_count", "anomaly_score", "first_time_action", "tainted"})
"""Attributes that are the gate's own finding about one call: no sum of them says anything."""


def read_window(kids: list[Any]) -> Window:
    """A window.

    Args:
        kids: the name of the function, as a token, and its arguments, as trees.

    Raises:
        ConditionError: there is no such function, or its arguments are others.
    """
    name, arguments = kids[0], kids[1:]
    if name not in ("count", "sum"):
        raise ConditionError(f"there is no function '{name}'; there are count and sum", _column(name))
    of = None if name == "count" else _summed(name, arguments)
    rest = arguments if of is None else arguments[1:]
    if not rest or rest[0].data != "duration":
        example = "count(24h)" if of is None else f"sum(attributes.{of}, 24h)"
        at = rest[0].meta.start_pos + 1 if rest else _column(name)
        raise ConditionError(f"say how far it looks back: {example}", at)
    span, seconds = _duration(rest[0])
    same = tuple(_common(tree) for tree in rest[1:])
    for tree, word in zip(rest[1:], same, strict=True):
        if same.count(word) > 1:
            raise ConditionError(f"'{word}' stands there twice", tree.meta.start_pos + 1)
    shown = [*([] if of is None else [f"attributes.{of}"]), span, *same]
    return Window(f"{name}({', '.join(shown)})", seconds, of, same or (OWN,))


def _summed(name: Any, arguments: list[Any]) -> str:
    """The attribute that a sum adds up."""
    if not arguments:
        raise ConditionError("say what is added up: sum(attributes.amount_usd, 24h)", _column(name))
    first = arguments[0]
    attribute = _attribute(first)
    if attribute is None:
        message = "a sum adds up a declared attribute: sum(attributes.amount_usd, 24h)"
        raise ConditionError(message, first.meta.start_pos + 1)
    return attribute


def _attribute(tree: Any) -> str | None:
    """The name in `attributes.<name>`, if that is what stands there."""
    parts = [str(token) for token in tree.children]
    plain = tree.data == "path" and all(token.type == "NAME" for token in tree.children)
    if not plain or len(parts) != 2 or parts[0] != "attributes" or parts[1] in OF_THE_GATE:
        return None
    return parts[1]


def _common(tree: Any) -> str:
    attribute = _attribute(tree)
    if attribute is not None:
        return f"attributes.{attribute}"
    word = COMMON.get(str(tree.children[0])) if tree.data == "path" and len(tree.children) == 1 else None
    if word is None:
        hint = f"{', '.join(COMMON)} or attributes.<name>"
        raise ConditionError(f"say what the calls have in common: {hint}", tree.meta.start_pos + 1)
    return word


def _duration(tree: Any) -> tuple[str, int]:
    text = str(tree.children[0])
    seconds = int(text[:-1]) * UNITS[text[-1]]
    if seconds > LONGEST_DAYS * UNITS["d"]:
        raise ConditionError(f"it looks back further than {LONGEST_DAYS}d", tree.meta.start_pos + 1)
    return text, seconds


def _column(token: Any) -> int:
    return int(token.start_pos or 0) + 1
