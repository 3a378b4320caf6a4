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


def scan(leaves: Sequence[Leaf], options: Options = Options()) -> Scan:  # noqa: B008 - frozen
    """What was found in each leaf. What it takes grows with the size of all leaves, whatever they hold.

    Raises:
        Exception: a detector failed; nothing may leave then.
    """
    views = [read(leaf.text) for leaf in leaves]
    shown = [Leaf(view.text, leaf.keys) for leaf, view in zip(leaves, views, strict=True)]
    seen = [[*personal, *secret] for personal, secret in zip(_personal(shown), find_secrets(shown), strict=True)]
    partial: tuple[str, ...] = ()
    if options.ner and installed():
        names, ran_out = find_names(shown, seen, options.ner_budget_ms)
        seen = [own + more for own, more in zip(seen, names, strict=True)]
        partial = ("ner",) if ran_out else ()
    found = [_placed(view, own) for view, own in zip(views, seen, strict=True)]
    for leaf, view, own in zip(leaves, views, found, strict=True):
        if view.text is not leaf.text and jsontext.starts(
            leaf.text
        ):  # strings with escapes: told apart only as they were given
            own.extend(jsontext.find(leaf.text, leaf.keys))
    return Scan(tuple(merge(each) if each else () for each in found), partial)


def _personal(leaves: Sequence[Leaf]) -> list[list[Finding]]:
    fired = joined.fired([leaf.text for leaf in leaves])
    return [look(leaf, fired.get(which)) for which, leaf in enumerate(leaves)]


def _placed(view: View, found: list[Finding]) -> list[Finding]:
    """Findings in a view as findings in what it shows."""
    if not view.starts:
        return found
    out = []
    for one in found:
        start, end = view.source(one.start, one.end)
        out.append(Finding(start, end, one.entity, one.score, one.rule, one.bare))
    return out
