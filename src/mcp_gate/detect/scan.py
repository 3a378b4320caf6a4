"""Finds what should not leave, in all leaves of one result at once."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final

from mcp_gate.detect import custom, encoded, jsontext, remembered, tables, triggers
from mcp_gate.detect.engine import Fired, TooMany
from mcp_gate.detect.finding import Finding, Leaf, Scan
from mcp_gate.detect.joined import join, texts_of
from mcp_gate.detect.look import look_all
from mcp_gate.detect.merge import merge
from mcp_gate.detect.ner.find import find as find_names
from mcp_gate.detect.ner.weights import installed
from mcp_gate.detect.options import Options
from mcp_gate.detect.secrets.find import find_in as find_secrets
from mcp_gate.detect.triggers import Kind
from mcp_gate.detect.view import View, read, read_all, read_names

_DEPTH: Final = 2
"""So often something is decoded that was found in what was decoded."""
_LONG: Final = 65_536
"""Characters of a text from which on going through its JSON, its tables or its statements takes long."""


_SAMPLE: Final = 16_384
"""Characters from the middle of a long text that tell how the rest is."""
_CHEAP: Final = 8
"""So many times as many signs may be of kinds that nothing comes of."""


_WORD, _ROW, _RUN = int(Kind.WORD), int(Kind.ROW), int(Kind.RUN)
_OF_TABLES: Final = frozenset(map(int, (Kind.STATEMENT, Kind.GRID)))


class TooManySigns(Exception):
    """There is more to look at closely than the caller has time for."""


def scan(
    leaves: Sequence[Leaf],
    options: Options = Options(),  # noqa: B008 - frozen
    most_signs: int | None = None,
) -> Scan:
    """What was found in each leaf. What it takes grows with the size of all leaves, whatever they hold.

    Args:
        most_signs: how many places may need a closer look, where there is no time for more; None is any number.

    Raises:
        TooManySigns: there are more; nothing is known of the leaves.
        ShapesWanted: they have to be loaded first, for which there is no time either.
        Exception: a detector failed; nothing may leave then.
    """
    work = steps(leaves, options, most_signs)
    while True:
        try:
            next(work)
        except StopIteration as end:
            done: Scan = end.value
            return done


def steps(leaves: Sequence[Leaf], options: Options, most_signs: int | None = None) -> Generator[None, None, Scan]:
    """The same bit by bit, for a caller that has other things to do as well: no bit takes more than milliseconds where
    there are few signs in a megabyte at most."""
    try:
        return (yield from _steps(leaves, options, most_signs))
    finally:
        remembered.forget()


def _steps(leaves: Sequence[Leaf], options: Options, most_signs: int | None) -> Generator[None, None, Scan]:
    views = read_all([leaf.text for leaf in leaves])
    shown = leaves
    if views is not None:
        shown = [
            leaf if view.text is leaf.text and names is leaf.keys else Leaf(view.text, names)
            for leaf, view, names in zip(leaves, views, (read_names(leaf.keys) for leaf in leaves), strict=True)
        ]
    yield
    found = yield from _by_rules(shown, options, _DEPTH, most_signs)
    partial: tuple[str, ...] = ()
    if options.ner and installed():
        names, ran_out = find_names(shown, found, options.ner_budget_ms)
        if options.allowed:
            names = [custom.kept(leaf.text, own, options.allowed) for leaf, own in zip(shown, names, strict=True)]
        found = [merge([*own, *more]) if more else own for own, more in zip(found, names, strict=True)]
        partial = ("ner",) if ran_out else ()
    return Scan(tuple(found if views is None else map(_placed, leaves, views, found)), partial)


def _by_rules(
    leaves: Sequence[Leaf], options: Options, depth: int, most_signs: int | None
) -> Generator[None, None, list[tuple[Finding, ...]]]:
    """Findings in leaves and, so deep, in what is encoded in them."""
    texts = texts_of(leaves)
    long = [which for which, size in enumerate(texts.sizes) if size > _LONG] if len(texts.data) > _LONG else []
    if most_signs is not None and any(_is_dense(leaves[which].text, most_signs) for which in long):
        raise TooManySigns
    most = None if most_signs is None else most_signs * _CHEAP
    try:
        everywhere = triggers.find(texts.data, most)
        fired = texts.by_leaf(everywhere)
        if most_signs is not None and _takes_long(leaves, long, everywhere, fired, most_signs):
            raise TooManySigns
        yield
        joined = join(leaves) if any(leaf.keys for leaf in leaves) else texts
        runs = texts.moved(everywhere.get(_RUN, ()), joined)
        secrets = find_secrets(leaves, joined, runs, shapes=options.vendor_shapes, most_signs=most)
    except TooMany:
        raise TooManySigns from None
    yield
    found = look_all(leaves, fired)
    for which, some in secrets.items():
        found[which] += some
    if options.custom:
        for leaf, own in zip(leaves, found, strict=True):
            own.extend(custom.find(leaf, options.custom))
    if depth:
        yield from _see_through(leaves, fired, found, options, depth, most_signs)
    if options.allowed:
        found = [custom.kept(leaf.text, own, options.allowed) for leaf, own in zip(leaves, found, strict=True)]
    return [merge(own) if len(own) > 1 else tuple(own) for own in found]


def _is_dense(text: str, most_signs: int) -> bool:
    """Whether a long text seems to have more signs than that."""
    middle = (len(text) - _SAMPLE) // 2
    fired = triggers.find(text[middle : middle + _SAMPLE].encode("ascii", "replace"))
    return (_count(fired.values()) - len(fired.get(_RUN, ()))) * len(text) > 2 * most_signs * _SAMPLE


def _takes_long(
    leaves: Sequence[Leaf], long: Iterable[int], everywhere: Fired, fired: Mapping[int, Fired], most_signs: int
) -> bool:
    """
    Args:
        long: which of the leaves are.
    """
    if _count(everywhere.values()) > most_signs and sum(_count(ends.values()) for ends in fired.values()) > most_signs:
        return True
    return any(
        jsontext.starts(leaves[which].text)
        or tables.may_hold(leaves[which].text)
        or (which in fired and not fired[which].keys().isdisjoint(_OF_TABLES))
        for which in long
    )


def _count(ends: Iterable[Sequence[int]]) -> int:
    return sum(map(len, ends))


def _see_through(
    leaves: Sequence[Leaf],
    fired: Mapping[int, Fired],
    found: list[list[Finding]],
    options: Options,
    depth: int,
    most_signs: int | None,
) -> Generator[None, None, None]:
    """Add what is encoded and holds something: the whole of it, also where a part of it was found anyway."""
    places = [
        (which, one)
        for which, ends in fired.items()
        if _WORD in ends or _ROW in ends
        for one in encoded.find(leaves[which].text, ends.get(_WORD, ()), ends.get(_ROW, ()))
    ]
    if not places:
        return
    inner = [
        Leaf(read(one.text).text, leaves[which].keys if one.end - one.start == len(leaves[which].text) else ())
        for which, one in places
    ]
    seen = yield from _by_rules(inner, options, depth - 1, most_signs)
    for (which, one), within in zip(places, seen, strict=True):
        if within:
            best = max(within, key=attrgetter("score"))
            found[which].append(Finding(one.start, one.end, best.entity, best.score, f"encoded_{best.rule}"))


def _placed(leaf: Leaf, view: View, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings in a view as findings in what it shows."""
    if view.text is leaf.text:
        return found
    out = list(found)
    if view.starts:
        out = [one.at(*view.source(one.start, one.end)) for one in found]
    if jsontext.starts(leaf.text):  # its strings have escapes: told apart only as they were given
        out.extend(jsontext.find(leaf.text, leaf.keys))
    return merge(out)
