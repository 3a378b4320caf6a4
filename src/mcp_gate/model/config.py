"""What admins and operators write, once read, checked and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.key import PublicKey

UPSTREAMS = "upstreams.yaml"
SETTINGS = "gate.yaml"
POLICIES = "policies/"
"""The files of a gate directory (contract 1)."""


class Place(NamedTuple):
    """Where something stands in a file, for errors and for `explain`."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning of a configuration; `str` is the line that is printed."""

    place: Place
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}; {self.hint}" if self.hint else f"{self.place}: {self.message}"

    def as_json(self) -> JsonObject:
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "message": self.message,
            "hint": self.hint,
        }


class ConfigError(Exception):
    """The gate directory cannot be served. Holds every problem found, sorted by place."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class Enforcement(StrEnum):
    """What is done where a machine cannot hold a process in a sandbox."""

    STRICT = "strict"
    """Nothing is served."""
    ADVISORY = "advisory"
    """It runs without, which is recorded and shown."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The process of an upstream reaches the hosts that the policy lists for it, and no other."""

    place: Place = field(compare=False)
    enforcement: Enforcement = Enforcement.STRICT


@dataclass(frozen=True, slots=True)
class UpstreamSpec:
    """How one upstream is reached. Exactly one of `command` and `url` is set."""

    id: str
    prefix: str
    command: str | None = None
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    """Values as written: `${env:NAME}` is expanded only when the upstream starts."""
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cwd: str | None = None
    """Where its process starts, from the gate directory; None: there."""
    sandbox: Sandbox | None = None
    pin_program: bool = False
    """Whether the files that its process is made of are compared with those accepted before it is started."""
    pin_except: tuple[str, ...] = ()
    """Arguments, as in `args`, that name data."""
    place: Place = field(default=Place(UPSTREAMS, 1, 1), compare=False)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Equal when a running connection may be kept across a reload."""
        return (
            self.id,
            self.command,
            self.args,
            tuple(sorted(self.env.items())),
            self.url,
            tuple(sorted(self.headers.items())),
            self.cwd,
            self.sandbox,
            self.pin_program,
            self.pin_except,
        )


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent of gate.yaml (contract 4)."""

    id: str
    owner: str | None = None
    allow_owner: bool = False
    token_sha256: str | None = None
    autonomy_initial: int = 0
    autonomy_max: int | None = None
    place: Place = field(default=Place(SETTINGS, 1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class ReviewerSpec:
    """One reviewer of gate.yaml (contract 4)."""

    id: str
    groups: frozenset[str] = frozenset()
    keys: tuple[PublicKey, ...] = ()
    token_sha256: str | None = None
    slack: str | None = None
    """His user id in Slack, which nobody can change as a name can be."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`limits:` of gate.yaml: counts, bytes, levels of nesting, seconds."""

    pending_per_agent: int = 20
    argument_bytes: int = 262_144
    message_bytes: int = 4_194_304
    depth: int = 32
    idle_exit_sec: int = 600
    upstream_bytes: int = 33_554_432
    """Longest line or body taken from an upstream."""


@dataclass(frozen=True, slots=True)
class Hold:
    """`hold:` of gate.yaml."""

    wait_sec: float = 45
    heartbeat_sec: float = 10


@dataclass(frozen=True, slots=True)
class SlackSpec:
    """A channel in Slack. `WebhookSpec.secret` is the app's signing secret."""

    channel: str
    token: str
    """The app's bot token, as written."""
    team: str | None = None
    """The workspace whose answers count; None: whichever the app is in."""


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """Where news of the gate goes, and what of it."""

    id: str
    url: str
    secret: str | None = None
    """As written: `${env:NAME}` is expanded only when it is used."""
    events: frozenset[str] | None = None
    """Names of events; None: all but those about single calls."""
    allow_private: bool = False
    """Whether it may lie at an address that is not of the open Internet."""
    reviewers: tuple[str, ...] = ()
    """Whom its links and its callbacks may speak for."""
    slack: SlackSpec | None = None
    """Set: it is a channel in Slack, and `url` that of Slack's API."""


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    """Where what the record is goes, signed, and how often."""

    file: str
    every_sec: int = 600


@dataclass(frozen=True, slots=True)
class Address:
    """Where the gate is to listen; port 0 is any free one."""

    host: str
    port: int
    place: Place = field(default=Place(SETTINGS, 1, 1), compare=False)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """gate.yaml (contract 4), with its defaults."""

    listen_mcp: Address | None = None
    listen_review: Address | None = None
    review_url: str | None = None
    """Origin under which a TLS proxy shows `listen_review` to reviewers' browsers, `https://host[:port]`."""
    store: str = "sqlite"
    state_dir: str | None = None
    agents: Mapping[str, AgentSpec] | None = None
    """None: no `agents:` section, any well-formed id is accepted."""
    reviewers: Mapping[str, ReviewerSpec] | None = None
    """None: no `reviewers:` section, the user that runs the gate is the one reviewer, in every group."""
    webhooks: tuple[WebhookSpec, ...] = ()
    limits: Limits = Limits()
    hold: Hold = Hold()
    checkpoints: CheckpointSpec | None = None

    def agent(self, id: str) -> AgentSpec | None:
        """What it says of an agent."""
        return None if self.agents is None else self.agents.get(id)
