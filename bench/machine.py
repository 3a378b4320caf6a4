"""What the machine says: CPU and memory of process trees, the cost of one durable record here and now."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(pid: int) -> list[int]:
    """A process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo.extend(parents.get(one, ()))
    return found


def command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def own(roots: list[int], upstream: str = "bench/upstream.py") -> list[int]:
    """The processes of several trees, each once, but for the upstream's."""
    pids = sorted({pid for root in roots for pid in tree(root)})
    return [pid for pid in pids if f"{upstream} --" not in command(pid) or "proxies/" in command(pid)]


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of all of them."""
    total = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(stat[11]) + int(stat[12])
    return total / TICK


def rss_mb(pids: list[int]) -> float:
    """Resident memory of all of them, shared pages counted in each."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return total * PAGE / 1e6


def fdatasync_ms(directory: str | None = None, times: int = 20) -> float:
    """Median of: append 500 bytes, fdatasync."""
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        found = []
        for _ in range(times):
            start = time.perf_counter()
            os.write(file.fileno(), b"x" * 500)
            os.fdatasync(file.fileno())
            found.append((time.perf_counter() - start) * 1e3)
    return statistics.median(found)
