"""Text that an agent or an upstream wrote, and the shape of JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A parsed JSON value: None, bool, int, float, str, list, dict. `Any` because mypy has no useful recursive form."""

JsonObject: TypeAlias = dict[str, Json]
JsonMapping: TypeAlias = Mapping[str, Json]


class Foreign(str):
    """Text that did not come from the gate or its admin.

    It reaches a screen, a log or a page only through `mcp_gate.lang.reveal`.
    """

    __slots__ = ()
