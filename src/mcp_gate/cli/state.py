"""Where a running gate keeps its state, for commands that must work even when the policy cannot be loaded."""

from __future__ import annotations

import os
from pathlib import Path

from mcp_gate.cli.options import json_wanted


def state_directory(config: str | None, state: str | None) -> Path:
    """The state directory that `--config` and `--state` mean; ends the command with 2 if there is no gate directory.

    Of the gate directory only `state_dir:` in gate.yaml is read.
    """
    from mcp_gate.cli.loading import report
    from mcp_gate.gate.directory import find_gate_directory, find_state_directory
    from mcp_gate.model.config import ConfigError

    if state is not None or "MCP_GATE_STATE" in os.environ:
        return find_state_directory(state, os.environ, Path(), None)
    try:
        directory = find_gate_directory(config, os.environ)
    except ConfigError as error:
        report(error, as_json=json_wanted())
    return find_state_directory(None, os.environ, directory, _configured(directory))


def _configured(directory: Path) -> str | None:
    from mcp_gate.cli.loading import report
    from mcp_gate.lang.yamldoc import Refused, Scalar, read
    from mcp_gate.model.config import ConfigError

    file = directory / "gate.yaml"
    if not file.is_file():
        return None
    try:
        root, _ = read(file.name, file.read_bytes())
    except Refused as refused:
        report(ConfigError((refused.problem,)), as_json=json_wanted())
    found = root.entries.get("state_dir")
    return found.text if isinstance(found, Scalar) else None
