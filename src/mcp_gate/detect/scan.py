"""Finds what should not leave, in all leaves of one result at once."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_gate.detect import joined, jsontext
from mcp_gate.detect.finding import Finding, Leaf, Scan
from mcp_gate.detect.look import look
from mcp_gate.detect.merge import merge
from mcp_gate.detect.ner.find import find as find_names
from mcp_gate.detect.ner.weights import installed
from mcp_gate.detect.options import Options
from mcp_gate.detect.secrets.find import find as find_secrets
from mcp_gate.detect.view import View, read


class TooManySigns(Exception):
    """There is more to look at closely than the caller has time for."""


def scan(
    leaves: Sequence[Leaf],
    options: Options = Options(),  # noqa: B008 - frozen
    most_signs: int | None = None,
) -> Scan:
    """What was found in each leaf. What it takes grows with the size of all leaves, whatever they hold.

    Args:
        most_signs: how many places may need a closer look; None is any number.

    Raises:
        TooManySigns: there are more; nothing is known of the leaves.
        Exception: a detector failed; nothing may leave then.
    """
    views = [read(leaf.text) for leaf in leaves]
    shown = [Leaf(view.text, leaf.keys) for leaf, view in zip(leaves, views, strict=True)]
    found: list[tuple[Finding, ...]] = [
        merge([*personal, *secret]) if personal or secret else ()
        for personal, secret in zip(_personal(shown, most_signs), find_secrets(shown), strict=True)
    ]
    partial: tuple[str, ...] = ()
    if options.ner and installed():
        names, ran_out = find_names(shown, found, options.ner_budget_ms)
        found = [merge([*own, *more]) if more else own for own, more in zip(found, names, strict=True)]
        partial = ("ner",) if ran_out else ()
    placed = [_placed(leaf, view, own) for leaf, view, own in zip(leaves, views, found, strict=True)]
    return Scan(tuple(placed), partial)


def _personal(leaves: Sequence[Leaf], most_signs: int | None) -> list[list[Finding]]:
    fired = joined.fired([leaf.text for leaf in leaves])
    if most_signs is not None and sum(len(ends) for kinds in fired.values() for ends in kinds) > most_signs:
        raise TooManySigns
    return [look(leaf, fired.get(which)) for which, leaf in enumerate(leaves)]


def _placed(leaf: Leaf, view: View, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings in a view as findings in what it shows."""
    if view.text is leaf.text:
        return found
    out: list[Finding] = []
    for one in found:
        start, end = view.source(one.start, one.end)
        out.append(Finding(start, end, one.entity, one.score, one.rule, one.bare))
    if jsontext.starts(leaf.text):  # its strings have escapes: told apart only as they were given
        out.extend(jsontext.find(leaf.text, leaf.keys))
    return merge(out)
