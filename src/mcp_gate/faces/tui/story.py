"""Everything a decision needs, as rows, in the order in which it should be read: the gate's own facts, the arguments,
the trail, and the agent's words last. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_gate.faces.facts import SUBJECTS
from mcp_gate.faces.masks import masked
from mcp_gate.faces.tui.arguments import Shown, arguments, lookalike, warning
from mcp_gate.faces.tui.claimed import claims
from mcp_gate.faces.tui.comparing import compared
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import kind_of
from mcp_gate.faces.tui.lines import BLANK, Line, Row, foreign, heading, labelled, prose
from mcp_gate.faces.tui.words import NAME, due_at, ending, local_day, local_time, risk
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.decision import Tier
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.model.verdict import rules_told
from mcp_gate.signals.anomaly import unusual_told

OUTCOMES = {
    "executed": "ran", "delivered": "ran", "failed": "failed", "unknown": "sent, outcome not known",
    "quarantined": "ran, result withheld", "dispatched": "running", "pending": "held", "approved": "approved, not run",
    "rejected": "denied by a reviewer", "denied": "denied by policy",
}  # fmt: skip
"""States of earlier calls as a reader wants to know them."""


END = 600
"""Characters at either end of what is too large."""


@dataclass(frozen=True, slots=True)
class Story:
    """What is read before a decision."""

    rows: tuple[Row, ...]
    whole: bool
    """Whether all arguments are among the rows; if not, the pager has to be read as well."""


def story(held: Held, code: str) -> Story:
    """A request in full.

    Args:
        code: letters to print under the last line, for a call of high risk.
    """
    shown = arguments(held.shown)
    more = [_ends(value) if held.unreadable else arguments(as_object(name, value)) for name, value in held.more.items()]
    whole = shown.whole and all(one.whole for one in more)
    rows = [
        *_head(held), BLANK, *_why(held), BLANK, *_new(held),
        heading(SUBJECTS.get(held.kind, "Arguments, exactly as they will be sent"), f"{held.bytes:,} bytes"),
        *shown.rows,
        *_missing(held, whole), *_more(held, more), BLANK, *_trail(held), *claims(held), BLANK, *_seal(held, code),
    ]  # fmt: skip
    return Story(tuple(rows), whole)


def coded(held: Held) -> bool:
    """Whether the letters that approve it are printed under its last line."""
    return held.tier is Tier.HIGH and _holds(held) and not held.too_large


def _holds(held: Held) -> bool:
    kind = kind_of(held.kind)
    return kind is None or kind.holds


def _new(held: Held) -> Iterator[Row]:
    """What differs from what a reviewer knows: from what was asked for, and from what was approved before."""
    if held.asked is not None:
        yield heading("What a reviewer changed", "the agent had asked otherwise")
        asked = masked(held.asked, held.masks_of_asked)
        yield from compared(held.asked, held.call["arguments"], held.shown, asked)
        yield BLANK
    if held.nearest is None:
        return
    near = held.nearest
    whose = (*foreign(str(near["request_id"]), "dim", longest=NAME), (", approved by ", "dim"))
    by = foreign(str(near["approver_id"]), "dim", longest=NAME)
    head: Line = (("What is new", "bold underline"), ("  compared with ", "dim"))
    yield Row((*head, *whose, *by, (f", {local_day(near['ts'])}", "dim")))
    yield from compared(near["arguments"], held.call["arguments"], held.shown)
    yield BLANK


def _head(held: Held) -> Iterator[Row]:
    word, style = risk(held.tier)
    yield Row(((f" {word} ", f"reverse {style}"), (" ", ""), *foreign(held.tool, "bold", longest=160)))
    # Always one row, so that what is below does not move when a request ends under the reader's eyes.
    yield BLANK if held.open else Row((("✗ ", "bold"), *ending(held)))
    strange = lookalike(reveal(held.tool))
    if strange is not None:
        yield warning(strange)
    given: Line = (("   given to ", "dim"), *foreign(held.assigned_to, longest=NAME)) if held.assigned_to else ()
    by = foreign(held.claimed_by, longest=NAME) if held.claimed_by else (("nobody", ""),)
    yield labelled("claimed by", *by, *given)
    names = ", ".join(str(said.get("approver_id", "?")) for said in held.approvals)
    yield labelled(
        "approvals", (f"{len(held.approvals)} of {held.needed}", ""), *(_in_brackets(names) if names else ()),
        ("   group ", "dim"), *foreign(held.group, longest=NAME),
    )  # fmt: skip
    if held.escalated_from:
        at = local_time(held.escalated_ts)
        yield labelled("escalated", ("from ", ""), *foreign(held.escalated_from, longest=NAME), (f" at {at}", ""))
    then: Line = ((", then ", ""), *foreign(held.then, longest=NAME)) if held.then else ()
    yield labelled("due", (due_at(held), ""), *then)


def _why(held: Held) -> Iterator[Row]:
    verdict, call = held.verdict, held.call
    kind = kind_of(held.kind)
    yield heading(kind.title if kind else "Why it is here")
    if kind is None:
        yield labelled("kind", *foreign(held.kind, longest=NAME), (": this screen does not know it", "bold"))
    if held.sampled:
        yield labelled("sampled", (held.sampled, ""))
    if "quarantine" in verdict:
        yield labelled("withheld", *foreign(str(verdict["quarantine"].get("why", "")), longest=400))
    for line in held.found:
        yield labelled("found", *foreign(line, longest=400))
    ran = "quarantine" in verdict  # its call was decided by this, not its result
    yield labelled("decided by" if ran else "rule", *foreign(", ".join(rules_told(verdict)) or "?", longest=400))
    if verdict.get("reason") or not ran:
        yield labelled("because", *foreign(str(verdict.get("reason", "")), longest=400))
    yield labelled("topic", *foreign(call["topic"], longest=400))
    yield labelled("risk tags", *foreign(", ".join(map(str, call["risk_tags"])) or "none", longest=400))
    tool = f"{call['upstream']}.{call['tool']}"
    yield labelled("upstream", *foreign(tool, longest=200), (f"  definition {call['tool_hash'][7:15]}", "dim"))
    for name, value in (call.get("attributes") or {}).items():
        yield labelled("attribute", *foreign(f"{name} = {_value(value)}", longest=200))
    signals = call.get("signals") or {}
    for name, value in (signals.get("windows") or {}).items():
        yield labelled("over time", *foreign(f"{name} = {_value(value)}", longest=200))
    if unusual := unusual_told(signals):
        yield labelled("unusual", *foreign(unusual, longest=400))
    for name, value in (verdict.get("constraints") or {}).items():
        yield labelled("bound by", *foreign(f"{name} {_value(value)}", longest=400))
    yield from _foretold(held)


def as_object(name: str, value: Json) -> JsonObject:
    """A JSON object as it is; any other value under a name."""
    return value if isinstance(value, dict) else {name: value}


def _ends(value: Json) -> Shown:
    """Beginning and end of what is too large to be read."""
    text = json.dumps(value, ensure_ascii=False)
    rows = [
        Row(((f"{len(text):,} characters: more than a person can read. It begins with", "bold reverse"),)),
        prose(text[:END], END),
        Row((("and ends with", "bold reverse"),)),
        prose(text[-END:], END),
    ]
    return Shown(tuple(rows), False)


def _foretold(held: Held) -> Iterator[Row]:
    """What the gate will refuse even when it is approved, in the gate's own words (contract 3.1)."""
    forbidden = held.verdict.get("forbidden")
    if forbidden:
        text = f"{forbidden}: refused even if approved"
        yield Row(foreign(text, "bold reverse", longest=200), first=(("⚠ ", "bold"),), further=(("  ", ""),))


def _missing(held: Held, whole: bool) -> Iterator[Row]:
    if held.too_large:
        yield Row((("over 256 KiB: more than a person can read; it can only be denied", "bold reverse"),))
    elif not whole and not held.unreadable:
        yield Row((("some of it is left out; press v to read all of it before approving", "bold reverse"),))
    masks = held.masks + held.masks_of_asked
    if masks:
        kinds = ", ".join(sorted({str(mask["entity"]) for mask in masks}))
        yield Row(((f"▒▒ {len(masks)} covered ({kinds}): r uncovers them, which is recorded", "bold"),))


def _more(held: Held, more: list[Shown]) -> Iterator[Row]:
    """What the request has beyond a call: the result that was withheld."""
    for name, shown in zip(held.more, more, strict=True):
        note = "as it came" if held.bare else "what would be taken out is covered; r uncovers it, which is recorded"
        yield BLANK
        yield heading(name.replace("_", " ").capitalize(), note if name == "result" else "")
        yield from shown.rows


def _trail(held: Held) -> Iterator[Row]:
    call = held.call
    yield heading("How it came here")
    yield labelled("agent", *foreign(held.agent, longest=NAME))
    yield labelled("session", *foreign(str(call["session"]), longest=NAME))
    if call.get("parent"):
        yield labelled("step of", *foreign(f"{call['parent']}: {call.get('step', '')}", longest=160))
    times = "asked once" if held.attempts == 1 else f"asked {held.attempts} times"
    yield labelled("client", (f"{times}; {'it is waiting now' if held.waiting else 'nobody is waiting now'}", ""))
    trail = call.get("trail") or []
    if not trail:
        yield labelled("before", ("nothing: the first call of this session", ""))
    for step in trail:
        yield labelled(f"  {local_time(str(step.get('ts', '')))}", *_step(step))


def _step(step: Json) -> Line:
    status = str(step.get("status", "?"))
    name = foreign(str(step.get("tool", "?")), longest=160)
    parent: Line = (("step of ", "dim"), *foreign(str(step["parent"]), "dim", longest=NAME), ("  ", "")) if (
        "parent" in step
    ) else ()  # fmt: skip
    return (*parent, *name, ("  ", ""), *foreign(OUTCOMES.get(status, status), "bold", longest=NAME))


def _seal(held: Held, code: str) -> Iterator[Row]:
    digest = held.job_hash.removeprefix("sha256:")
    shown = f"{reveal(digest[:8])} {reveal(digest[8:16])}…"
    yield labelled("digest", (shown, ""), ("   policy ", "dim"), *foreign(held.snapshot, longest=NAME))
    if held.open and coded(held):
        yield labelled("code", (f" {' '.join(code)} ", "bold reverse"), ("  type it to approve", ""))


def _in_brackets(names: str) -> Line:
    return ((" (", ""), *foreign(names, longest=200), (")", ""))


def _value(value: Json) -> str:
    if value == {"unknown": True}:
        return "unknown"
    return value if isinstance(value, str) else json.dumps(value)
