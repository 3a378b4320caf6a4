"""YAML (and JSON) read strictly into a tree of nodes that know their place. Nothing is constructed by YAML's own rules.

Refused: unknown or explicit tags, anchors, aliases, merge keys, several documents, empty files, duplicate keys,
invalid UTF-8, characters that reorder or break lines unseen, files over 1 MiB, nesting beyond 20.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from mcp_gate.lang.reveal import is_hidden, mixed_script, reveal
from mcp_gate.lang.written import offset
from mcp_gate.model.config import Place, Problem

MOST_BYTES: Final = 1 << 20
MOST_DEPTH: Final = 20
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DECEIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]|\r(?!\n)|(?<!^)\ufeff"
)
"""Characters that make a file read otherwise than it looks: controls, YAML's unseen line breaks, reordering."""


class Scalar(NamedTuple):
    """A text as it stands in the file, before anybody decides what it means."""

    place: Place
    text: str
    quoted: bool
    raw: str = ""
    """As written, where that is not the text between its quotes."""

    def place_at(self, index: int) -> Place:
        """Where a character of the text stands in the file."""
        if not self.raw:
            return Place(self.place.file, self.place.line, self.place.column + index + int(self.quoted))
        before = self.raw[: offset(self.raw, self.text, index)]
        breaks = before.count("\n")
        column = len(before) - before.rfind("\n") if breaks else self.place.column + len(before)
        return Place(self.place.file, self.place.line + breaks, column)


@dataclass(frozen=True, slots=True)
class Sequence_:
    """A list of nodes."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping_:
    """Keys with nodes, in the order written, and where each key stands."""

    place: Place
    entries: dict[str, Node]
    keys: dict[str, Place]
    """Where each key stands."""


Node: TypeAlias = Scalar | Sequence_ | Mapping_


class Refused(Exception):
    """The file is not read at all; holds the one problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read(file: str, data: bytes) -> tuple[Mapping_, list[Problem]]:
    """Parse one document whose root is a mapping.

    Args:
        file: its path relative to the gate directory, for messages.

    Returns:
        The tree, and the problems (duplicate or suspicious keys) that do not keep it from being read further.

    Raises:
        Refused: it is not such a document.
    """
    text = _text(file, data)
    builder = _Builder(file, text)
    root = builder.document()
    if not isinstance(root, Mapping_):
        raise Refused(Problem(root.place, "the document is not a mapping", "start it with 'version: v1'"))
    return root, builder.problems


def _text(file: str, data: bytes) -> str:
    start = Place(file, 1, 1)
    if len(data) > MOST_BYTES:
        raise Refused(Problem(start, f"the file is larger than {MOST_BYTES} bytes", "split it into several files"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as e:
        before = data[: e.start].decode("utf-8")
        place = _place_of(file, before, len(before))
        raise Refused(Problem(place, "the file is not valid UTF-8", "save it as UTF-8")) from None
    deceit = _DECEIT.search(text)
    if deceit is not None:
        place = _place_of(file, text, deceit.start())
        message = f"the character U+{ord(deceit.group()):04X} ({unicodedata.name(deceit.group(), 'a control')})"
        raise Refused(Problem(place, f"{message} is not allowed", "remove it, or write it as an escape in quotes"))
    if not text.strip():
        raise Refused(Problem(start, "the file is empty", "write 'version: v1' and at least one section, or remove it"))
    return text


def _place_of(file: str, text: str, at: int) -> Place:
    line = text.count("\n", 0, at)
    return Place(file, line + 1, at - (text.rfind("\n", 0, at) + 1) + 1)


def _events(file: str, text: str) -> Iterator[Any]:
    try:
        loader = Loader(text)
        while (event := loader.get_event()) is not None:
            yield event
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
        raise Refused(Problem(place, f"not YAML: {e.problem or e.context}", _cure(text, e))) from None
    except (yaml.YAMLError, RecursionError):
        raise Refused(Problem(Place(file, 1, 1), "not YAML", "check indentation and quotes")) from None


def _cure(text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    if mark is not None and text[mark.index : mark.index + 1] == "\t":
        return "this is a tab: indent with spaces"
    return "write the character itself" if "Unicode character" in str(error.problem) else "check indentation and quotes"


class _Builder:
    """Turns YAML events into nodes, iteratively bounded in depth."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._events = _events(file, text)
        self.problems: list[Problem] = []

    def document(self) -> Node:
        """The one document of the stream."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                raise self._refused(event, "a second document starts here", "keep one document in a file")
            if isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)):
                continue
            if isinstance(event, yaml.StreamEndEvent):
                break
            root = self._node(event, 1)
        if root is None:
            raise Refused(Problem(Place(self._file, 1, 1), "the file is empty", "write 'version: v1' or remove it"))
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > MOST_DEPTH:
            raise self._refused(event, f"nested deeper than {MOST_DEPTH}", "flatten it")
        if isinstance(event, yaml.AliasEvent):
            raise self._refused(event, f"an alias (*{reveal(event.anchor or '')})", "write the value out")
        if event.anchor is not None:
            raise self._refused(event, f"an anchor (&{reveal(event.anchor)})", "write the value out where it is used")
        if event.tag is not None:
            raise self._refused(event, f"a tag ({reveal(event.tag)})", "remove it; values are plain")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _scalar(self, event: Any) -> Scalar:
        start, end, quoted = event.start_mark.index, event.end_mark.index, bool(event.style)
        plain = self._text[start + quoted : end - quoted] == event.value
        return Scalar(self._place(event), event.value, quoted, "" if plain else self._text[start:end])

    def _sequence(self, start: Any, depth: int) -> Sequence_:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            items.append(self._node(event, depth + 1))
        return Sequence_(self._place(start), tuple(items))

    def _mapping(self, start: Any, depth: int) -> Mapping_:
        entries: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                raise Refused(Problem(key.place, "a key is not a text", "write keys as plain words"))
            if self._good_key(key, keys):
                entries[key.text] = value
                keys[key.text] = key.place
        return Mapping_(self._place(start), entries, keys)

    def _good_key(self, key: Scalar, seen: dict[str, Place]) -> bool:
        if key.text == "<<" and not key.quoted:
            raise Refused(Problem(key.place, "a merge key (<<)", "write the values out"))
        if not key.text:
            raise Refused(Problem(key.place, "a key has no name", "write 'key: value'"))
        if key.text in seen:
            first = seen[key.text]
            message = f"the key '{reveal(key.text)}' stands here again; first at line {first.line}"
            self.problems.append(Problem(key.place, message, "keep one of them"))
            return False
        if key.text.isascii() and key.text.isprintable():
            return True
        odd = next((c for c in key.text if is_hidden(c)), None)
        if odd is None and mixed_script(key.text):
            odd = next(c for c in key.text if not c.isascii())
        if odd is not None:
            name = unicodedata.name(odd, "a character that does not show")
            self.problems.append(
                Problem(key.place, f"the key '{reveal(key.text)}' holds U+{ord(odd):04X} ({name})", "type the key anew")
            )
            return False
        return True

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1)

    def _refused(self, event: Any, message: str, hint: str) -> Refused:
        return Refused(Problem(self._place(event), message, hint))
