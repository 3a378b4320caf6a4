"""Private values that agents work with as tokens: given out with results, put back right before a call is sent."""

from __future__ import annotations

import base64
import logging
import os
from collections import OrderedDict
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mcp_gate.gate.receive import Received, verdict_on
from mcp_gate.gate.vault import Unreadable
from mcp_gate.lang import strictjson
from mcp_gate.lang.canonical import bytes_digest
from mcp_gate.lang.times import parse_rfc3339, rfc3339
from mcp_gate.model.call import Call, Facts
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import OutputDecision
from mcp_gate.model.verdict import Verdict
from mcp_gate.output.tokens import TOKEN, Tokens, Value, replaced
from mcp_gate.policy.load import Loaded
from mcp_gate.store.database import Unavailable
from mcp_gate.store.tokens import Kept

if TYPE_CHECKING:
    from mcp_gate.gate.gate import Gate

log = logging.getLogger(__name__)

LIFE_SEC: Final = 86_400
"""How long after a value was last given out its token is good for it."""
TOGETHER: Final = 100
"""Tokens that are sealed and written in one step: within a few milliseconds."""
MOST_SESSIONS: Final = 10_000


class TokenDesk:
    """Those of one gate. A session's tokens are in memory while it is used, and sealed in the store."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._sessions: OrderedDict[tuple[str, str], Tokens] = OrderedDict()

    # ---- given out

    async def of(self, call: Call, loaded: Loaded) -> Given | None:
        """The tokens of a call's session, for its result; None where no rule gives any out, or none can be had."""
        if not any(rule.decision is OutputDecision.TOKENIZE for rule in loaded.outgoing.rules):
            return None
        try:
            return Given(self, call, await self._session(call))
        except Unavailable as e:
            log.error("the tokens of agent %s cannot be read: %s", call.agent, e)
            return None

    def keep(self, call: Call, tokens: Tokens) -> None:
        """Remember what was given out."""
        fresh, tokens.fresh = dict.fromkeys(tokens.fresh), []
        if not fresh:
            return
        given = [(token, tokens.values[token]) for token in fresh]
        if len(given) <= TOGETHER:
            self._gate.later(self._keep(call, self._sealed(call, given)))
        else:
            self._gate.later(self._keep_many(call, given))

    async def _keep_many(self, call: Call, given: Sequence[tuple[str, Value]]) -> None:
        """In several steps, with others' turns in between."""
        for at in range(0, len(given), TOGETHER):
            await self._keep(call, self._sealed(call, given[at : at + TOGETHER]))

    def _keep(self, call: Call, kept: Sequence[Kept]) -> Awaitable[None]:
        now = rfc3339(self._gate.clock.wall())
        return self._gate.store.tokens.keep(call.agent, call.session, kept, now)

    def _sealed(self, call: Call, given: Sequence[tuple[str, Value]]) -> list[Kept]:
        return [
            Kept(
                token, value.entity,
                self._gate.vault.seal(value.text.encode("utf-8", "surrogatepass"), _about(call, token)),
                rfc3339(value.expires),
            )
            for token, value in given
        ]  # fmt: skip

    def forget(self, agent: str, session: str) -> None:
        """What a session has tokens for is erased."""
        self._sessions.pop((agent, session), None)

    def expires(self) -> float:
        """Until when a token is good that is given out now, in seconds since the epoch."""
        return self._gate.clock.wall() + LIFE_SEC

    # ---- put back

    async def acquaint(self, agent: str, session: str, arguments: JsonObject) -> None:
        """Have a session's tokens at hand, where a call may carry some: `put_back` waits for nothing."""
        if (agent, session) not in self._sessions and TOKEN.search(strictjson.dumps(arguments).decode()):
            await self._read(agent, session)

    def put_back(self, received: Received, call: Call) -> Received:
        """The call as it is sent: with the values of its session's own tokens, where its tool takes them.

        Args:
            call: the call that is sent: what was received, or the same call as it was held.
        """
        if received.sends is not None:  # those of whoever asks for it now: the call's own count
            received = replace(received, sends=None, puts_back=(), bytes_sha256=_digest(call.arguments))
        tokens = self._sessions.get((call.agent, call.session))
        mappings = received.loaded.mappings
        mapping = mappings[call.upstream].of(call.tool, call.method) if call.upstream in mappings else None
        if tokens is None or mapping is None or not mapping.accepts:
            return received
        now = self._gate.clock.wall()
        sends, tokens_used = replaced(call.arguments, lambda token: tokens.value(token, mapping.accepts, now))
        if not tokens_used:
            return received
        return replace(received, bytes_sha256=_digest(sends), sends=sends, puts_back=tuple(tokens_used))

    # ---- sessions

    async def _session(self, call: Call) -> Tokens:
        known = self._sessions.get((call.agent, call.session))
        return known if known is not None else await self._read(call.agent, call.session)

    async def _read(self, agent: str, session: str) -> Tokens:
        now = rfc3339(self._gate.clock.wall())
        kept = await self._gate.store.tokens.of(agent, session, now)
        tokens = self._sessions.get((agent, session))  # somebody may have been quicker
        if tokens is None:
            tokens = Tokens(base64.b32encode(os.urandom(5)).decode().lower()[:6])
            for one in kept:
                try:
                    text = self._gate.vault.open(one.sealed, f"{agent}\n{session}\n{one.token}")
                except Unreadable as e:
                    log.error("a token of agent %s is lost: %s", agent, e)
                    continue
                expires = parse_rfc3339(one.expires_ts)
                tokens.add(one.token, Value(one.entity, text.decode("utf-8", "surrogatepass"), expires))
            self._sessions[agent, session] = tokens
        self._sessions.move_to_end((agent, session))
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return tokens


class Given:
    """The tokens of one session while one result of it is looked at: implements `output.redact.Tokenizer`."""

    def __init__(self, desk: TokenDesk, call: Call, tokens: Tokens) -> None:
        self._desk = desk
        self._call = call
        self._tokens = tokens
        self.issued: set[str] = set()
        """Tokens that stand in the result by now."""

    def foresee(self, values: Iterable[tuple[str, str]]) -> None:
        """Nothing has to be asked for elsewhere."""

    def of(self, entity: str, text: str) -> str | None:
        """A token for a value; None: there are too many."""
        token = self._tokens.of(entity, text, self._desk.expires())
        if token is not None:
            self.issued.add(token)
        return token

    def keep(self) -> None:
        """The result leaves: remember what was given out."""
        self._desk.keep(self._call, self._tokens)


def facts_sent(received: Received) -> Facts:
    """What bounds on a call look at: what is really sent."""
    return received.facts if received.sends is None else replace(received.facts, arguments=received.sends)


def decided(received: Received) -> Verdict:
    """The policy's word on a call as it was asked for and, where tokens are put back, as it is sent: the stricter."""
    verdict = verdict_on(received.loaded, received.facts, received.call.id)
    if received.sends is None:
        return verdict
    return verdict.joined(verdict_on(received.loaded, facts_sent(received), received.call.id))


def _digest(arguments: JsonObject) -> str:
    return bytes_digest(strictjson.dumps(arguments))


def _about(call: Call, token: str) -> str:
    return f"{call.agent}\n{call.session}\n{token}"
