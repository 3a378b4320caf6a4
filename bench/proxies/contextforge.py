"""Starts mcp-contextforge-gateway on loopback, with SQLite and a static token, in front of one HTTP upstream.

    python bench/proxies/contextforge.py --bin DIR --port PORT --url http://127.0.0.1:PORT/mcp --work DIR

DIR after `--bin` is the `bin` of its own environment. The token is written to `token` in the work directory once the
upstream is registered; the gateway ends with this process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

READY_SEC = 180
SECRET = "0123456789abcdef0123456789abcdef01"
PASSWORD = "Bench-pass-1!"


def environment(work: Path) -> dict[str, str]:
    """Its settings: no interface for people, no telemetry, an upstream on loopback allowed, as many calls as come."""
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{work}/mcp.db", "CACHE_TYPE": "memory", "ENVIRONMENT": "development",
        "AUTH_REQUIRED": "true", "MCP_CLIENT_AUTH_ENABLED": "true", "MCP_REQUIRE_AUTH": "false",
        "JWT_SECRET_KEY": SECRET, "AUTH_ENCRYPTION_SECRET": SECRET[::-1], "REQUIRE_STRONG_SECRETS": "false",
        "BASIC_AUTH_USER": "admin", "BASIC_AUTH_PASSWORD": PASSWORD, "PLATFORM_ADMIN_PASSWORD": PASSWORD,
        "DEFAULT_USER_PASSWORD": PASSWORD, "MCPGATEWAY_UI_ENABLED": "false", "MCPGATEWAY_ADMIN_API_ENABLED": "true",
        "SSRF_ALLOW_LOCALHOST": "true", "SSRF_ALLOW_PRIVATE_NETWORKS": "true", "ALLOW_PUBLIC_VISIBILITY": "true",
        "LOG_LEVEL": "ERROR", "OBSERVABILITY_ENABLED": "false", "RATE_LIMITING_ENABLED": "false",
    }  # fmt: skip


def token(binaries: Path, work: Path, env: dict[str, str]) -> str:
    """A token of the administrator's, as its own tool makes them."""
    made = subprocess.run(
        [binaries / "python", "-m", "mcpgateway.utils.create_jwt_token", "--username", "admin@example.com", "--admin",
         "--exp", "10080", "--secret", SECRET],
        env=env, cwd=work, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return made.stdout.strip().splitlines()[-1]


def wait_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SEC
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def register(port: int, bearer: str, url: str) -> None:
    body: dict[str, Any] = {"name": "bench", "url": url, "transport": "STREAMABLEHTTP", "visibility": "public"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/gateways", method="POST", data=json.dumps(body).encode(),
        headers={"content-type": "application/json", "authorization": f"Bearer {bearer}"},
    )  # fmt: skip
    try:
        urllib.request.urlopen(request, timeout=60).close()
    except urllib.error.HTTPError as error:
        sys.exit(f"the upstream was not registered: {error.code} {error.read()[:800]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--work", type=Path, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that the gateway is ended too
    options.work.mkdir(parents=True)
    binaries = options.bin.absolute()
    env = environment(options.work)
    bearer = token(binaries, options.work, env)
    process = subprocess.Popen(
        [binaries / "mcpgateway", "--host", "127.0.0.1", "--port", str(options.port)], env=env, cwd=options.work
    )
    try:
        wait_ready(options.port, process)
        register(options.port, bearer, options.url)
        (options.work / "token").write_text(bearer)
        process.wait()
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
