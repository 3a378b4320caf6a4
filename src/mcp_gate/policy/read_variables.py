"""Finds `${env:NAME}` in texts; it is expanded only where the text is used, never here."""

from __future__ import annotations

import re
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.yamldoc import Node, Scalar
from mcp_gate.model.config import Place
from mcp_gate.policy.secrets import is_secret

VARIABLE: Final = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


class Variables:
    """The environment variables that the files name, and where each stands first."""

    def __init__(self) -> None:
        self.found: dict[str, Place] = {}

    def text(
        self,
        reader: Reader,
        node: Node,
        what: str,
        *,
        name: str = "",
        empty: bool = True,
        never: str = "\0",
        plain: bool = False,
    ) -> str | None:
        """A text that may hold `${env:NAME}`.

        Args:
            name: whose value it is; tells a secret that stands there itself.
            empty: whether it may be empty, if it is quoted.
            never: characters that may not be in it.
            plain: whether a number, true or false may stand for the text that it is written as.
        """
        quoted = empty and isinstance(node, Scalar) and node.quoted
        read = reader.word if plain else reader.text
        text = node.text if quoted and isinstance(node, Scalar) else read(node, what)
        if text is None:
            return None
        if any(char in never for char in text):
            reader.error(node.place, f"{what} holds a control character", "remove it")
            return None
        variables = VARIABLE.findall(text)
        for variable in variables:
            self.found.setdefault(variable, node.place)
        bare = VARIABLE.sub("", text)
        if is_secret("" if variables else name, bare):
            message = f"{what} looks like a secret, and would be kept with the policy"
            reader.warn(node.place, message, "write ${env:NAME}, and set it where the gate is started")
        if "${" in bare:
            reader.error(node.place, "there is '${' that is not a variable", "write ${env:NAME}")
            return None
        return text
