"""Reads values out of a strict YAML tree, and collects every problem on the way instead of stopping at the first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from typing import Final, TypeVar

from mcp_gate.lang.globs import GlobError, compile_glob
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar, Sequence_
from mcp_gate.model.config import Place, Problem

NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")
OTHER_KIND: Final = re.compile(rf"{NUMBER.pattern}|true|false")
"""What is not a text where it stands without quotes."""
MOST_INTEGER: Final = 10**15
T = TypeVar("T")


class Reader:
    """One for a whole run over all files; `problems` are errors, `warnings` do not keep the gate from serving."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._strangers: set[Place] = set()
        """Where unknown keys stand."""

    def error(self, place: Place, message: str, hint: str) -> None:
        self.problems.append(Problem(place, message, hint))

    def warn(self, place: Place, message: str, hint: str = "") -> None:
        self.warnings.append(Problem(place, message, hint))

    # ---- structure

    def mapping(self, node: Node | None, known: Collection[str], what: str = "a mapping") -> Mapping_ | None:
        """A mapping whose keys are all among `known`; unknown ones are errors, with the nearest known name."""
        found = self.free_mapping(node, what)
        if found is None:
            return None
        for key, place in found.keys.items():
            if key not in known:
                self._strangers.add(place)
                odd = "" if key.isascii() else " with " + ", ".join(f"U+{ord(c):04X}" for c in key if not c.isascii())
                self.error(place, f"unknown key '{reveal(key)}'{odd}", _nearest(key, known))
        return found

    def free_mapping(self, node: Node | None, what: str = "a mapping") -> Mapping_ | None:
        """A mapping with keys of the writer's choice."""
        if isinstance(node, Mapping_):
            return node
        if node is not None:
            self.error(node.place, f"this needs {what}", "write 'key: value' pairs below it")
        return None

    def sequence(self, node: Node | None, what: str = "a list") -> tuple[Node, ...]:
        """The items of a list; anything else is an error and reads as empty."""
        if isinstance(node, Sequence_):
            return node.items
        if node is not None:
            self.error(node.place, f"this needs {what}", "write it as [a, b] or as lines that start with '- '")
        return ()

    def each(self, node: Node | None, read: Callable[[Node], T | None], what: str = "a list") -> tuple[T, ...]:
        """The items of a list, read one by one; those with errors are left out."""
        values = (read(item) for item in self.sequence(node, what))
        return tuple(value for value in values if value is not None)

    def entries(self, node: Node | None, what: str = "a mapping") -> Iterator[tuple[str, Place, Node]]:
        """Keys, where they stand, and values of a free mapping."""
        found = self.free_mapping(node, what)
        if found is not None:
            for key, value in found.entries.items():
                yield key, found.keys[key], value

    def need(self, parent: Mapping_, key: str, hint: str) -> Node | None:
        """A member that must be there. Where a misspelt key was reported already, that error is the only one."""
        node = parent.entries.get(key)
        if node is None and not self.misspelt(parent, key):
            self.error(parent.place, f"'{key}' is missing", hint)
        return node

    def misspelt(self, parent: Mapping_, key: str) -> bool:
        """Whether a key much like this one was reported as unknown."""
        strangers = [name for name, place in parent.keys.items() if place in self._strangers]
        return bool(difflib.get_close_matches(key, strangers))

    # ---- scalars

    def text(self, node: Node | None, what: str = "a text") -> str | None:
        """A non-empty text; a plain number, `true` or `false` is none."""
        text = self.word(node, what)
        if isinstance(node, Scalar) and text is not None and not node.quoted and OTHER_KIND.fullmatch(text):
            kind = "neither a text nor a name" if text in ("true", "false") else "a number"
            self.error(node.place, f"{text} is {kind}, and this needs {what}", "put it in quotes")
            return None
        return text

    def word(self, node: Node | None, what: str = "a text") -> str | None:
        """What is written, of whatever kind. A plain `null` or nothing at all is nothing."""
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.error(node.place, f"this needs {what}", "write one value")
            return None
        if not node.quoted and node.text in ("", "~", "null", "Null", "NULL"):
            self.error(node.place, f"this needs {what}, and has no value", "write the value, or remove the key")
            return None
        if not node.text:
            self.error(node.place, f"this needs {what}, and is empty", "write the value, or remove the key")
            return None
        return node.text

    def name(self, node: Node | None, pattern: re.Pattern[str], what: str) -> str | None:
        """A text of a given form; `what` describes the form."""
        text = self.text(node, what)
        if node is not None and text is not None and not pattern.fullmatch(text):
            self.error(node.place, f"'{reveal(text)}' is not {what}", f"use {pattern.pattern}")
            return None
        return text

    def glob(self, node: Node) -> str | None:
        """A glob that is one."""
        text = self.text(node, "a glob")
        if text is not None:
            try:
                compile_glob(text)
            except GlobError as e:
                self.error(node.place, str(e), "write '*' to match everything")
                return None
        return text

    def boolean(self, node: Node | None) -> bool | None:
        """`true` or `false`, and no other spelling."""
        if node is None:
            return None
        if isinstance(node, Scalar) and not node.quoted and node.text in ("true", "false"):
            return node.text == "true"
        shown = f"'{reveal(node.text)}' is" if isinstance(node, Scalar) else "this is"
        self.error(node.place, f"{shown} neither true nor false", "write true or false")
        return None

    def decimal(self, node: Node | None, *, least: int = 0, most: int = MOST_INTEGER) -> Decimal | None:
        """A plain decimal within bounds, exactly as written."""
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self.error(node.place, "this needs a number", "write one plain number")
            return None
        shown = reveal(node.text)
        if not NUMBER.fullmatch(node.text):
            self.error(node.place, f"'{shown}' is not a plain number", "write digits, such as 900 or 0.7")
            return None
        if node.quoted:
            self.error(node.place, f"'{shown}' is a text, not a number", "take the quotes away")
            return None
        value = Decimal(node.text)
        if not least <= value <= most:
            self.error(node.place, f"{shown} is out of range", f"use a number from {least} to {most}")
            return None
        return value

    def integer(self, node: Node | None, *, least: int = 0, most: int = MOST_INTEGER) -> int | None:
        """A whole number within bounds."""
        value = self.decimal(node, least=least, most=most)
        if value is None or node is None:
            return None
        if value != value.to_integral_value() or (isinstance(node, Scalar) and "." in node.text):
            self.error(node.place, f"{value} is not a whole number", "write it without a fraction")
            return None
        return int(value)

    def one_of(self, node: Node | None, words: Mapping[str, T], what: str) -> T | None:
        """One of a closed set of words, in exactly this spelling."""
        text = self.word(node, what)
        if node is None or text is None:
            return None
        if text not in words:
            self.error(node.place, f"'{reveal(text)}' is not {what}", _nearest(text, words))
            return None
        return words[text]


def _nearest(text: str, known: Collection[str]) -> str:
    """The cure for a misspelt name."""
    folded = {name.lower().replace("-", "_"): name for name in known}
    written = text.lower().strip().replace("-", "_")
    longer = [] if written in folded else [name for name in folded if name.startswith(f"{written}_")]
    close = longer if len(longer) == 1 else difflib.get_close_matches(written, folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return "use one of: " + ", ".join(sorted(known)) if known else "remove it"
