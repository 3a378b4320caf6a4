"""Takes what was found out of a payload: texts stay texts, keys keys; a number becomes a text that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Final, Protocol

from mcp_gate.lang import strictjson
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail, OutputDecision
from mcp_gate.output.again import told_again
from mcp_gate.output.decide import Found
from mcp_gate.output.edits import Edit, Put, Rename, edited
from mcp_gate.output.fields import Fields, field_of
from mcp_gate.output.placeholders import Placeholders
from mcp_gate.output.tokens import TOKEN
from mcp_gate.output.walked import STRUCTURED, Inside, Part, Trail, Walked, steps

TAKEN_OUT: Final = (OutputDecision.TOKENIZE, OutputDecision.REDACT)
_TEXT, _NUMBER = Part.TEXT, Part.NUMBER
_put: Final[Callable[[tuple[str]], Put]] = partial(tuple.__new__, Put)
_detail: Final[Callable[[tuple[str, str, str]], Detail]] = partial(tuple.__new__, Detail)
"""As `detect.finding.made`."""
MEASURES: Final = frozenset({"size", "priority", "progress", "total", "ttl", "ttlMs", "pollInterval", "maxTokens"})
"""Of links, annotations, progress, tasks and questions."""


class Tokenizer(Protocol):
    """Tokens for the values of one result."""

    issued: set[str]
    """Those that stand in the result."""

    def foresee(self, values: Iterable[tuple[str, str]]) -> None:
        """Which entities and values will be asked for, in order: who has to ask elsewhere asks for many at once."""
        ...

    def of(self, entity: str, text: str) -> str | None:
        """A token for a value; None: there is none to be had."""
        ...

    def keep(self) -> None:
        """The result leaves: what was given out has to be good."""
        ...


@dataclass(frozen=True, slots=True)
class Redacted:
    """A payload without what was taken out of it."""

    payload: JsonObject
    details: list[Detail]
    walked: Walked | None
    """What a walk of it would come to, where that is clear without one."""


def redact(
    payload: JsonObject, walked: Walked, found: Sequence[Found], placeholders: Placeholders,
    tokens: Tokenizer | None = None,
) -> Redacted:  # fmt: skip
    """A copy without what is to be redacted of `found`, and what was done, place by place.

    Args:
        tokens: those that stand for values which may be put back; without them they are redacted.

    Raises:
        Clash: two keys would become one.
    """
    there = [one for one in found if one.decision in TAKEN_OUT]
    if again := told_again(walked, there):
        there = sorted([*there, *again], key=lambda one: (one.leaf, one.finding.start))
    trails = walked.trails
    edits: list[tuple[Trail, Edit]] = []
    texts: dict[int, str] = {}
    renamed: dict[Trail, str] = {}
    told: list[tuple[Found, str]] = []
    for leaf, named in _by_leaf(there, _names(placeholders, tokens, there, walked), walked).items():
        if isinstance(named, tuple):
            told.append(named)
            name = texts[leaf] = named[1]
            edits.append((trails[leaf], _put((name,))))
            continue
        edit = _edit(walked, leaf, named, told)
        edits.append((trails[leaf], edit))
        if isinstance(edit, Rename):
            renamed[trails[leaf]] = edit.key
        elif type(edit.value) is str:
            texts[leaf] = edit.value
    field = Fields(renamed).of
    details = [
        _detail((field(trails[one.leaf]), one.reason, f"replaced with {name}")) for one, name in told if not one.again
    ]
    out = edited(payload, edits)
    # where keys or numbers are others now, or texts that may be JSON, nobody knows what a walk comes to
    same = len(texts) == len(edits) and texts.keys().isdisjoint(walked.blocks)
    return Redacted(with_twins(out, payload, walked), details, walked.with_texts(texts) if same else None)


def _by_leaf(
    there: Sequence[Found], names: Iterable[str], walked: Walked
) -> dict[int, tuple[Found, str] | list[tuple[Found, str]]]:
    """What goes of each leaf, and what comes there; one alone where it is the whole of a text, as with most rows."""
    leaves, parts = walked.leaves, walked.parts
    out: dict[int, tuple[Found, str] | list[tuple[Found, str]]] = {}
    for named in zip(there, names, strict=True):
        leaf, (start, end, _, _, _, bare), _, _, _, _ = named[0]
        some = out.get(leaf)
        if some is None:
            whole = end - start == len(leaves[leaf].text) and parts[leaf] is _TEXT and not bare
            out[leaf] = named if whole else [named]
        elif isinstance(some, list):
            some.append(named)
        else:
            out[leaf] = [some, named]
    return out


def withheld_for(walked: Walked, found: Sequence[Found]) -> list[Detail]:
    """What the record says where the whole is withheld."""
    private = {walked.trails[one.leaf]: "[REDACTED]" for one in found if walked.parts[one.leaf] is Part.KEY}
    return [
        Detail(field_of(walked.trails[one.leaf], private), one.reason, "withheld")
        for one in found
        if one.decision is not OutputDecision.ALLOW and not one.again
    ]


def with_twins(out: JsonObject, payload: JsonObject, walked: Walked) -> JsonObject:
    """Let the texts that repeat the structured form repeat what it is now."""
    if not walked.twins or out.get(STRUCTURED) is payload.get(STRUCTURED):
        return out
    text = strictjson.dumps(out[STRUCTURED]).decode()
    twins: JsonObject = edited(out, [(trail, Put(text)) for trail in walked.twins])
    return twins


def _edit(walked: Walked, leaf: int, there: Sequence[tuple[Found, str]], told: list[tuple[Found, str]]) -> Edit:
    """The change to one leaf; what is told of it is added to `told`."""
    text, part = walked.leaves[leaf].text, walked.parts[leaf]
    if part is _NUMBER:
        measures = _measures(walked.trails[leaf])
        told.append((there[0][0], "0") if measures else there[0])
        return Put(0 if measures else there[0][1])
    told += there
    pieces: list[str] = []
    at = 0
    for one, name in there:
        finding = one.finding
        pieces += [text[at : finding.start], f'"{name}"' if finding.bare else name]
        at = finding.end
    out = "".join([*pieces, text[at:]])
    return Rename(out) if part is Part.KEY else Put(out)


def _measures(trail: Trail) -> bool:
    """Whether a number is one that the protocol has a place for: clients take nothing else there."""
    way = steps(trail)
    return way[-1] in MEASURES and way[0] != STRUCTURED and not any(one in ("_meta", Inside.JSON) for one in way)


def _names(
    placeholders: Placeholders, tokens: Tokenizer | None, there: Sequence[Found], walked: Walked
) -> Iterator[str]:
    """What stands in place of each value."""
    leaves = walked.leaves
    entities = [one.finding.entity for one in there]
    values = [leaves[one.leaf].text[one.finding.start : one.finding.end] for one in there]
    if tokens is None:
        return map(placeholders.of, entities, values)
    put_back = [one.decision is OutputDecision.TOKENIZE for one in there]
    tokens.foresee(compress(zip(entities, values, strict=True), put_back))
    return map(partial(_token, placeholders, tokens), put_back, entities, values)


def _token(placeholders: Placeholders, tokens: Tokenizer, put_back: bool, entity: str, value: str) -> str:
    token = tokens.of(entity, value) if put_back else None
    return placeholders.of(entity, value) if token is None else token


def without_lookalikes(
    payload: JsonObject, walked: Walked, private: Mapping[Trail, str]
) -> tuple[JsonObject, list[Detail]]:
    """A copy in which no text can pass for a token of the gate's, and what was done.

    Args:
        private: as `renamed` of `field_of`.
    """
    edits: list[tuple[Trail, Edit]] = []
    details = []
    for leaf, trail, part in zip(walked.leaves, walked.trails, walked.parts, strict=True):
        if part in (Part.TEXT, Part.KEY) and looks_like_token(leaf.text):
            harmless = TOKEN.sub(lambda match: "&lt;" + match.group()[1:], leaf.text)
            edits.append((trail, Rename(harmless) if part is Part.KEY else Put(harmless)))
            renamed = {trail: harmless, **private} if part is Part.KEY else private
            details.append(Detail(field_of(trail, renamed), "It looks like a token", "made harmless"))
    return with_twins(edited(payload, edits), payload, walked), details


def looks_like_token(text: str) -> bool:
    """Whether a text holds what might be a token of the gate's."""
    return "<" in text and TOKEN.search(text) is not None
