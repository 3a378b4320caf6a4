"""Exports as lines of JSON."""

from __future__ import annotations

import json

import pytest

from mcp_gate.evidence.export import line


@pytest.mark.parametrize("value", ["=cmd|'/c calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r\n=1", '"=1"'])
def test_S222_what_a_spreadsheet_would_run_is_text_inside_json_and_comes_back_whole(value: str) -> None:
    written = line({"tool": value, "reason": value})
    assert written.startswith('{"')
    assert "\n" not in written
    assert "\t" not in written
    assert json.loads(written) == {"tool": value, "reason": value}
