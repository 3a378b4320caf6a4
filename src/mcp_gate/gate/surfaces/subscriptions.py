"""`subscriptions/listen`: one stream to the client, fed by a stream of our own at every upstream it concerns."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.flight import Flight
from mcp_gate.gate.inorder import InOrder
from mcp_gate.gate.links import BACKOFF_SEC, all_up
from mcp_gate.gate.protocol import SUBSCRIPTION_KEY, forwarded_meta, object_of, with_meta
from mcp_gate.gate.relay import LIST_CHANGED
from mcp_gate.gate.surfaces import tasks
from mcp_gate.gate.surfaces.lists import having
from mcp_gate.gate.surfaces.resources import SUBSCRIPTION, resource_job
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import Delivered
from mcp_gate.upstream.link import Link
from mcp_gate.wire.errors import INVALID_PARAMS, RpcError
from mcp_gate.wire.peer import Lost

if TYPE_CHECKING:
    from mcp_gate.gate.conversation import Conversation

log = logging.getLogger(__name__)

FLAGS: Final = {
    "toolsListChanged": ("tools", LIST_CHANGED[0]),
    "promptsListChanged": ("prompts", LIST_CHANGED[1]),
    "resourcesListChanged": ("resources", LIST_CHANGED[2]),
}
"""What a client can opt in to, the capability behind it, and what it then hears."""
ACK_SEC: Final = 5.0
"""How long the first frame waits for upstreams and for the policy's word on resources."""
MOST_URIS: Final = 256

_unnamed = itertools.count(1)


async def listen(talk: Conversation, flight: Flight, params: JsonObject) -> JsonObject:
    """Tell the client what it asked to hear of until it cancels, or the gate ends.

    Raises:
        RpcError: -32602, `notifications` is not well formed.
    """
    wanted = object_of(params, "notifications")
    uris = wanted.get("resourceSubscriptions") or []
    if not isinstance(uris, list) or len(uris) > MOST_URIS or not all(isinstance(uri, str) for uri in uris):
        raise RpcError(INVALID_PARAMS, "Invalid params: resourceSubscriptions is not a list of URIs")
    stream = Listening(talk, flight)
    try:
        await stream.open(wanted, uris)
        await stream.follow()
    finally:
        await stream.close()
    return {"resultType": "complete", "_meta": {SUBSCRIPTION_KEY: flight.front.id}}


class Listening:
    """Implements `relay.Stream`."""

    def __init__(self, talk: Conversation, flight: Flight) -> None:
        self._talk = talk
        self._flight = flight
        self._tasks: set[asyncio.Task[None]] = set()
        self._methods: set[str] = set()
        self._task_ids: set[str] = set()
        self._updates_from: set[str] = set()
        self._answered: dict[str, list[asyncio.Event]] = {}
        self._early: list[tuple[str, JsonObject]] | None = []
        """What came before the acknowledgement, which has to be the first frame."""
        self._line = InOrder()

    # ---- opening

    async def open(self, wanted: JsonObject, uris: list[str]) -> None:
        """Open streams at the upstreams, then acknowledge what will be heard."""
        talk = self._talk
        links = await all_up(talk.gate, talk.memory.links)
        honoured: JsonObject = {}
        for flag, (capability, method) in FLAGS.items():
            if wanted.get(flag) is True and (capability == "tools" or having(links, capability)):
                honoured[flag] = True
                self._methods.add(method)
        ids = wanted.get("taskIds")
        owned = {str(i): talk.memory.owners.find(talk.scope, i) for i in ids if isinstance(i, str)} if ids else {}
        self._task_ids = {public for public, task in owned.items() if task is not None}
        if self._task_ids:
            honoured["taskIds"] = sorted(self._task_ids)
        opened = []
        for link in links:
            asked: JsonObject = {k: True for k, (what, _) in FLAGS.items() if k in honoured and having([link], what)}
            theirs = [task.id for task in owned.values() if task is not None and task.upstream == link.upstream]
            if theirs:
                asked["taskIds"] = theirs
            if asked:
                opened.append(self._stream_at(link.upstream, asked))
        accepted = await self._subscribed(uris)
        if accepted:
            honoured["resourceSubscriptions"] = accepted
        for one in opened:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ACK_SEC):
                    await one.wait()
        self._acknowledge(honoured)

    async def _subscribed(self, uris: list[str]) -> list[str]:
        """The resources that policy, or a person within a few seconds, lets this agent hear of."""
        asking = {asyncio.create_task(self._subscribe(uri)): uri for uri in dict.fromkeys(uris)}
        if not asking:
            return []
        done, late = await asyncio.wait(asking, timeout=ACK_SEC)
        for task in late:
            task.cancel()
        return [uri for task, uri in asking.items() if task in done and task.result()]

    async def _subscribe(self, uri: str) -> bool:
        talk, flight = self._talk, self._flight
        try:
            job = await resource_job(talk, flight, "resources/subscribe", {"uri": uri})
            outcome = await talk.gate.perform(job, talk.caller, flight, _Subscribing(self, job.upstream))
            return isinstance(outcome, Delivered)
        except (RpcError, Lost):
            return False

    def _acknowledge(self, honoured: JsonObject) -> None:
        self._tell("notifications/subscriptions/acknowledged", {"notifications": honoured})
        early, self._early = self._early or [], None
        for method, params in early:
            self._tell(method, params)

    # ---- streams of our own

    def _stream_at(self, upstream: str, asked: JsonObject) -> asyncio.Event:
        """Keep a stream open at an upstream; the event is set once it answered in any way."""
        answered = asyncio.Event()
        self._answered.setdefault(upstream, []).append(answered)
        task = asyncio.create_task(self._keep(upstream, asked, answered))
        self._tasks.add(task)
        return answered

    async def subscribe_at(self, upstream: str, uri: str) -> None:
        """Listen for one resource; returns once that was tried."""
        self._updates_from.add(upstream)
        answered = self._stream_at(upstream, {"resourceSubscriptions": [uri]})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ACK_SEC):
                await answered.wait()

    async def _keep(self, upstream: str, asked: JsonObject, answered: asyncio.Event) -> None:
        failures = 0
        while True:
            try:
                link = await self._talk.memory.links.get(upstream)
                if failures:
                    self._missed(asked)
                await self._once(link, asked, answered)
            except RpcError as e:
                log.info("upstream %s offers no stream: error %d", upstream, e.code)
                answered.set()
                return
            except Lost:
                pass
            failures += 1
            await asyncio.sleep(BACKOFF_SEC[min(failures, len(BACKOFF_SEC)) - 1])

    async def _once(self, link: Link, asked: JsonObject, answered: asyncio.Event) -> None:
        """One stream, until it ends."""
        streams = self._talk.memory.relay.streams
        if not link.modern:  # it speaks without being asked
            key: tuple[str, int | str] = (link.upstream, f"unnamed-{next(_unnamed)}")
            streams[key] = self
            answered.set()
            try:
                await asyncio.Event().wait()
            finally:
                del streams[key]
        meta = forwarded_meta(self._flight.meta)
        ticket = link.request("subscriptions/listen", {"notifications": asked, "_meta": meta})
        key = (link.upstream, ticket.id)
        streams[key] = self
        try:
            await ticket.result()
        except asyncio.CancelledError:
            link.cancel(ticket, self._flight.reason)
            raise
        finally:
            del streams[key]

    def _missed(self, asked: JsonObject) -> None:
        """What happened while the stream was down is not known: the lists may have changed."""
        for flag, (_, method) in FLAGS.items():
            if flag in asked and method in self._methods:
                self._tell(method, {})

    async def follow(self) -> None:
        """Until the gate ends; reloads and changes of level change lists too."""
        agent = self._talk.caller.agent
        with self._talk.gate.hub.subscribe() as messages:
            while not self._talk.gate.stopped.is_set():
                message = await messages.get()
                if message["event"] in CHANGING and message.get("agent", agent) == agent:
                    for method in sorted(self._methods):
                        self._tell(method, {})

    async def close(self) -> None:
        """End the streams at upstreams."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    # ---- Stream

    def acknowledged(self, upstream: str) -> None:
        """The client is told once, when all upstreams have answered or had their time."""
        for answered in self._answered.get(upstream, ()):
            answered.set()

    def deliver(self, upstream: str, method: str, params: JsonObject) -> None:
        if method in self._methods or (method.endswith("resources/updated") and upstream in self._updates_from):
            self._line.add(params, partial(self._tell, method))
        elif method == "notifications/tasks":
            self._line.put(self._task(upstream, params), partial(self._tell, method))

    async def _task(self, upstream: str, params: JsonObject) -> JsonObject | None:
        """What the client is told of a task, if it listens for it."""
        talk = self._talk
        if talk.memory.owners.public(talk.scope, upstream, str(params.get("taskId"))) not in self._task_ids:
            return None
        return await tasks.outward(talk, self._flight, upstream, params)

    def _tell(self, method: str, params: JsonObject) -> None:
        if self._early is not None and method != "notifications/subscriptions/acknowledged":
            self._early.append((method, params))
            return
        self._flight.notify(method, with_meta(params, SUBSCRIPTION_KEY, self._flight.front.id))


CHANGING: Final = frozenset({"policy.loaded", "agent.level_changed", "tool.changed", "resync"})
"""Messages of the gate after which lists may differ."""


class _Subscribing:
    """Implements `gate.job.Sender`: what is sent is a stream for one resource."""

    def __init__(self, stream: Listening, upstream: str) -> None:
        self._stream = stream
        self._upstream = upstream

    async def definition(self) -> str:
        return SUBSCRIPTION

    async def __call__(self, arguments: JsonObject, limit: int | None) -> JsonObject:
        """A stream lasts until its client ends it: `limit` is for what is answered."""
        await self._stream.subscribe_at(self._upstream, arguments["uri"])
        return {}
