"""Loads a gate directory: every file read strictly, every problem collected, one frozen result."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Mapping_, Refused, read
from mcp_gate.model.config import (
    POLICIES,
    SETTINGS,
    UPSTREAMS,
    ConfigError,
    GateSettings,
    Place,
    Problem,
    UpstreamSpec,
)  # fmt: skip
from mcp_gate.policy.documents import Documents
from mcp_gate.policy.engine import Policy
from mcp_gate.policy.lint import lint
from mcp_gate.policy.mapping import UpstreamMapping
from mcp_gate.policy.outgoing import BUILT_IN, Outgoing
from mcp_gate.policy.reach import reach
from mcp_gate.policy.read_autonomy import Autonomy
from mcp_gate.policy.read_queue import Queue
from mcp_gate.policy.read_sampling import Sampling
from mcp_gate.policy.read_settings import read_settings
from mcp_gate.policy.read_upstreams import Upstreams, read_upstreams
from mcp_gate.policy.read_variables import Variables
from mcp_gate.policy.resolve import resolve
from mcp_gate.policy.rules import Rule
from mcp_gate.policy.snapshot import Snapshot, snapshot
from mcp_gate.policy.windows import check_windows
from mcp_gate.policy.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Loaded:
    """One gate directory in force. Swapped as one reference; no call sees half of two."""

    policy: Policy
    upstreams: Mapping[str, UpstreamSpec]
    """In the order of the file."""
    mappings: Mapping[str, UpstreamMapping]
    settings: GateSettings
    snapshot: Snapshot
    warnings: tuple[Problem, ...] = ()
    variables: Mapping[str, Place] = field(default_factory=dict)
    """The environment variables that the files name as `${env:NAME}`, and where each stands first."""
    claims: tuple[Rule, ...] = ()
    """What `never` says of the policy, for the prover; see `read_rules.read_never`."""
    hosts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By upstream in a sandbox: the hosts that its process may reach."""
    unconfined: Mapping[str, str] = field(default_factory=dict)
    """By upstream that runs without the sandbox it should have: why."""
    outgoing: Outgoing = BUILT_IN
    autonomy: Autonomy = field(default_factory=Autonomy)
    sampling: Sampling | None = None
    queue: Queue = field(default_factory=Queue)
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    """By the names of the tools that clients are shown for them."""

    def asks(self, upstream: str, tool: str) -> tuple[str, ...]:
        """What the tool's listed schema asks the agent for: of `confidence`, `reason`."""
        mapping = self.mappings[upstream].tool(tool)
        return () if mapping is None else mapping.ask

    def is_mapped(self, upstream: str, tool: str, method: str) -> bool:
        """Whether the admin said what a tool, resource or prompt is."""
        return self.mappings[upstream].of(tool, method) is not None


def load(files: Mapping[str, bytes]) -> Loaded:
    """Read, check and compile.

    Args:
        files: by path relative to the gate directory, as `gate.directory.read_directory` gives them.

    Raises:
        ConfigError: with every problem of the run, sorted by place.
    """
    with _collector_paused():
        return _load(files)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Loading makes many objects that stay and none to collect: passes over them would double its time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _load(files: Mapping[str, bytes]) -> Loaded:
    reader, variables, documents = Reader(), Variables(), Documents()
    trees = {path: tree for path in sorted(files) if (tree := read_tree(reader, path, files[path])) is not None}
    if UPSTREAMS not in files:
        reader.error(Place(UPSTREAMS, 1, 1), "the file is missing", "write it, or run 'mcp-gate init'")
    settings = read_settings(reader, trees[SETTINGS], variables) if SETTINGS in trees else GateSettings()
    upstreams = read_upstreams(reader, trees[UPSTREAMS], variables) if UPSTREAMS in trees else Upstreams({}, {})
    for path, tree in trees.items():
        if path.startswith(POLICIES):
            documents.add(reader, path, tree)
    documents.entities.check(reader)
    autonomy, queue = documents.autonomy(reader), documents.queue(reader)
    terms = documents.terms(reader, queue)
    check_windows(reader, documents.all_rules(autonomy))
    written = [
        replace(workflow, digest=hashlib.sha256(files[path]).hexdigest())
        for path, workflow in documents.workflows.items()
    ]
    workflows = resolve(reader, written, upstreams)
    if reader.problems:
        raise ConfigError(tuple(sorted(set(reader.problems), key=by_place)))
    snap = snapshot(files)
    lint(reader, documents, upstreams, settings, terms, autonomy)
    layers = (*documents.layers, *autonomy.levels.values())
    rules = (rule for layer in layers for rule in layer.rules)
    hosts = reach(reader, rules, terms.default_constraints, upstreams)
    return Loaded(
        policy=Policy(documents.layers, documents.invariants, replace(terms, snapshot=snap.id), autonomy.levels),
        upstreams=upstreams.specs,
        mappings=upstreams.mappings,
        settings=settings,
        snapshot=snap,
        warnings=tuple(sorted(set(reader.warnings), key=by_place)),
        variables=variables.found,
        claims=tuple(documents.claims),
        hosts=hosts,
        outgoing=Outgoing.of(documents.output_reviews),
        autonomy=autonomy,
        sampling=documents.sampling,
        queue=queue,
        workflows={workflow.listed_name: workflow for workflow in workflows},
    )


def by_place(problem: Problem) -> tuple[str, int, int, str]:
    """What problems are sorted by."""
    return problem.place.file, problem.place.line, problem.place.column, problem.message


def read_tree(reader: Reader, path: str, data: bytes) -> Mapping_ | None:
    """The tree of one file, or None after an error. JSON is read by the same reader, which needs no tabs outside texts;
    in a text JSON writes a tab as an escape, so that spaces can stand in for them."""
    try:
        if path.endswith(".json"):
            _check_json(path, data)
            data = data.replace(b"\t", b" ")
        tree, problems = read(path, data)
    except Refused as refused:
        reader.problems.append(refused.problem)
        return None
    reader.problems.extend(problems)
    return tree


def _check_json(path: str, data: bytes) -> None:
    try:
        json.loads(data.decode("utf-8"))
    except json.JSONDecodeError as e:
        raise Refused(Problem(Place(path, e.lineno, e.colno), f"not JSON: {e.msg}", "mend it")) from None
    except RecursionError:
        raise Refused(Problem(Place(path, 1, 1), "nested too deep", "flatten it")) from None
    except UnicodeDecodeError:
        return  # the reader of the tree says where
    except ValueError:
        raise Refused(Problem(Place(path, 1, 1), "a number has thousands of digits", "shorten it")) from None
