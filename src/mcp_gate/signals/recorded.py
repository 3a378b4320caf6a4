"""What a policy may look at, as the plain JSON that stands in a stored call, and back: a decision can be replayed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mcp_gate.model.call import UNKNOWN, UNSURE_TAGS, Attribute, Call, Description, Facts, Signals, Unknown
from mcp_gate.model.foreign import Json, JsonMapping, JsonObject


class NotRecorded(Exception):
    """The stored call does not say what the gate knew when it decided; the text says what is missing."""


def plain(value: Attribute) -> Json:
    """An attribute as JSON; an unknown one is an object, which no declared one can be."""
    if value is UNKNOWN:
        return {"unknown": True}
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def attributes_json(attributes: Mapping[str, Attribute]) -> dict[str, Json]:
    """Attributes as they stand in a call."""
    return {name: plain(value) for name, value in attributes.items()}


def signals_json(signals: Signals) -> JsonObject:
    """Signals as they stand in a call."""
    return {
        "confidence": plain(signals.confidence),
        "retry_count": signals.retry_count,
        "anomaly_score": plain(signals.anomaly_score),
        "first_time_action": signals.first_time_action,
        "level": signals.level,
        "windows": {text: _exact(value) for text, value in signals.windows.items()},
        "tainted": signals.tainted,
    }


def unsure_json(told: Description) -> JsonObject:
    """What is stored beside the signals of tags that a call may have."""
    return {UNSURE_TAGS: sorted(told.unsure)} if told.unsure else {}


def signals_of(stored: JsonMapping) -> Signals:
    """The inverse of `signals_json`.

    Raises:
        NotRecorded: a member is missing.
    """
    try:
        return Signals(
            confidence=_number(stored["confidence"]),
            retry_count=stored["retry_count"],
            anomaly_score=_number(stored["anomaly_score"]),
            first_time_action=stored["first_time_action"],
            level=stored["level"],
            tainted=stored.get("tainted", False),  # of calls from before there was such a thing none was
            windows={text: _number(value) for text, value in stored["windows"].items()},
        )
    except KeyError as missing:
        raise NotRecorded(f"no {missing.args[0]}") from None


def description_of(call: Call) -> Description:
    """Topic, tags and attributes as they were when the call was decided."""
    tags = frozenset(call.risk_tags)
    unmapped = call.topic.startswith("unmapped.") and tags == {"unmapped"}
    attributes = {name: _value(value) for name, value in call.attributes.items()}
    return Description(call.topic, tags, attributes, unmapped, call.unsure_tags)


def facts_of(call: Call, description: Description) -> Facts:
    """What the policy looked at, under a description.

    Raises:
        NotRecorded: see `signals_of`.
    """
    return Facts(call.agent, call.upstream, call.tool, description, call.arguments, signals_of(call.signals))


def _value(stored: Json) -> Attribute:
    if isinstance(stored, dict):
        return UNKNOWN
    if isinstance(stored, float):
        return Decimal(repr(stored))
    assert isinstance(stored, (int, str, bool))
    return stored


def _number(stored: Json) -> Decimal | Unknown:
    """A signal that is a number, or could not be told."""
    if isinstance(stored, dict):
        return UNKNOWN
    return Decimal(stored if isinstance(stored, str) else repr(stored))


def _exact(value: Decimal | Unknown) -> Json:
    """A number as JSON, as text where JSON's readers would round it: a sum may have more digits than its parts."""
    told = plain(value)
    return told if value is UNKNOWN or Decimal(repr(told)) == value else str(value)
