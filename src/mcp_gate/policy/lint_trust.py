"""Warnings about autonomy and sampled audit: what can be served and is probably not meant."""

from __future__ import annotations

from mcp_gate.lang.reader import Reader
from mcp_gate.model.config import GateSettings
from mcp_gate.policy.documents import Documents
from mcp_gate.policy.read_autonomy import Autonomy
from mcp_gate.policy.read_sampling import Sampling
from mcp_gate.policy.terms import DEFAULT


def lint_autonomy(reader: Reader, documents: Documents, autonomy: Autonomy, settings: GateSettings) -> None:
    """Criteria and agents' levels against the levels there are."""
    for section in ("promotion_criteria", "demotion_triggers"):
        place = documents.place(section)
        if place is not None and not autonomy.levels:
            reader.warn(place, f"'{section}' without levels does nothing", "add autonomy_levels")
    place = documents.place("promotion_criteria")
    if place is not None and autonomy.promotion.get("requires_human_sign_off") is False:
        reader.warn(place, "no agent is promoted without a person, whatever is written here", "write true")
    highest = max(autonomy.levels, default=0)
    there = f"the highest level is {highest}" if autonomy.levels else "there are no levels"
    for spec in (settings.agents or {}).values():
        most = spec.autonomy_max if autonomy.levels and spec.autonomy_max is not None else 0
        for name, level in (("initial", spec.autonomy_initial), ("max", most)):
            if level > highest:
                reader.warn(spec.place, f"'{name}' of '{spec.id}' is {level}, and {there}", "add levels or lower it")


def lint_sampling(reader: Reader, documents: Documents, sampling: Sampling | None, settings: GateSettings) -> None:
    """Groups that samples go to and nobody is in."""
    place = documents.place("audit")
    if sampling is None or place is None or settings.reviewers is None:
        return
    staffed = {DEFAULT, *(group for one in settings.reviewers.values() for group in one.groups)}
    for group in sorted(set(sampling.routing.values()) - staffed):
        reader.warn(place, f"no reviewer is in the group '{group}', which gets samples", "add it to one in gate.yaml")
