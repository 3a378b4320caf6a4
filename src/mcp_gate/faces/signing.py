"""A reviewer's key: from a file, from the running ssh-agent, or in a FIDO2 device by way of `ssh-keygen`."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from mcp_gate.evidence.sshmake import public_of, sign
from mcp_gate.evidence.sshsig import BadSignature, verify
from mcp_gate.evidence.statement import NAMESPACE, statement
from mcp_gate.faces.sshagent import AgentError, agent_keys, agent_sign
from mcp_gate.lang.canonical import CanonicalError
from mcp_gate.lang.sshkey import BadKey, parse
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.key import PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization import SSHPrivateKeyTypes

TRIES: Final = 3
"""How often a passphrase is asked for."""
MOST_BYTES: Final = 65_536
TOUCH_SEC: Final = 120.0
"""How long a device may wait to be touched."""

Ask: TypeAlias = Callable[[str], str]
"""Asks the person at the terminal for a passphrase; "" gives up."""


class CannotSign(Exception):
    """No signature can be had; the sentence says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One reviewer's key, ready to sign."""

    key: PublicKey
    make: Callable[[bytes, str], str]
    """The text of a signature over a message for a namespace; raises `CannotSign`."""

    def sign(self, message: bytes, namespace: str = NAMESPACE) -> str:
        """A signature, checked before anybody else sees it.

        Raises:
            CannotSign: the key's holder refused, or made what does not verify.
        """
        text = self.make(message, namespace)
        try:
            verify(text, message, namespace, [self.key])
        except BadSignature as error:
            raise CannotSign(f"what the key made does not verify: {error}") from None
        return text


def signed(signer: Signer, word: JsonObject, request_id: str, gate_id: str) -> JsonObject:
    """A decision with its signature, as it is to be posted.

    Raises:
        CannotSign: see `Signer.sign`; or a text of it holds half of a character.
    """
    try:
        message = statement(word, request_id, gate_id)
    except CanonicalError:
        raise CannotSign("the decision holds half of a character, which cannot be signed") from None
    return {**word, "signature": signer.sign(message)}


def from_enrolled(fingerprints: Collection[str]) -> Signer | None:
    """The first key of these that the running ssh-agent holds; None: it holds none, or there is no agent."""
    with suppress(AgentError, CannotSign):
        for key in agent_keys():
            if key.fingerprint in fingerprints:
                return from_agent(key)
    return None


def from_file(file: Path, ask: Ask) -> Signer:
    """The key in a file; for a `.pub` file the same key in the running ssh-agent.

    Raises:
        CannotSign: it cannot be read, others can read it, its passphrase is not known, or it is not such a key.
    """
    text = _read(file)
    with suppress(BadKey):
        return from_agent(parse(text.decode("utf-8", "replace")))
    _guarded(file)
    private = _loaded(file, text, ask)
    if private is None:
        return _in_device(file)
    try:
        return Signer(public_of(private), lambda message, namespace: sign(private, message, namespace))
    except BadKey as error:
        raise CannotSign(f"{file}: {error}") from None


def from_agent(key: PublicKey) -> Signer:
    """A key that the running ssh-agent holds.

    Raises:
        CannotSign: no agent runs, or it does not hold the key.
    """
    try:
        held = key in agent_keys()
    except AgentError as error:
        raise CannotSign(f"{error}; or give the private key's file") from None
    if not held:
        raise CannotSign(f"the ssh-agent does not hold {key.fingerprint}; add it with ssh-add")

    def make(message: bytes, namespace: str) -> str:
        try:
            return agent_sign(key, message, namespace)
        except AgentError as error:
            raise CannotSign(str(error)) from None

    return Signer(key, make)


class Guard(Enum):
    """What keeps others from signing with a private key's file."""

    OPEN = "others can read it"
    BARE = "it has no passphrase"
    LOCKED = "it has a passphrase"
    IN_DEVICE = "it only names a key in a FIDO2 device"
    UNREADABLE = "it is not a private key that can be read"


def guard_of(file: Path) -> Guard:
    """What keeps others from signing with a private key's file."""
    try:
        text = _read(file)
        _guarded(file)
    except CannotSign:
        return Guard.UNREADABLE if not file.is_file() or not os.access(file, os.R_OK) else Guard.OPEN
    try:
        _parsed(text, None)
    except _WrongPassphrase:
        return Guard.LOCKED
    except _InDevice:
        return Guard.IN_DEVICE
    except ValueError:
        return Guard.UNREADABLE
    return Guard.BARE


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise CannotSign(f"{file} is not a plain file")
            return opened.read(MOST_BYTES)
    except OSError as error:
        raise CannotSign(f"{file} cannot be read: {error.strerror}") from None


def _guarded(file: Path) -> None:
    """As ssh does: a private key that others can read proves nothing of its owner."""
    about = file.stat()
    if about.st_uid not in (os.geteuid(), 0) or stat.S_IMODE(about.st_mode) & 0o077:
        raise CannotSign(f"others can read {file}: it proves nothing; chmod 600 it, or better make a new key")


def _loaded(file: Path, text: bytes, ask: Ask) -> SSHPrivateKeyTypes | None:
    """The private key; None: it is in a FIDO2 device, and the file only names it."""
    for left in range(TRIES, -1, -1):
        password = None
        if left < TRIES:
            password = ask(f"Passphrase for {file}: ").encode()
            if not password:
                break
        try:
            return _parsed(text, password)
        except _WrongPassphrase:
            continue
        except _InDevice:
            return None
        except ValueError:
            raise CannotSign(f"{file} is not a private key that can be read, nor a public one") from None
    raise CannotSign(f"{file} needs its passphrase; on no terminal, add it to the ssh-agent and give the .pub file")


class _WrongPassphrase(Exception):
    pass


class _InDevice(Exception):
    pass


def _parsed(text: bytes, password: bytes | None) -> SSHPrivateKeyTypes:
    """
    Raises:
        _WrongPassphrase: there is one, and it is not this.
        _InDevice: a FIDO2 key.
        ValueError: it is not a private key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    try:
        if b"BEGIN OPENSSH PRIVATE KEY" in text:
            return load_ssh_private_key(text, password)
        return load_pem_private_key(text, password)  # type: ignore[return-value]
    except TypeError:  # it is encrypted and no password was given, or the other way round
        raise _WrongPassphrase from None
    except UnsupportedAlgorithm:
        raise _InDevice from None
    except ValueError:
        if password is not None:
            raise _WrongPassphrase from None
        raise


def _in_device(file: Path) -> Signer:
    """`ssh-keygen` speaks with the device, and asks for its PIN and a touch."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise CannotSign(f"{file} names a key in a device, and 'ssh-keygen', which speaks with it, is not installed")
    public = _read(file.with_name(file.name + ".pub"))
    try:
        key = parse(public.decode("utf-8", "replace"))
    except BadKey as error:
        raise CannotSign(f"{file}.pub: {error}") from None

    def make(message: bytes, namespace: str) -> str:
        command = [program, "-Y", "sign", "-f", str(file), "-n", namespace]
        try:
            done = subprocess.run(command, input=message, stdout=subprocess.PIPE, timeout=TOUCH_SEC, check=False)
        except (OSError, subprocess.TimeoutExpired):
            raise CannotSign("the device was not touched, or could not be asked") from None
        if done.returncode:
            raise CannotSign("ssh-keygen made no signature")
        return done.stdout.decode("ascii", "replace")

    return Signer(key, make)
