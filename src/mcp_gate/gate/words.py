"""What the agent is told. Its reader is a model: what to do, what not to do, and never how to get around."""

from __future__ import annotations

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.outcome import VERDICT_KEY, Refused, Retry, Status
from mcp_gate.model.output import Form
from mcp_gate.model.verdict import Verdict


def _refused(
    verdict: Verdict, call_id: str, status: Status, text: str, retry: Retry, request_id: str | None = None,
    rule_id: str | None = None, reason: str | None = None, sent: bool | None = None,
) -> Refused:  # fmt: skip
    return Refused(
        status=status,
        text=text,
        retry=retry,
        call_id=call_id,
        decision=verdict.decision.word,
        rule_id=rule_id or verdict.rule_id,
        reason=verdict.reason if reason is None else reason,
        policy_snapshot=verdict.policy_snapshot,
        request_id=request_id,
        sent=sent,
    )


def denied(verdict: Verdict, call_id: str) -> Refused:
    """The policy denies it."""
    text = (
        f"Denied by policy ({call_id}): {verdict.reason or 'no rule allows this call'}. It was not run. "
        "Do not retry this call or reach the same effect another way; tell the user or change the plan."
    )
    return _refused(verdict, call_id, Status.DENIED, text, Retry.NEVER)


def over_constraint(verdict: Verdict, call_id: str, what: str) -> Refused:
    """A constraint forbids it, whoever approves it."""
    text = f"Denied ({call_id}): {what}. It was not run. Do not retry it unchanged."
    return _refused(verdict, call_id, Status.DENIED, text, Retry.NEVER, reason=what)


def too_many(verdict: Verdict, call_id: str) -> Refused:
    """Its agent has as many calls waiting for people as it may."""
    reason = "Too many calls of this agent are waiting for review"
    text = f"{reason} ({call_id}). It was not run. Wait until some of them are decided, then try again."
    return _refused(verdict, call_id, Status.DENIED, text, Retry.LATER, rule_id="limits", reason=reason)


def tool_changed(verdict: Verdict, call_id: str, request_id: str | None) -> Refused:
    """Nobody has accepted the definition that its tool has now."""
    reason = "The tool's definition changed and has not been accepted yet"
    text = f"{reason} ({call_id}). It was not run. Do not retry; tell the user."
    return _refused(
        verdict, call_id, Status.DENIED, text, Retry.NEVER, request_id, rule_id="tool_changed", reason=reason
    )


def tool_gone(verdict: Verdict, call_id: str, request_id: str) -> Refused:
    """Its upstream is in the policy no more."""
    reason = "The tool is no longer there"
    text = f"{reason} ({call_id}). It was not run. Do not retry; tell the user."
    return _refused(
        verdict, call_id, Status.DENIED, text, Retry.NEVER, request_id, rule_id="tool_changed", reason=reason
    )


def stopped(verdict: Verdict, call_id: str, request_id: str | None = None) -> Refused:
    """Its agent, or everybody, is stopped."""
    reason = "This agent is stopped"
    text = f"{reason} ({call_id}). It was not run, and nothing else will be. Do not retry; tell the user."
    return _refused(verdict, call_id, Status.DENIED, text, Retry.NEVER, request_id, rule_id="stopped", reason=reason)


def rejected(verdict: Verdict, call_id: str, request_id: str, reason: str) -> Refused:
    """A reviewer denied it."""
    text = (
        f"Denied by a reviewer ({request_id}): {reason or 'no reason given'}. It was not run. "
        "Do not retry this call or reach the same effect another way; tell the user or change the plan."
    )
    return _refused(verdict, call_id, Status.REJECTED, text, Retry.NEVER, request_id, reason=reason)


def expired(verdict: Verdict, call_id: str, request_id: str) -> Refused:
    """Its time ran out before anybody decided."""
    text = (
        f"No reviewer decided in time ({request_id}): expired by policy:timeout. It was not run. "
        "Do not retry on your own. Ask the user to contact a reviewer."
    )
    return _refused(verdict, call_id, Status.EXPIRED, text, Retry.NEVER, request_id)


def withdrawn(verdict: Verdict, call_id: str, request_id: str) -> Refused:
    """Nobody asks people about it any more."""
    text = f"The request for review was withdrawn ({request_id}); it was not run. Call it again if it is still needed."
    return _refused(verdict, call_id, Status.EXPIRED, text, Retry.SAME_CALL, request_id)


def pending(verdict: Verdict, call_id: str, request_id: str) -> Refused:
    """It waits for people longer than its client does."""
    text = (
        f"Held for review ({request_id}). It has NOT run yet: {verdict.reason or 'a person must approve it'}. "
        "Call the same tool again with exactly the same arguments to go on waiting and to get the outcome; "
        "it is never queued or run twice. Tell the user that a reviewer has to decide."
    )
    return _refused(verdict, call_id, Status.PENDING, text, Retry.SAME_CALL, request_id)


def quarantined(
    verdict: Verdict, call_id: str, why: str, request_id: str | None = None, form: Form = Form.RESULT
) -> Refused:
    """It ran, and what came back may not leave; without a request nobody will look at it."""
    what = "ran; its result" if form is Form.RESULT else "was sent and failed; its error"
    text = f"The call {what} is withheld ({call_id}): {why}."
    if request_id is None:
        text += " Do not call it again to get it."
        return _refused(verdict, call_id, Status.QUARANTINED, text, Retry.NEVER, reason=why)
    text += (
        f" A reviewer looks at it ({request_id}). Call the same tool again with exactly the same arguments later "
        "to get what the reviewer lets out; it is not run again by that."
    )
    return _refused(verdict, call_id, Status.QUARANTINED, text, Retry.SAME_CALL, request_id, reason=why)


def dropped(verdict: Verdict, call_id: str, request_id: str, reason: str) -> Refused:
    """A reviewer looked at what was withheld, and lets nothing of it out."""
    text = (
        f"The call ran; a reviewer dropped its result ({request_id}): {reason or 'no reason given'}. "
        "Do not retry this call to get the result; tell the user or change the plan."
    )
    return _refused(verdict, call_id, Status.REJECTED, text, Retry.NEVER, request_id, reason=reason)


def unseen(verdict: Verdict, call_id: str, request_id: str) -> Refused:
    """Nobody looked at what was withheld in time."""
    text = (
        f"The call ran; nobody looked at its withheld result in time ({request_id}), and it is gone. "
        "Do not retry on your own; tell the user."
    )
    return _refused(verdict, call_id, Status.EXPIRED, text, Retry.NEVER, request_id)


def failed(verdict: Verdict, call_id: str, why: str, *, sent: bool, request_id: str | None = None) -> Refused:
    """It came to nothing; `sent` says whether the upstream may have seen it."""
    if sent:
        text = f"The call was sent and failed ({call_id}): {why}. It may have had effects; check before trying again."
        return _refused(verdict, call_id, Status.FAILED, text, Retry.NEVER, request_id, reason=why, sent=True)
    text = f"The tool cannot be reached ({call_id}): {why}. Nothing was sent. Try again later."
    return _refused(verdict, call_id, Status.FAILED, text, Retry.LATER, request_id, reason=why, sent=False)


def unknown(verdict: Verdict, call_id: str, request_id: str | None = None) -> Refused:
    """It was sent, and nobody knows what became of it."""
    reason = "The call was sent and its outcome is not known"
    text = f"{reason} ({call_id}). It will not be sent again. Do not retry; check its effect or tell the user."
    return _refused(verdict, call_id, Status.UNKNOWN, text, Retry.NEVER, request_id, reason=reason)


def unavailable(verdict: Verdict, call_id: str) -> Refused:
    """The store could not record it, so it was not sent."""
    reason = "The gate could not record this call"
    text = f"{reason} ({call_id}); nothing was sent and nothing was run. Try again later."
    return _refused(verdict, call_id, Status.UNAVAILABLE, text, Retry.LATER, reason=reason)


def as_result(refused: Refused) -> JsonObject:
    """The same as the result of a tool (contract 6)."""
    return {
        "content": [{"type": "text", "text": refused.text}],
        "isError": True,
        "_meta": {VERDICT_KEY: refused.verdict()},
    }


def waiting(request_id: str, seconds: int) -> str:
    """The message of a heartbeat."""
    return f"Waiting for a reviewer: {request_id} ({seconds} s)"
