"""Lists of several upstreams as one: page after page, upstream after upstream, in the order of `upstreams.yaml`."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.carry import MOST_PAGES, raw
from mcp_gate.gate.flight import Flight
from mcp_gate.gate.links import all_up
from mcp_gate.gate.refresh import accepted_prompts
from mcp_gate.gate.surfaces.icons import runs_when_opened, without_unsafe_icons
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.upstream.link import Link
from mcp_gate.wire.errors import INVALID_PARAMS, METHOD_NOT_FOUND, RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the lists that are passed on page by page."""

    method: str
    member: str
    """Where the items stand in the result."""
    capability: str
    name: str
    """The member that names an item."""
    reached_by: str
    """The method whose policy decides whether an item is shown."""
    prefixed: bool = False


RESOURCES: Final = Kind("resources/list", "resources", "resources", "uri", "resources/read")
TEMPLATES: Final = Kind("resources/templates/list", "resourceTemplates", "resources", "uriTemplate", "resources/read")
PROMPTS: Final = Kind("prompts/list", "prompts", "prompts", "name", "prompts/get", prefixed=True)


def having(links: list[Link], capability: str) -> list[Link]:
    """The links whose upstream offers something."""
    return [link for link in links if capability in (link.hello.get("capabilities") or {})]


async def listed(talk: Conversation, flight: Flight, params: JsonObject, kind: Kind) -> JsonObject:
    """One page of the merged list.

    Raises:
        RpcError: a cursor that is not the gate's; an upstream's own error where it is the only one.
        Lost: the same.
    """
    upstream, cursor = position(talk, flight, params)
    links = having(await all_up(talk.gate, talk.links), kind.capability)
    items: list[Json] = []
    pages: list[JsonObject] = []
    hidden = False
    for at, link in enumerate(links):
        if upstream is not None and link.upstream != upstream:
            continue
        upstream = None  # from here on all of them
        page = await _page(talk, flight, link, kind, cursor, alone=len(links) == 1)
        shown, some_hidden = shown_of(talk, link.upstream, page, kind)
        pages.append(await _let_out(talk, link.upstream, page, shown, kind))
        items += pages[-1][kind.member]
        hidden |= some_hidden or len(pages[-1][kind.member]) != len(shown)
        cursor = page.get("nextCursor")
        if isinstance(cursor, str):
            return merged(flight, kind.member, items, pages, hidden) | {
                "nextCursor": sealed(talk, flight, link.upstream, cursor)
            }
        cursor = None
        _read_whole(talk, link.upstream, kind)
        if len(items) >= 1000 and at + 1 < len(links):
            return merged(flight, kind.member, items, pages, hidden) | {
                "nextCursor": sealed(talk, flight, links[at + 1].upstream, None)
            }
    return merged(flight, kind.member, items, pages, hidden)


async def learn(talk: Conversation, flight: Flight, kind: Kind) -> None:
    """Read every upstream's list whole, where it was not yet, so that names can be routed."""
    for link in having(await all_up(talk.gate, talk.links), kind.capability):
        if (link.upstream, kind.method) in talk.routes.known:
            continue
        cursor = None
        for _ in range(MOST_PAGES):
            page = await _page(talk, flight, link, kind, cursor, alone=False)
            shown_of(talk, link.upstream, page, kind)
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str):
                break
        _read_whole(talk, link.upstream, kind)


def _read_whole(talk: Conversation, upstream: str, kind: Kind) -> None:
    """Remember that its names are known now, unless some are withheld, which may be accepted at any moment."""
    if kind is not PROMPTS or not talk.gate.prompts.withheld(upstream):
        talk.routes.known.add((upstream, kind.method))


def shown_of(talk: Conversation, upstream: str, page: JsonObject, kind: Kind) -> tuple[list[JsonObject], bool]:
    """A page's items as this client may know of them, and whether any was left out."""
    told = page.get(kind.member)
    whole = [i for i in told if isinstance(i, dict) and isinstance(i.get(kind.name), str)] if told else []
    spec = talk.gate.loaded.upstreams.get(upstream)
    prefix = spec.prefix if kind.prefixed and spec is not None else ""
    if kind is PROMPTS:
        listed_now, whole = whole, accepted_prompts(talk.gate, upstream, prefix, whole)
        talk.routes.withhold(upstream, {prefix + i["name"] for i in listed_now if i not in whole})
    shown = []
    for item in talk.routes.learn(upstream, kind.method, prefix, whole):
        if not kind.prefixed and runs_when_opened(item[kind.name]):
            continue
        if talk.gate.listed(talk.caller.agent, upstream, item[kind.name], kind.reached_by):
            item = without_unsafe_icons(item)
            shown.append({**item, kind.name: prefix + item[kind.name]} if prefix else item)
    return shown, len(shown) != len(told or ())


async def _let_out(
    talk: Conversation, upstream: str, page: JsonObject, shown: list[JsonObject], kind: Kind
) -> JsonObject:
    """A page with these items as it may leave: all together, or without those whose own words may not."""
    gate = talk.gate
    beside = {name: value for name, value in page.items() if name not in (kind.member, "nextCursor")}
    out = await gate.egress(kind.method, {**beside, kind.member: shown})
    if out is not None:
        return {**out, kind.member: _named(out, kind)}
    kept: list[JsonObject] = []
    for item in shown:
        alone = await gate.egress(kind.method, {kind.member: [item]})
        kept += [] if alone is None else _named(alone, kind)
    left_out = len(shown) - len(kept)
    if left_out:
        log.warning("what upstream %s says of %d of its %s may not leave: not listed", upstream, left_out, kind.member)
        fields = {"agent": talk.caller.agent, "upstream": upstream, "policy_snapshot": gate.loaded.snapshot.id}
        gate.note(Event("security.description_withheld", fields, {"of": kind.member, "count": left_out}))
    return {**(await gate.egress(kind.method, beside) or {}), kind.member: kept}


def _named(page: JsonObject, kind: Kind) -> list[JsonObject]:
    """Its items; one that lost its name is none."""
    return [item for item in page.get(kind.member) or [] if isinstance(item.get(kind.name), str)]


def merged(flight: Flight, member: str, items: list[Json], pages: list[JsonObject], hidden: bool) -> JsonObject:
    """One result of several pages. A single page keeps members the gate does not know."""
    out: JsonObject = {member: items}
    if len(pages) == 1:
        out = {k: v for k, v in pages[0].items() if k != "nextCursor"} | out
    if flight.envelope is None:
        return out
    out["resultType"] = "complete"
    times = [page.get("ttlMs") for page in pages]
    out["ttlMs"] = min((t for t in times if type(t) is int and t >= 0), default=0) if len(times) == len(pages) else 0
    public = not hidden and bool(pages) and all(page.get("cacheScope") == "public" for page in pages)
    out["cacheScope"] = "public" if public else "private"
    return out


def position(talk: Conversation, flight: Flight, params: JsonObject) -> tuple[str | None, str | None]:
    """Where a cursor of the gate's points: the upstream, and that upstream's own cursor.

    Raises:
        RpcError: -32602, it is not the gate's, or another agent's.
    """
    cursor = params.get("cursor")
    if cursor is None:
        return None, None
    text = talk.gate.seals.unseal(cursor) if isinstance(cursor, str) else None
    said = json.loads(text) if text is not None else None
    if not isinstance(said, list) or said[:2] != [flight.method, talk.caller.agent]:
        raise RpcError(INVALID_PARAMS, "Invalid params: there is no such cursor")
    return said[2], said[3]


def sealed(talk: Conversation, flight: Flight, upstream: str, cursor: str | None) -> str:
    """A cursor of the gate's, as `position` reads it."""
    return talk.gate.seals.seal(json.dumps([flight.method, talk.caller.agent, upstream, cursor]))


async def _page(
    talk: Conversation, flight: Flight, link: Link, kind: Kind, cursor: str | None, *, alone: bool
) -> JsonObject:
    """One page as it came. One upstream of several that fails is left out; what it does not know is empty."""
    try:
        return await raw(talk, flight, link, kind.method, {} if cursor is None else {"cursor": cursor})
    except RpcError as e:
        if e.code == METHOD_NOT_FOUND or not alone:
            return {}
        raise RpcError.of(await talk.gate.egress(kind.method, e.as_json()) or {}) from None
    except Lost:
        if not alone:
            return {}
        raise
