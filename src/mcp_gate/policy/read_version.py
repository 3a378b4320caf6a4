"""Reads `version:`, which every file but a workflow or a JSON document needs."""

from __future__ import annotations

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Mapping_


def read_version(reader: Reader, root: Mapping_, *, required: bool = True) -> None:
    """`version: v1`, the only one there is."""
    node = root.entries.get("version")
    if node is None and required:
        reader.error(root.place, "'version' is missing", "add 'version: v1'")
    reader.one_of(node, {"v1": "v1"}, "a version this gate knows")
