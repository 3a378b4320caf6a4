"""Commands as their people run them, beside a gate of the test's own."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from support.reviewed import Reviewed


async def run(gate: Reviewed | Path, *args: str, **env: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one command without a terminal."""
    state = gate if isinstance(gate, Path) else gate.state
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mcp_gate", *args, "--state", str(state), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **env},
    )  # fmt: skip
    out, err = await process.communicate()
    assert b"Traceback" not in err
    return process.returncode or 0, out.decode(), err.decode()
