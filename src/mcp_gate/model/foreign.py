"""Text that an agent or an upstream wrote, and the shape of JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A parsed JSON value: None, bool, int, float, str, list, dict. `Any` because mypy has no useful recursive form."""

JsonObject: TypeAlias = dict[str, Json]
JsonMapping: TypeAlias = Mapping[str, Json]


class Packed:
    """A member of a message that is too large to be opened in the gate's own process: its JSON, on one line.

    It stands where its value would. It can be passed on, and be looked into by `mcp_gate.annex`; whatever else expects
    a value there fails on it.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[bytes]) -> None:
        """
        Args:
            parts: the JSON, cut anywhere: none of them is so large that to copy it takes long.
        """
        self.parts = tuple(parts)

    def __len__(self) -> int:
        """In bytes."""
        return sum(map(len, self.parts))


def is_packed(value: JsonObject) -> bool:
    """Whether a member of it is."""
    for member in value.values():  # noqa: SIM110 -- `any` costs every call three times as much
        if type(member) is Packed:
            return True
    return False


class Foreign(str):
    """Text that did not come from the gate or its admin.

    It reaches a screen, a log or a page only through `mcp_gate.lang.reveal`.
    """

    __slots__ = ()
