"""Reads gate.yaml (contract 4)."""

from __future__ import annotations

import re
from typing import Any, Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.sshkey import BadKey, parse
from mcp_gate.lang.yamldoc import Mapping_, Node
from mcp_gate.model.config import Address, AgentSpec, CheckpointSpec, GateSettings, Hold, Limits, Place, ReviewerSpec
from mcp_gate.model.key import PublicKey
from mcp_gate.policy.read_rules import GROUP
from mcp_gate.policy.read_variables import Variables
from mcp_gate.policy.read_version import read_version
from mcp_gate.policy.read_webhooks import SLACK_USER, read_webhooks

PERSON: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
SHA256: Final = re.compile(r"[0-9a-fA-F]{64}")
ADDRESS: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+):(?P<port>[0-9]{1,5})")
ORIGIN: Final = re.compile(r"https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?/?")
KEYS: Final = frozenset(
    {"version", "listen", "store", "state_dir", "agents", "reviewers", "webhooks", "limits", "hold", "checkpoints"}
)
LIMITS: Final = {
    "pending_per_agent": (1, 10_000), "argument_bytes": (1, 1 << 26), "message_bytes": (1024, 1 << 28),
    "depth": (1, 60), "idle_exit_sec": (1, 10**6), "upstream_bytes": (1024, 1 << 30),
}  # fmt: skip
"""Name to least and most. A message is parsed to 64 levels, so arguments cannot be deeper than that."""


def read_settings(reader: Reader, root: Mapping_, variables: Variables) -> GateSettings:
    """The whole file."""
    reader.mapping(root, KEYS)
    read_version(reader, root)
    get = root.entries.get
    agents = {a.id: a for a in _people(reader, get("agents"), _agent)} if "agents" in root.entries else None
    reviewers = {r.id: r for r in _people(reader, get("reviewers"), _reviewer)} if "reviewers" in root.entries else None
    for id_ in sorted(set(agents or ()) & set(reviewers or ())):
        place = _key_place(root, "reviewers", id_)
        reader.error(place, f"'{reveal(id_)}' is both an agent and a reviewer", "give one of them another id")
    _keys_of_one_person(reader, root, reviewers or {})
    if reviewers is not None and not reviewers:
        reader.warn(root.keys["reviewers"], "there is no reviewer: nobody can approve a call", "add one")
    listen = reader.mapping(get("listen"), {"mcp", "review", "review_url"}, "addresses")
    addresses = listen.entries if listen is not None else {}
    store = reader.text(get("store"), "sqlite or postgresql://…") or "sqlite"
    if store != "sqlite":
        kind = store.partition(":")[0]  # what follows may hold a password
        reader.error(root.entries["store"].place, f"'{reveal(kind)}' is not a store of this version", "write sqlite")
    return GateSettings(
        listen_mcp=_address(reader, addresses.get("mcp")),
        listen_review=_address(reader, addresses.get("review")),
        review_url=_origin(reader, addresses.get("review_url")),
        store=store,
        state_dir=reader.text(get("state_dir"), "a directory"),
        agents=agents,
        reviewers=reviewers,
        webhooks=read_webhooks(reader, get("webhooks"), variables, None if reviewers is None else set(reviewers)),
        limits=_limits(reader, get("limits")),
        hold=_hold(reader, get("hold")),
        checkpoints=_checkpoints(reader, get("checkpoints")),
    )


def _key_place(root: Mapping_, section: str, id_: str) -> Place:
    found = root.entries[section]
    return found.keys[id_] if isinstance(found, Mapping_) else found.place


def _people(reader: Reader, node: Node | None, read: Any) -> list[Any]:
    out = []
    for id_, place, body in reader.entries(node, "a mapping of ids"):
        if not PERSON.fullmatch(id_):
            reader.error(place, f"'{reveal(id_)}' is not an id", f"use {PERSON.pattern}")
            continue
        out.append(read(reader, id_, place, body))
    return out


def _agent(reader: Reader, id_: str, place: Place, node: Node) -> AgentSpec:
    block = reader.mapping(node, {"owner", "allow_owner", "token_sha256", "autonomy"}, "an agent")
    entries: dict[str, Node] = block.entries if block is not None else {}
    get = entries.get
    autonomy = reader.mapping(get("autonomy"), {"initial", "max"}, "autonomy")
    levels = autonomy.entries if autonomy is not None else {}
    initial = reader.integer(levels.get("initial"), most=99) or 0
    most = reader.integer(levels.get("max"), most=99)
    if most is not None and initial > most:
        reader.error(place, "autonomy starts above its max", "lower initial or raise max")
    token = reader.name(get("token_sha256"), SHA256, "64 hex digits")
    return AgentSpec(
        id=id_,
        owner=reader.name(get("owner"), PERSON, "an id"),
        allow_owner=reader.boolean(get("allow_owner")) or False,
        token_sha256=None if token is None else token.lower(),
        autonomy_initial=initial,
        autonomy_max=most,
        place=place,
    )


def _reviewer(reader: Reader, id_: str, place: Place, node: Node) -> ReviewerSpec:
    block = reader.mapping(node, {"groups", "keys", "token_sha256", "slack"}, "a reviewer")
    entries: dict[str, Node] = block.entries if block is not None else {}
    get = entries.get
    token = reader.name(get("token_sha256"), SHA256, "64 hex digits")
    return ReviewerSpec(
        id=id_,
        groups=frozenset(reader.each(get("groups"), lambda item: reader.name(item, GROUP, "a group"))),
        keys=reader.each(get("keys"), lambda item: _public_key(reader, item)),
        token_sha256=None if token is None else token.lower(),
        slack=reader.name(get("slack"), SLACK_USER, "a user id of Slack"),
    )


def _public_key(reader: Reader, node: Node) -> PublicKey | None:
    text = reader.text(node, "an OpenSSH public key")
    if text is None:
        return None
    try:
        return parse(text)
    except BadKey as error:
        reader.error(node.place, str(error), "write the line of a .pub file: ssh-ed25519 AAAA… name")
        return None


def _keys_of_one_person(reader: Reader, root: Mapping_, reviewers: dict[str, ReviewerSpec]) -> None:
    """A key that two people hold proves neither of them."""
    holders: dict[PublicKey, str] = {}
    for reviewer in reviewers.values():
        for key in reviewer.keys:
            other = holders.setdefault(key, reviewer.id)
            if other != reviewer.id:
                text = f"'{reviewer.id}' and '{other}' have the same key {key.fingerprint}"
                reader.error(_key_place(root, "reviewers", reviewer.id), text, "give each person a key of his own")


def _address(reader: Reader, node: Node | None) -> Address | None:
    text = reader.word(node, "host:port")
    if node is None or text is None:
        return None
    found = ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        reader.error(node.place, f"'{reveal(text)}' is not an address", "write 127.0.0.1:8765")
        return None
    host = found["host"].strip("[]")
    if not (host in ("localhost", "::1") or host.startswith("127.")):
        reader.error(
            node.place, f"'{reveal(host)}' is not this machine alone, and the gate speaks no TLS",
            "listen on 127.0.0.1 and put a TLS proxy in front",
        )  # fmt: skip
        return None
    return Address(host, int(found["port"]), node.place)


def _origin(reader: Reader, node: Node | None) -> str | None:
    """How reviewers' browsers name the gate, as they write an origin."""
    text = reader.text(node, "https://host")
    if node is None or text is None:
        return None
    if not ORIGIN.fullmatch(text):
        reader.error(node.place, f"'{reveal(text)}' is not an https origin", "write https://…")
        return None
    return text.lower().rstrip("/").removesuffix(":443")


def _limits(reader: Reader, node: Node | None) -> Limits:
    block = reader.mapping(node, LIMITS, "limits")
    if block is None:
        return Limits()
    found = {
        key: reader.integer(block.entries.get(key), least=least, most=most) for key, (least, most) in LIMITS.items()
    }
    return Limits(**{key: value for key, value in found.items() if value is not None})


def _hold(reader: Reader, node: Node | None) -> Hold:
    block = reader.mapping(node, {"wait_sec", "heartbeat_sec"}, "hold")
    if block is None:
        return Hold()
    wait = reader.decimal(block.entries.get("wait_sec"), most=86_400)
    beat = reader.decimal(block.entries.get("heartbeat_sec"), most=3600)
    if beat == 0:
        reader.error(block.entries["heartbeat_sec"].place, "0 would send without pause", "use at least 1")
        beat = None
    return Hold(float(wait) if wait is not None else Hold().wait_sec, float(beat) if beat else Hold().heartbeat_sec)


def _checkpoints(reader: Reader, node: Node | None) -> CheckpointSpec | None:
    block = reader.mapping(node, {"file", "every_sec"}, "checkpoints")
    if block is None:
        return None
    file = reader.text(reader.need(block, "file", "add the path of a file that is kept elsewhere"), "a path")
    every = reader.integer(block.entries.get("every_sec"), least=1, most=86_400)
    if file is None:
        return None
    if not file.startswith("/"):
        reader.error(block.entries["file"].place, f"'{reveal(file)}' is not an absolute path", "begin it with /")
    return CheckpointSpec(file) if every is None else CheckpointSpec(file, every)
