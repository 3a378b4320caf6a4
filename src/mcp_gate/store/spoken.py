"""What the gate knows of the requests that are open: a row that says otherwise was written by somebody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from mcp_gate.evidence.chain import link
from mcp_gate.model.decision import Assurance
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.request import QUARANTINE, RecordedDecision, Request
from mcp_gate.store.database import Row, Tx

Terms: TypeAlias = tuple[object, ...]

_RECORD: Final = (
    "select request_id, event, body, prev_hash, hash from audit where request_id in "
    "(select id from requests where consumed = 0 and status in ('pending', 'approved')) and event in "
    "('request.opened', 'request.escalated', 'request.decided', 'call.dispatched') order by seq"
)


@dataclass(frozen=True, slots=True)
class Known:
    """One open request."""

    terms: Terms
    group: str
    words: tuple[RecordedDecision, ...] = ()
    found: bool = False
    """Whether an earlier process opened it, so that only the files say how it was."""


class Spoken:
    """Every open request, with the words on it. Belongs to the writer's thread, once it is loaded."""

    def __init__(self, known: dict[str, Known]) -> None:
        self._known = known

    @classmethod
    def load(cls, tx: Tx, open_: Iterable[Request]) -> Spoken:
        """What an earlier process left, as far as rows and record say the same of it."""
        told: dict[str, list[JsonObject]] = {}
        for row in tx.all(_RECORD):
            told.setdefault(row["request_id"], []).append(_body(row))
        return cls({request.id: known for request, known in _agreed(open_, told)})

    def known(self, request: Request) -> Known | None:
        """What is known of a request, if its row says nothing else."""
        known = self._known.get(request.id)
        same = known is not None and (known.terms, known.group, known.words) == (
            _terms(request), request.group, request.decisions,
        )  # fmt: skip
        return known if same else None

    # -- within transactions, in force once they are durable

    def opened(self, tx: Tx, request: Request) -> None:
        """A request is open, as its row says."""
        known = Known(_terms(request), request.group, request.decisions)
        tx.after(partial(self._known.__setitem__, request.id, known))

    def said(self, tx: Tx, request: Request, word: RecordedDecision) -> None:
        """A person said a word on it."""
        read = replace(word, said_ts="" if word.said_ts == word.decision_ts else word.said_ts)
        tx.after(lambda: self._change(request.id, lambda known: replace(known, words=(*known.words, read))))

    def edited(self, tx: Tx, before: Request, now: Request) -> None:
        """A word changed the call. What was not known as it was is not known as it is."""
        known = self.known(before)
        if known is not None:
            changed = Known(_terms(now), now.group, now.decisions, known.found)
            tx.after(partial(self._known.__setitem__, now.id, changed))

    def escalated(self, tx: Tx, request: Request, group: str) -> None:
        """It went to another group."""
        tx.after(lambda: self._change(request.id, lambda known: replace(known, group=group)))

    def ended(self, tx: Tx, request_id: str) -> None:
        """It was used, or can no longer be used."""
        tx.after(partial(self._forget, request_id))

    def _forget(self, request_id: str) -> None:
        self._known.pop(request_id, None)

    def _change(self, request_id: str, change: Callable[[Known], Known]) -> None:
        known = self._known.get(request_id)
        if known is not None:
            self._known[request_id] = change(known)


def _terms(request: Request) -> Terms:
    """What of a request never changes while it is open."""
    return (
        request.kind, request.call.id, request.call.agent, request.call.job_hash, request.call.tool_hash,
        request.policy_snapshot, request.tier, request.needed, request.min_assurance, request.on_timeout,
        request.opened_ts,
    )  # fmt: skip


def _agreed(open_: Iterable[Request], told: dict[str, list[JsonObject]]) -> Iterator[tuple[Request, Known]]:
    for request in open_:
        if _told_of(request, told.get(request.id, [])):
            yield request, Known(_terms(request), request.group, request.decisions, found=True)


def _told_of(request: Request, records: list[JsonObject]) -> bool:
    """Whether the record tells the same of a request as its row: opened so, decided by these words, never sent."""
    events = [record.get("event", "") for record in records]
    if "" in events or events.count("request.opened") != 1 or "call.dispatched" in events:
        return False
    asked = request.call if request.kind == QUARANTINE else request.asked_call  # what was kept is of the call as sent
    opened = next(record for record in records if record["event"] == "request.opened")
    data: JsonObject = opened["data"]
    row: JsonObject = {
        "call_id": request.call.id, "agent": request.call.agent, "job_hash": asked.job_hash,
        "policy_snapshot": request.policy_snapshot, "request_id": request.id,
    }  # fmt: skip
    if any(opened.get(name) != value for name, value in row.items()):
        return False
    if request.needed < data.get("needed", 1) or request.min_assurance.word not in _from(data.get("min_assurance")):
        return False
    decided = [record for record in records if record["event"] == "request.decided"]
    if [_word(record) for record in decided] != [(request.id, *_row(word)) for word in request.decisions]:
        return False
    edits = [record["data"].get("edited_job_hash") for record in decided if record["data"].get("decision") == "edit"]
    return (edits[-1] if edits else asked.job_hash) == request.call.job_hash


def _from(least: object) -> list[str]:
    """The proofs of identity that are no weaker than one, in words."""
    words = [assurance.word for assurance in Assurance]
    return words[words.index(least) :] if least in words else words


def _word(record: JsonObject) -> tuple[object, ...]:
    data = record["data"]
    return (
        record.get("request_id"), data.get("decision"), record.get("approver_id"), record.get("decision_ts"),
        record.get("assurance", ""),
        data.get("nonce", ""), data.get("signature"),
    )  # fmt: skip


def _row(word: RecordedDecision) -> tuple[object, ...]:
    assurance = "" if word.assurance is None else word.assurance.word
    return word.decision, word.approver_id, word.decision_ts, assurance, word.nonce, word.signature


def _body(row: Row) -> JsonObject:
    """The record, or {} if it is not what it was sealed as."""
    try:
        body = row["body"]
        if link(row["prev_hash"], body.encode()) != row["hash"]:
            return {}
        found: JsonObject = json.loads(body)
    except (ValueError, AttributeError):
        return {}
    return found if isinstance(found.get("data"), dict) and found.get("event") == row["event"] else {}
