"""What others say: the server of its tool, the agent of its call. Claims, all behind a gutter. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.lines import BLANK, Row, heading, prose

LONGEST_PROSE: Final = 1_200


def claims(held: Held) -> Iterator[Row]:
    """The server's words, then the agent's, last of all that there is to read."""
    server = held.server
    if server:
        yield BLANK
        yield heading("What its server says", "its own claim")
        for name in ("title", "description"):
            if isinstance(server.get(name), str):
                yield prose(f"{name}: {server[name]}", LONGEST_PROSE)
        if server.get("annotations"):
            yield prose(f"hints: {json.dumps(server['annotations'], ensure_ascii=False)}", LONGEST_PROSE)
    said = held.call.get("claims") or {}
    if said:
        yield BLANK
        yield heading("What the agent says", "unchecked, may be untrue")
    for name, value in said.items():
        text = value if isinstance(value, str) else json.dumps(value)
        yield prose(f"{name.rpartition('/')[2].removeprefix('gate_')}: {text}", LONGEST_PROSE)
