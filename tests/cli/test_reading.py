"""What somebody at a terminal is asked before a request is decided."""

from __future__ import annotations

import sys
from typing import Any, cast

import pytest

from mcp_gate.cli import reading
from mcp_gate.cli.options import Exit


class Decided:
    """Has one request, which is settled."""

    def request(self, id: str, *, personal: bool) -> dict[str, Any]:
        return {"id": id, "status": "approved", "call": {"job_hash": "sha256:0"}}


def test_nobody_is_asked_about_what_is_decided_already(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(reading, "print_full", lambda request: None)
    with pytest.raises(SystemExit) as left:
        reading.read(cast(Any, Decided()), "R-1", "approve", None)
    assert left.value.code == Exit.REFUSED
    assert "R-1 is approved already" in capsys.readouterr().err
