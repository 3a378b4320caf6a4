"""The policy that history is to be decided by (the one in force, another gate directory, or a policies folder), and
what it sees of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from mcp_gate.cli.loading import load_or_leave, report
from mcp_gate.cli.options import Exit, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mcp_gate.history.again import Candidate, Snapshots
    from mcp_gate.history.look import Look, Seen
    from mcp_gate.policy.load import Loaded
    from mcp_gate.store.archive import Archive


def candidate(policy: str | None, config: str | None, *, as_json: bool) -> Candidate:
    """The policy in force, or `policy`; ends the command with 2 where it cannot be loaded.

    A folder without upstreams.yaml stands in for policies/ alone: calls keep the topic and tags they had.
    """
    from mcp_gate.history.again import Candidate
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.config import UPSTREAMS

    if policy is None:
        return Candidate(load_or_leave(config, as_json=as_json)[1], describes=True)
    folder = Path(policy)
    if not folder.is_dir():
        leave(Exit.USAGE, f"--policy: there is no folder {reveal(policy)}; name a gate directory or a policies folder")
    if (folder / UPSTREAMS).exists():
        return Candidate(load_or_leave(policy, as_json=as_json)[1], describes=True)
    return Candidate(_in_place_of_policies(folder.resolve(), config, as_json=as_json), describes=False)


def _in_place_of_policies(folder: Path, config: str | None, *, as_json: bool) -> Loaded:
    from mcp_gate.gate.directory import find_gate_directory, read_directory, read_policies
    from mcp_gate.lang.reveal import reveal
    from mcp_gate.model.config import POLICIES, ConfigError
    from mcp_gate.policy.load import load

    try:
        documents = read_policies(folder)
        if not documents:
            leave(Exit.USAGE, f"--policy: {reveal(str(folder))} holds neither upstreams.yaml nor policy documents")
        around = read_directory(find_gate_directory(config, os.environ))
        return load({path: body for path, body in around.items() if not path.startswith(POLICIES)} | documents)
    except ConfigError as error:
        report(error, as_json=as_json)


def snapshots(archive: Archive, known: Loaded) -> Snapshots:
    """Loads the policies that were in force from the record, each once; `known` is loaded already."""
    from functools import lru_cache

    from mcp_gate.model.config import ConfigError
    from mcp_gate.policy.load import load

    @lru_cache(maxsize=8)
    def kept(snapshot_id: str) -> Loaded | None:
        if snapshot_id == known.snapshot.id:
            return known
        files = archive.snapshot(snapshot_id)
        try:
            return None if files is None else load(files)
        except ConfigError:
            return None

    return kept


def earliest(chosen: Candidate, start: str) -> str:
    """From when on history is read (RFC 3339): what calls come to over time begins before the period."""
    from mcp_gate.lang.times import parse_rfc3339, rfc3339

    return rfc3339(parse_rfc3339(start) - chosen.reach)


def seen(archive: Archive, look: Look, chosen: Candidate, start: str) -> Iterator[Seen]:
    """The calls from a time on (RFC 3339) with what the candidate would look at."""
    from mcp_gate.lang.times import parse_rfc3339

    return look.over(archive.calls(earliest(chosen, start)), parse_rfc3339(start))


def staff(loaded: Loaded) -> Callable[[str], int]:
    """How many reviewers a group has, by gate.yaml."""
    from mcp_gate.gate.reviewers import people

    persons = people(loaded.settings).persons.values()
    return lambda group: sum(person.decides_for(group) for person in persons)
