"""Names in rules that no call can bear: such a rule looks as if it did something, and matches nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mcp_gate.lang.globs import compile_glob
from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import GateSettings
from mcp_gate.policy.read_upstreams import Upstreams
from mcp_gate.policy.rules import Rule


def lint_names(reader: Reader, rules: Iterable[Rule], upstreams: Upstreams, settings: GateSettings) -> None:
    """Warn of upstreams and agents that there are not, and of tools by the names that clients see."""
    for rule in rules:
        match = rule.match
        for glob in match.upstreams or ():
            if not _any(glob, upstreams.specs):
                what = f"'{rule.id}' is about the upstream '{reveal(glob)}', which does not exist"
                reader.warn(rule.place, what, f"there are {', '.join(upstreams.specs)}")
        if settings.agents is not None:
            for glob in match.agents or ():
                if not _any(glob, settings.agents):
                    what = f"'{rule.id}' is about the agent '{reveal(glob)}', which gate.yaml does not list"
                    reader.warn(rule.place, what, "add it there, or mend the name")
        for glob in match.tools or ():
            own = _own_name(glob, upstreams)
            if own:
                what = f"'{rule.id}' names the tool '{reveal(glob)}' as clients see it, and matches none"
                reader.warn(rule.place, what, f"write the upstream's own name: '{reveal(own)}'")


def _own_name(glob: str, upstreams: Upstreams) -> str:
    """What is left of a listed name without its upstream's prefix; "" where it is not such a name."""
    if any(_any(glob, found.tools) for found in upstreams.mappings.values()):
        return ""
    for spec in upstreams.specs.values():
        rest = glob.removeprefix(spec.prefix)
        if rest != glob and _any(rest, upstreams.mappings[spec.id].tools):
            return rest
    return ""


def _any(glob: str, names: Collection[str]) -> bool:
    matches = compile_glob(glob)
    return any(matches(name) for name in names)
