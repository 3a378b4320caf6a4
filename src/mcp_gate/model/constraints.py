"""What binds an allowed or approved call, and how two such bounds join to the tighter one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from mcp_gate.model.foreign import JsonMapping, JsonObject

T = TypeVar("T", int, Decimal)


@dataclass(frozen=True, slots=True)
class Constraints:
    """Upper bounds on one call; an absent field binds nothing."""

    max_runtime_sec: int | None = None
    """Seconds from the first byte upstream to the answer."""
    max_amount_usd: Decimal | None = None
    max_output_bytes: int | None = None
    """Bytes of the result as serialised towards the client."""
    network_allowlist: tuple[str, ...] | None = None
    """Exact hosts in their one spelling (`lang.hostnames.canonical`); empty means no host at all."""

    def __bool__(self) -> bool:
        return self != NONE

    def join(self, other: Constraints) -> Constraints:
        """The tightest bounds of both."""
        if other is NONE or other == NONE:
            return self
        if self is NONE:
            return other
        return Constraints(
            _least(self.max_runtime_sec, other.max_runtime_sec),
            _least(self.max_amount_usd, other.max_amount_usd),
            _least(self.max_output_bytes, other.max_output_bytes),
            _common(self.network_allowlist, other.network_allowlist),
        )

    @classmethod
    def of(cls, shown: JsonMapping) -> Constraints:
        """The inverse of `as_json`; members that are not constraints of ours bind nothing."""
        amount, hosts = shown.get("max_amount_usd"), shown.get("network_allowlist")
        return cls(
            max_runtime_sec=shown.get("max_runtime_sec"),
            max_amount_usd=None if amount is None else Decimal(repr(amount)),
            max_output_bytes=shown.get("max_output_bytes"),
            network_allowlist=None if hosts is None else tuple(hosts),
        )

    def as_json(self) -> JsonObject:
        """The fields that bind, under their names in policies."""
        out: JsonObject = {}
        if self.max_runtime_sec is not None:
            out["max_runtime_sec"] = self.max_runtime_sec
        if self.max_amount_usd is not None:
            whole = int(self.max_amount_usd)
            out["max_amount_usd"] = whole if whole == self.max_amount_usd else float(self.max_amount_usd)
        if self.max_output_bytes is not None:
            out["max_output_bytes"] = self.max_output_bytes
        if self.network_allowlist is not None:
            out["network_allowlist"] = list(self.network_allowlist)
        return out


NONE = Constraints()


def _least(a: T | None, b: T | None) -> T | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b)


def _common(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if a is None or b is None:
        return b if a is None else a
    return tuple(sorted(set(a) & set(b)))
