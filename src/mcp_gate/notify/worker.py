"""One webhook's own task: reads the record, makes messages, sends them one after the other. Nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, assert_never

from mcp_gate.lang import strictjson
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.config import WebhookSpec
from mcp_gate.model.event import Event
from mcp_gate.model.foreign import JsonObject
from mcp_gate.notify import news, slack
from mcp_gate.notify.deliver import Delivered, Delivery, Failed, Forbidden, Gone, deliver
from mcp_gate.notify.links import links
from mcp_gate.notify.signing import NoSecret, signed
from mcp_gate.store.database import Unavailable
from mcp_gate.store.outbox import Message, News

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

LOOK_SEC: Final = 1.0
"""How soon events that are not announced are noticed."""
DELAYS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0)
"""Seconds between attempts; after the last the message is given up."""
ONE_BY_ONE: Final = 200
"""Most events that are told one by one at a time; more are one message that counts them."""
MOST_WAITING: Final = 100
"""Messages of one webhook that wait for its receiver; further news stays in the record until there are fewer."""


class Worker:
    """Sends to one webhook until it is cancelled."""

    def __init__(self, gate: Gate, spec: WebhookSpec) -> None:
        self.spec = spec
        self._gate = gate
        self._wake = asyncio.Event()
        self._not_before = 0.0
        """When the receiver wants to be asked again, on the gate's steady clock."""
        self._blocked = False
        self._gone = False

    def wake(self) -> None:
        """Something may have happened."""
        self._wake.set()

    def resume(self) -> None:
        """A person wants it tried again, whatever the receiver said."""
        self._gone = False
        self._not_before = 0.0
        self._wake.set()

    async def run_forever(self) -> None:
        outbox = self._gate.store.outbox
        begun = False
        while True:
            self._wake.clear()
            try:
                if not begun:
                    await outbox.follow(self.spec.id)
                    begun = True
                wait = await self._round()
            except Unavailable as e:
                log.error("news for webhook %s has to wait: %s", self.spec.id, e)
                wait = LOOK_SEC
            except Exception:  # one message that cannot be told must not silence all others
                log.exception("webhook %s", self.spec.id)
                wait = LOOK_SEC
            if wait > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def _round(self) -> float:
        """Gather what happened and make one attempt; how long to wait before the next round."""
        outbox, now = self._gate.store.outbox, self._gate.clock.steady()
        if await outbox.waiting(self.spec.id) < MOST_WAITING:
            await self._gather()
        message = await outbox.next(self.spec.id)
        if message is None:
            return LOOK_SEC
        due = max(parse_rfc3339(message.due_ts), self._not_before)
        if due > now:
            return min(due - now, LOOK_SEC)
        await self._attempt(message)
        return 0.0

    # ---- making

    async def _gather(self) -> None:
        gate, spec = self._gate, self.spec
        batch = await gate.store.outbox.read(spec.id, lambda event: news.wanted(spec, event), ONE_BY_ONE)
        if batch.last == batch.after:
            return
        now = gate.clock.steady()
        messages = [self._message(one) for one in batch.news]
        counts = {event: n for event, n in batch.counts.items() if news.named(spec, event)}
        if batch.many and counts:
            body = news.many(gate.id, replace(batch, counts=counts), rfc3339(gate.clock.wall()))
            messages.append(Message(f"{gate.id}-{batch.after + 1}-{batch.last}", "events.many", _text(body)))
        await gate.store.outbox.put(spec.id, batch, messages, rfc3339(now))

    def _message(self, one: News) -> Message:
        body = news.told(self._gate.id, one)
        body["data"] |= links(self._gate, self.spec, one)
        return Message(f"{self._gate.id}-{one.seq}", body["type"], _text(body), one.body.get("request_id", ""))

    # ---- sending

    async def _attempt(self, message: Message) -> None:
        delivery = await self._send(message)
        outbox, now = self._gate.store.outbox, self._gate.clock.steady()
        match delivery:
            case Delivered():
                self._blocked = False
                await outbox.delivered(self.spec.id, message, rfc3339(now))
            case Failed(why, pause):
                if pause is not None:
                    self._not_before = now + pause
                if message.attempts >= len(DELAYS):
                    await self._give_up(message, why)
                    return
                wait = max(DELAYS[message.attempts], pause or 0.0)
                await outbox.later(message, rfc3339(now + wait), why)
            case Gone(why):
                self._gone = True
                await self._give_up(message, why)
            case Forbidden(host, why):
                self._note_blocked(host)
                await self._give_up(message, why)
            case _:
                assert_never(delivery)

    async def _send(self, message: Message) -> Delivery:
        from mcp_gate import __version__

        if self._gone:
            return Gone()
        if self.spec.slack is not None:
            return await slack.send(self._gate, self.spec, message)
        try:
            headers = signed(self.spec, message.id, message.body, self._gate.clock.wall())
        except NoSecret as e:
            return Failed(str(e))
        headers |= {"content-type": "application/json", "user-agent": f"mcp-gate/{__version__}", "accept": "*/*",
                    "accept-encoding": "identity"}  # fmt: skip
        return await deliver(self.spec.url, headers, message.body.encode(), allow_private=self.spec.allow_private)

    async def _give_up(self, message: Message, why: str) -> None:
        log.error("webhook %s: %s %s was given up: %s", self.spec.id, message.kind, message.id, why)
        await self._gate.store.outbox.give_up(message, why)

    def _note_blocked(self, host: str) -> None:
        """On record once, until it can be reached: the record of it is news for this very webhook."""
        if self._blocked:
            return
        self._blocked = True
        fields: JsonObject = {"policy_snapshot": self._gate.loaded.snapshot.id}
        self._gate.note(Event("security.ssrf_blocked", fields, {"webhook": self.spec.id, "host": host[:253]}))


def _text(body: JsonObject) -> str:
    return strictjson.dumps(body).decode()
