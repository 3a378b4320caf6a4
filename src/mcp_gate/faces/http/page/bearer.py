"""What of a request is shown to whoever holds a link to it. A link lies in mailboxes and logs: of what it opens, all
that detectors find is covered, and there is no uncovering it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mcp_gate.faces.http.page.shown import story
from mcp_gate.faces.http.shapes import request_json
from mcp_gate.faces.masks import masked
from mcp_gate.gate.personal import everything
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import Request
from mcp_gate.notify.news import NAME
from mcp_gate.scanning.settings import options

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

WRITTEN: Final = ("tool", "listed_name", "topic", "arguments", "attributes", "signals", "claims", "trail")
"""Members of a call that hold what its agent wrote, the name of a resource too."""
NAMES: Final = ("tool", "listed_name", "topic")


async def shown_to_bearer(gate: Gate, request: Request) -> JsonObject:
    """A request for its link's page. `hidden`: it cannot be told what of it is personal, and nothing that anybody
    wrote is shown."""
    told = request_json(gate.reviewing.shown(request))
    written = _written(told)
    masks = await everything(gate.scanner, written, options(gate.loaded.outgoing.detection))
    now = gate.clock.steady()
    if masks is None:
        return {**story(_without(told), now, bare=False, covered=True), "hidden": True}
    of_arguments = [mask for mask in masks if mask["place"][:2] == ["call", "arguments"]]
    rest = tuple(mask for mask in masks if mask not in of_arguments)
    told = _with(told, masked(written, rest))
    told["personal"] = [{**mask, "place": mask["place"][2:]} for mask in of_arguments]
    return story(told, now, bare=False, covered=bool(rest))


def _written(told: JsonObject) -> JsonObject:
    """The parts that somebody wrote freely."""
    call, verdict = told["call"], told["verdict"]
    return {
        "call": {name: call[name] for name in WRITTEN if name in call},
        "asked": told.get("asked", {}).get("arguments", {}),
        "changed": told.get("changed", []),
        "forbidden": verdict.get("forbidden", ""),
        "reasons": [said.get("reason", "") for said in told["decisions"]],
    }


def _with(told: JsonObject, written: JsonObject) -> JsonObject:
    """The same request with those parts in their places."""
    out = {**told, "call": {**told["call"], **written["call"]}}
    out["verdict"] = {**told["verdict"], "forbidden": written["forbidden"]}
    out["decisions"] = [
        {**said, "reason": reason} for said, reason in zip(told["decisions"], written["reasons"], strict=True)
    ]
    if "asked" in told:
        out |= {"asked": {**told["asked"], "arguments": written["asked"]}, "changed": written["changed"]}
    return out


def _without(told: JsonObject) -> JsonObject:
    """The same request without them."""
    named = {name: value for name, value in told["call"].items() if name in NAMES and NAME.fullmatch(value)}
    written = {**dict.fromkeys(NAMES, "?"), **named, "arguments": {}, "attributes": {}, "trail": []}
    out = {name: value for name, value in told.items() if name not in ("asked", "changed")}
    out["call"] = {name: value for name, value in told["call"].items() if name not in WRITTEN} | written
    out["verdict"] = {name: value for name, value in told["verdict"].items() if name != "forbidden"}
    out["decisions"] = [{**said, "reason": ""} for said in told["decisions"]]
    return out
