"""Loss of power: what a process wrote and synced, as strace saw it, and what a disk may have kept of it.

Run as a file it is that process: `python power.py FOLDER SYNCHRONOUS COUNT` holds and approves so many calls on a
store, and says of each word that it was acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mcp_gate.store import file
from mcp_gate.store.store import FILE_NAME, Store
from support.stored import Hands, approve, held, new_call

ACKS = "acknowledged"
DISK = (FILE_NAME, f"{FILE_NAME}-wal")
SECTOR = 512
CALL = re.compile(
    r"(?P<pid>\d+) +(?P<call>write|pwrite64|fsync|fdatasync|ftruncate)\(\d+<(?P<path>[^>]*)>"
    r'(?:, "(?P<data>[^"]*)", \d+)?(?:, (?P<number>\d+))?\) += (?P<result>\d+)'
)
UNFINISHED = re.compile(r"(?P<pid>\d+) +(?P<begun>.*?) *<unfinished \.\.\.>")
RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)")


@dataclass(frozen=True)
class Op:
    """One system call on one file."""

    call: str
    name: str
    data: bytes = b""
    number: int = 0
    """Where it wrote, or how long the file became."""


@dataclass
class Disk:
    """Files as they are for sure, and what was written since they were synced."""

    sure: dict[str, bytes]
    since: dict[str, list[Op]] = field(default_factory=lambda: {name: [] for name in DISK})

    def take(self, op: Op) -> None:
        if op.call in ("fsync", "fdatasync"):
            self.sure[op.name] = written(self.sure[op.name], self.since[op.name])
            self.since[op.name] = []
        else:
            self.since[op.name].append(op)

    def left(self, rng: random.Random) -> dict[str, bytes]:
        """What is there when the power comes back: of the writes since, a beginning whose last one may be torn, or any
        of them."""
        found = {}
        for name, ops in self.since.items():
            if rng.random() < 0.5:
                kept = ops[: rng.randint(0, len(ops))]
                if kept and kept[-1].call == "pwrite64" and rng.random() < 0.5:
                    torn = kept.pop()
                    kept.append(Op(torn.call, name, torn.data[: SECTOR * rng.randint(0, 8)], torn.number))
            else:
                kept = [op for op in ops if rng.random() < 0.5]
            found[name] = written(self.sure[name], kept)
        return found


def written(content: bytes, ops: list[Op]) -> bytes:
    out = bytearray(content)
    for op in ops:
        if op.call == "ftruncate":
            out[op.number :] = b"\0" * (op.number - len(out))
        else:
            out.extend(b"\0" * (op.number - len(out)))
            out[op.number : op.number + len(op.data)] = op.data
    return bytes(out)


def traced(folder: Path, synchronous: str, count: int) -> list[Op]:
    """Let a process work on a store, and give what it did to the files that matter, in order."""
    log = folder.parent / "strace.log"
    strace = ["strace", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "100000", "-o", str(log)]
    calls = "trace=write,pwrite64,fsync,fdatasync,ftruncate"
    command = [*strace, "-e", calls, sys.executable, __file__, str(folder), synchronous, str(count)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return list(ops(log.read_text(), folder))


def ops(text: str, folder: Path) -> Iterator[Op]:
    """A call that another thread interrupted in the log counts where it ended."""
    begun: dict[str, str] = {}
    for line in text.splitlines():
        if found := UNFINISHED.fullmatch(line):
            begun[found["pid"]] = found["begun"]
            continue
        if found := RESUMED.fullmatch(line):
            line = f"{found['pid']} {begun.pop(found['pid'])}{found['rest']}"
        call = CALL.match(line)
        if call is None:
            continue
        path = Path(os.fsdecode(plain(call["path"])))
        if path.parent == folder and path.name in (*DISK, ACKS):
            yield Op(call["call"], path.name, plain(call["data"] or ""), int(call["number"] or 0))


def plain(hex: str) -> bytes:
    return bytes.fromhex(hex.replace("\\x", ""))


@dataclass(frozen=True)
class Loss:
    """What was acknowledged before the power went, and what was left on the disk."""

    acknowledged: frozenset[str]
    files: dict[str, bytes]


def losses(found: list[Op], before: dict[str, bytes], count: int, seed: int) -> Iterator[Loss]:
    """The power goes at so many moments, each chosen by itself."""
    rng = random.Random(seed)
    for moment in sorted(rng.randint(1, len(found)) for _ in range(count)):
        disk, words = Disk(dict(before)), b""
        for op in found[:moment]:
            if op.name == ACKS:
                words += op.data
            else:
                disk.take(op)
        yield Loss(frozenset(words.decode().split()), disk.left(rng))


async def drive(folder: Path, synchronous: str, count: int) -> None:
    file._WRITER_PRAGMAS = (f"synchronous = {synchronous}", "wal_autocheckpoint = 60")
    store = await Store.open(folder / FILE_NAME, clock=Hands())
    words = os.open(folder / ACKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for _ in range(count):
        request = await held(store, new_call())
        await approve(store, request)
        os.write(words, f"{request.id}\n".encode())
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(drive(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
