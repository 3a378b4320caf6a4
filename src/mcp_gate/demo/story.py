"""The story of the demo: six things an agent wants, and what becomes of each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol

from mcp_gate.demo.agent import Agent, Answer, connected
from mcp_gate.faces.client import ReviewClient
from mcp_gate.lang.reveal import reveal, reveal_json
from mcp_gate.model.foreign import JsonObject

PRIVATE: Final = ("524-71-3062", "ada@example.com")
"""What the shop knows of its first customer."""


class Reviewer(Protocol):
    """Who decides on what is held: a person at the prompt or in the review screen, or the script."""

    async def decide(self, request: JsonObject) -> None:
        """Return when the request was decided, by whomever."""
        ...


class Broken(Exception):
    """The gate did not do what the story tells; the text says where."""


async def tell(config: Path, state: Path, reviewer: Reviewer, say: Callable[[str], None]) -> None:
    """Run the whole story.

    Raises:
        Broken: a step came out otherwise than it must.
    """
    async with connected(config, state) as agent:
        review = ReviewClient(state)
        await _reads(agent, say)
        await _denied(agent, say)
        await _held(agent, review, reviewer, say)
        await _held_again(agent, review, reviewer, say)
        await _customer(agent, say)


async def _reads(agent: Agent, say: Callable[[str], None]) -> None:
    tools = await agent.tools()
    say(f"The agent sees {len(tools)} tools of 2 servers: {', '.join(map(reveal, tools))}.")
    if "destroy" in tools:
        raise Broken("a tool that is always denied was listed")
    say("\n1. An allowed read: shop_get_order ord_101")
    answer = await agent.call("shop_get_order", {"order_id": "ord_101"})
    say(_indented(answer.data))
    if answer.verdict is not None or answer.data["amount"] != 4200.0:
        raise Broken("the read did not come back as the shop gave it")


async def _denied(agent: Agent, say: Callable[[str], None]) -> None:
    say("\n2. A denied call: destroy prod (the tool is not even listed)")
    answer = await agent.call("destroy", {"env": "prod"})
    _told(answer, say)
    _expect(answer, "denied")


async def _held(agent: Agent, review: ReviewClient, reviewer: Reviewer, say: Callable[[str], None]) -> None:
    say("\n3. A held call: shop_refund_order ord_101, 4200. It waits for a person.")
    arguments = {"order_id": "ord_101", "amount": 4200, "reason": "It arrived in pieces"}
    answer = await _with_reviewer(agent.call("shop_refund_order", arguments), review, reviewer)
    if answer.verdict is None:
        say("   Approved, run once, and this is the shop's own answer:")
        say(_indented(answer.data))
    else:
        _told(answer, say)


async def _held_again(agent: Agent, review: ReviewClient, reviewer: Reviewer, say: Callable[[str], None]) -> None:
    say("\n4. A small refund, and a held call repeated: shop_refund_order ord_102, 95.50; ord_101, 250 twice")
    small = {"order_id": "ord_102", "amount": 95.5, "reason": "Late"}
    first = await agent.call("shop_refund_order", small)
    if first.verdict is not None:
        raise Broken("a small refund was not allowed")
    say("   The small refund passed by itself. Now 250 for ord_101, called twice at the same moment:")
    large = {"order_id": "ord_101", "amount": 250, "reason": "Goodwill"}
    both = asyncio.gather(agent.call("shop_refund_order", large), agent.call("shop_refund_order", large))
    one, other = await _with_reviewer(both, review, reviewer)
    if (one.text, one.verdict) != (other.text, other.verdict):
        raise Broken("two identical calls ended in two ways")
    say("   Two calls, one request, one decision, one answer for both:")
    _told(one, say)


async def _customer(agent: Agent, say: Callable[[str], None]) -> None:
    say("\n5. A result with customer data: shop_get_customer cus_1")
    answer = await agent.call("shop_get_customer", {"customer_id": "cus_1"})
    say(_indented(answer.data))
    whole = answer.verdict is None or answer.verdict["status"] != "redacted"
    if whole or "internal_notes" in answer.text or any(value in answer.text for value in PRIVATE):
        raise Broken("what must not leave the gate left it")
    say("   The number and the internal notes never left the gate, nor did the address; the record says so.")


async def _with_reviewer(call: Awaitable[Any], review: ReviewClient, reviewer: Reviewer) -> Any:
    """Let the reviewer decide while the call waits."""
    waiting = asyncio.ensure_future(call)
    try:
        request = await _next_request(review, waiting)
        if request is not None:
            await reviewer.decide(request)
        return await waiting
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)  # who pressed Ctrl-C need not read how it ended


async def _next_request(review: ReviewClient, waiting: asyncio.Future[Any]) -> JsonObject | None:
    while not waiting.done():
        found = await asyncio.to_thread(lambda: next(review.requests(), None))
        if found is not None:
            return found
        await asyncio.sleep(0.05)
    return None


def _told(answer: Answer, say: Callable[[str], None]) -> None:
    say("   The agent is told: " + reveal(answer.text))
    if answer.verdict is not None:
        say("   verdict " + reveal(json.dumps(answer.verdict)))


def _expect(answer: Answer, status: str) -> None:
    if answer.verdict is None or answer.verdict["status"] != status:
        raise Broken(f"expected {status}, and got {answer.verdict}")


def _indented(value: object) -> str:
    return "\n".join("   " + line for line in reveal_json(value).splitlines())
