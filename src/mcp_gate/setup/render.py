"""The files that `init` writes, as text that a person reads and changes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from mcp_gate.lang.reveal import reveal
from mcp_gate.model.config import UpstreamSpec
from mcp_gate.setup.classify import Proposal, Switch

HEAD: Final = """\
# Written by 'mcp-gate init'. Every topic and tag below is a proposal: read it, change it. A tool that is not named
# here is held until a person approves the call. 'mcp-gate policy check' checks this file.
version: v1
upstreams:
"""
POLICY: Final = """\
# Written by 'mcp-gate init': reading passes, and a person decides on the rest, for what no rule matches is held.
version: v1
rules:
  - id: reads-pass
    match:
      risk_tags: [read]
      risk_tags_none: [write, delete, exec, egress, financial, secrets, prod, unclassified]
    decision: allow
    reason: "Reading passes"
invariants:                                # no rule and no order of rules can lower these
  - id: deletes-need-a-person
    match: { risk_tags: [delete] }
    at_least: require_approval
    reason: "Deletion needs a person"
  - id: secrets-need-a-person
    match: { risk_tags: [secrets] }
    at_least: require_approval
    reason: "Secrets need a person"
risk_tiers:                                # a call is in the highest tier that one of its tags names
  high:   { risk_tags: [delete, exec, prod, financial, secrets, unclassified], timeout_sec: 14400, on_timeout: deny }
  medium: { risk_tags: [write, egress], timeout_sec: 1200, on_timeout: deny }
  low:    { risk_tags: [read, pii], timeout_sec: 600, on_timeout: deny }
"""
COLUMN: Final = 100
"""Where reasons stand."""


def upstream(spec: UpstreamSpec, source: str, proposals: Iterable[Proposal]) -> str:
    """One entry below `upstreams:`.

    Args:
        source: where it comes from, for a comment; revealed.
    """
    lines = [f"  {spec.id}:  # {source}"]
    if spec.command is not None:
        lines.append(f"    command: {_quoted(spec.command)}")
        lines += [f"    args: {_list(spec.args)}"] if spec.args else []
        lines += [f"    env: {_map(spec.env)}"] if spec.env else []
        lines += [f"    cwd: {_quoted(spec.cwd)}"] if spec.cwd else []
    else:
        lines.append(f"    url: {_quoted(spec.url or '')}")
        lines += [f"    headers: {_map(spec.headers)}"] if spec.headers else []
    tools = [line for proposal in proposals for line in _tool(spec.id, proposal)]
    return "\n".join([*lines, *(["    tools:", *tools] if tools else []), ""])


def cases(found: Mapping[str, Iterable[Proposal]]) -> str:
    """Cases for the starter policy: of each server the first tool that passes and the first that is held."""
    lines = ["# Written by 'mcp-gate init'; 'mcp-gate policy test' decides these.", "version: v1", "cases:"]
    lines.append(_case("what nobody named is held", f"{next(iter(found))}_no_such_tool", "require_approval"))
    for id_, proposals in found.items():
        seen: set[str] = set()
        for one in proposals:
            decision = "allow" if passes(one) else "require_approval"
            if decision not in seen and not one.switches:
                seen.add(decision)
                lines.append(_case(f"{id_}_{one.tool}", f"{id_}_{one.tool}", decision))
    return "\n".join(lines) + "\n"


def _case(name: str, tool: str, decision: str) -> str:
    call = f"{{ tool: {_quoted(tool)} }}"
    return f"  - {{ name: {_quoted(name)}, call: {call}, expect: {{ decision: {decision} }} }}"


def passes(proposal: Proposal) -> bool:
    """Whether the starter policy lets every call of a tool pass."""
    return not proposal.switches and set(proposal.tags) <= {"read", "pii"} and "read" in proposal.tags


def _tool(id_: str, proposal: Proposal) -> Iterator[str]:
    topic = f"job.{id_}.{re.sub(r'[^A-Za-z0-9_-]+', '-', proposal.tool)}"
    tags = f"risk_tags: [{', '.join(proposal.tags)}]"
    name = f"      {_quoted(proposal.tool)}:"
    why = f"# {reveal(proposal.because)}"
    if not proposal.switches:
        yield f"{name} {{ topic: {topic}, {tags} }}".ljust(COLUMN) + f"  {why}"
        return
    yield name.ljust(COLUMN) + f"  {why}"
    yield f"        topic: {topic}"
    yield f"        {tags}"
    yield "        tag_when:"
    for switch in proposal.switches:
        yield f"          - {{ when: {_quoted(_condition(switch))}, add: [{', '.join(switch.add)}] }}"


def _condition(switch: Switch) -> str:
    values = ", ".join("'{}'".format(value.replace("'", "''")) for value in switch.values)
    return f"args.{switch.argument} {'NOT IN' if switch.others else 'IN'} ({values})"


def _quoted(text: str) -> str:
    """A text in double quotes; what does not show is escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _map(texts: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{_quoted(key)}: {_quoted(value)}' for key, value in texts.items())} }}"
