"""A long day, made short."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_S236_a_while_of_calls_and_faults_leaves_memory_and_files_as_they_were(tmp_path: Path, rounds: int) -> None:
    """The day itself is `python bench/soak.py`; here are seconds, ten times as dense and with ten times the faults."""
    found = tmp_path / "soak.json"
    soak = [sys.executable, str(ROOT / "bench" / "soak.py"), "--seconds", str(20 * rounds)]
    command = [*soak, "--rate", "50", "--faults", "0.1", "--json", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(found.read_text())
    assert outcome["violations"] == []
    assert outcome["calls"] > 200
    assert {"away", "error", "exit", "free", "garbage", "held", "is_error"} <= set(outcome["outcomes"])
