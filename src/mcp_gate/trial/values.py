"""JSON values out of a strict YAML tree. What YAML's readers disagree about has to be quoted."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar
from mcp_gate.model.foreign import Json

WORDS: Final = {"true": True, "false": False, "null": None}
NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?")
MOST_DIGITS: Final = 300
"""More are beyond what every reader of JSON takes."""
DOUBTFUL: Final = re.compile(
    r"""(?ix) ~ | y|n|yes|no|on|off|true|false|null      # words that some readers take for truth values or null
      | [-+.]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:e[-+]?[0-9]+)? # numbers written otherwise than in JSON
      | 0[xob][0-9a-f_]+ | [0-9]+(?::[0-9]+)+
      | [-+]?\.inf | \.nan"""
)


def plain(reader: Reader, node: Node) -> Json:
    """The JSON value of a node, None after an error; only `true`, `false`, `null` and plain decimals are not texts."""
    if isinstance(node, Mapping_):
        return {key: plain(reader, value) for key, value in node.entries.items()}
    if not isinstance(node, Scalar):
        return [plain(reader, item) for item in node.items]
    if node.quoted:
        return node.text
    if node.text in WORDS:
        return WORDS[node.text]
    number = NUMBER.fullmatch(node.text)
    if number is not None and len(node.text) > MOST_DIGITS:
        reader.error(node.place, f"the number has more than {MOST_DIGITS} digits", "shorten it, or quote it as a text")
        return None
    if number is not None:
        return float(node.text) if number["fraction"] else int(node.text)
    if not node.text or DOUBTFUL.fullmatch(node.text):
        reader.error(
            node.place, f"'{reveal(node.text)}' can be read in two ways",
            "quote it if it is a text; else write true, false, null or a plain number",
        )  # fmt: skip
    return node.text
