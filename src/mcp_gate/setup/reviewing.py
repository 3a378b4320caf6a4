"""Whether reviewers can prove who they are, and whether somebody else could in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mcp_gate.faces.signing import Guard, guard_of
from mcp_gate.faces.sshagent import AgentError, agent_keys
from mcp_gate.lang.sshkey import BadKey, parse
from mcp_gate.model.decision import Assurance
from mcp_gate.model.key import PublicKey
from mcp_gate.policy.load import Loaded


def reviewing(loaded: Loaded, env: Mapping[str, str]) -> Iterator[tuple[bool, str, str]]:
    """Whether it is wrong, what was found, and its cure; without a cure all is well."""
    reviewers = loaded.settings.reviewers
    if reviewers is None:
        yield False, "gate.yaml lists no reviewers: this user decides, in every group", ""
    holders = {key: one.id for one in (reviewers or {}).values() for key in one.keys}
    asking = [rule.id for rule in loaded.policy.rules() if rule.min_assurance is Assurance.SIGNED]
    if asking and not holders:
        what = f"rule '{asking[0]}' asks for signatures, and nobody has a key"
        yield True, what, "mcp-gate reviewers add ID --key FILE.pub"
    for one in (reviewers or {}).values():
        if not one.keys and one.token_sha256 is None:
            what = f"{one.id} proves nothing: over the local socket everybody can use that name"
            yield False, what, f"mcp-gate reviewers add {one.id} --key FILE.pub"
    yield from _files(holders, Path(env.get("HOME") or Path.home()) / ".ssh")
    yield from _agent(holders)
    if holders and all(key.in_device for key in holders):
        yield False, f"all {len(holders)} keys are in FIDO2 devices", ""


def _files(holders: Mapping[PublicKey, str], folder: Path) -> Iterator[tuple[bool, str, str]]:
    """Enrolled keys whose private halves lie here."""
    try:
        found = sorted(folder.glob("*.pub"))
    except OSError:
        return
    for public in found:
        private = public.with_suffix("")
        try:
            key = parse(public.read_text(encoding="utf-8", errors="replace"))
        except (BadKey, OSError):
            continue
        if key not in holders or key.in_device or not private.is_file():
            continue
        guard = guard_of(private)
        match guard:
            case Guard.OPEN:
                what = f"others can read {private}, with which {holders[key]} signs"
                yield True, what, f"chmod 600 {private}; better revoke it and enrol another"
            case Guard.BARE:
                what = f"{private}, with which {holders[key]} signs, has no passphrase: every program here can sign"
                yield False, what, f"ssh-keygen -p -f {private}, or enrol a FIDO2 key (ssh-keygen -t ed25519-sk)"
            case Guard.LOCKED | Guard.IN_DEVICE:
                yield False, f"{private}, with which {holders[key]} signs, has a passphrase", ""
            case Guard.UNREADABLE:
                pass


def _agent(holders: Mapping[PublicKey, str]) -> Iterator[tuple[bool, str, str]]:
    try:
        held = agent_keys()
    except AgentError:
        return
    for key in held:
        if key in holders and not key.in_device:
            what = f"the ssh-agent signs as {holders[key]} for every program of this user ({key.fingerprint})"
            yield False, what, "ssh-add -c, so that it asks; or enrol a FIDO2 key"
