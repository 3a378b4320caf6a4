"""Everything in a payload that detectors look at, as leaves, and where each of them stands.

One walk over the JSON: texts, numbers as they are written, and keys. A text that is JSON as a whole is walked as what
it says; one that repeats the structured form of a result is its twin, and not looked at a second time.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Final

from mcp_gate.detect.finding import Leaf
from mcp_gate.lang import strictjson
from mcp_gate.lang.jsonways import Way, ways, written
from mcp_gate.model.foreign import Json, JsonObject
from mcp_gate.output.pieces import LEAST_BYTES, MOST_PIECES, TINY, goes_on, in_a_row, said_in_bytes
from mcp_gate.output.walked import STRUCTURED, Inside, Opaque, Part, Trail, Walked

_new: Final = tuple.__new__
"""As `output.walked._new`."""
_TEXT, _NUMBER, _KEY = Part.TEXT, Part.NUMBER, Part.KEY
TASK_ID: Final = "taskId"
HANDLES: Final = {
    TASK_ID: ((), ("task",), ("tasks",), ("io.modelcontextprotocol/related-task",)),
    "progressToken": ((), ("_meta",)),
}
"""Names of the protocol that have to stay as they are, and under what they stand; () is the payload itself. A progress
token is the gate's own in place of the upstream's, the id of a task is what the upstream called it."""
LISTED: Final = ("tasks",)
"""A client is told only of tasks there whose ids it was told, and that were looked at, when they began."""
_HANDLE: Final = re.compile(r"[!-?A-~]{1,256}")
ASKING: Final = ("notifications/", "elicitation/", "sampling/", "roots/")
"""What an upstream says of its own accord: only there a progress token is one."""
NAMED: Final = frozenset({"tools/list", "prompts/list"})
"""Lists whose items are called by their `name`, which stays as it is."""
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
PICTURED: Final = frozenset({"image", "audio"})
SHORTEST_TEXT: Final = 3
SHORTEST_NUMBER: Final = 4
SHORTEST_FRACTION: Final = 7
SHORTEST_KEY: Final = 3
"""Shorter texts, numbers and keys (in characters) are nobody's."""
LONGEST_PRICE: Final = 5
"""Characters up to which a fraction has too few for any of these, however it is written."""
_WRITTEN_OUT: Final = 1e17
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$-]{1,24}")


def walk(payload: JsonObject, method: str = "tools/call") -> Walked:
    """Walk a payload.

    Args:
        method: the MCP method it answers, or the notification it is.
    """
    return _Walk(payload, method).walked


class _Walk:
    def __init__(self, payload: JsonObject, method: str) -> None:
        self.walked = Walked()
        self._leaves, self._trails, self._parts = self.walked.leaves, self.walked.trails, self.walked.parts
        self._structured = payload.get(STRUCTURED)
        self._named = method in NAMED
        self._asking = method.startswith(ASKING)
        self._written: dict[Way, str | None] = {}
        self._ways: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
        """Names that members stand under whose keys are plain, by those of the object and by the key: rows share
        them."""
        for key in sorted(payload, key=STRUCTURED.__ne__):  # first, for its places are the ones that count
            if key == STRUCTURED:
                self._data(payload[key], (key,), (None, key))
                self.walked.in_structure = len(self.walked.leaves)
            else:
                self._member(key, payload[key], (), None)

    def _data(self, value: Json, keys: tuple[str, ...], trail: Trail) -> None:
        """The tool's own data, where names of the protocol mean nothing."""
        kind = type(value)
        if kind is dict:
            self._object(value, keys, trail)
        elif kind is list:
            if not self._pieces(value, keys, trail):
                if len(value) >= LEAST_BYTES and type(value[0]) is int and (text := said_in_bytes(value)):
                    self._add(text, keys, trail, _TEXT)
                for index, child in enumerate(value):
                    if type(child) is dict:
                        self._object(child, keys, (trail, index))
                    else:
                        self._data(child, keys, (trail, index))
        elif kind is str:
            if len(value) >= SHORTEST_TEXT or not value.isascii():
                self._add(value, keys, trail, _TEXT)
        elif kind is int or kind is float:
            self._number(value, keys, trail)
        elif value is not None and kind is not bool:
            raise TypeError("no part of a payload that is open")

    def _object(self, value: JsonObject, keys: tuple[str, ...], trail: Trail) -> None:
        """Nearly every value there is goes through here: written out, it takes two thirds of the time."""
        add_leaf, add_trail, add_part = self._leaves.append, self._trails.append, self._parts.append
        ways = self._ways.get(keys) or self._ways.setdefault(keys, {})
        for key, child in value.items():
            here = (trail, key)
            of = type(child)
            way = ways.get(key)
            if way is None:
                way = (*keys, key)
                if plain(key):
                    ways[key] = way
                else:
                    self._key(key, keys, here)
                    if of is str and goes_on(key, child):
                        self._whole(child, way, here)
                        continue
            if of is str:
                if len(child) >= SHORTEST_TEXT or not child.isascii():
                    add_leaf(_new(Leaf, (child, way)))
                    add_trail(here)
                    add_part(_TEXT)
            elif of is int:
                if not -100 < child < 1000:
                    self._add(repr(abs(child)), way, here, _NUMBER)
            elif of is dict:
                self._object(child, way, here)
            elif of is float:
                if len(text := repr(child)) > LONGEST_PRICE or "e" in text:
                    self._number(child, way, here)
            elif child is not None and of is not bool:
                self._data(child, way, here)

    def _message(self, value: Json, keys: tuple[str, ...], trail: Trail) -> None:
        """What the protocol gives names to."""
        kind = type(value)
        if kind is dict:
            opaque = _opaque(value, trail)
            if opaque is not None:
                self.walked.opaque.append(opaque)
            for key, child in value.items():
                if opaque is None or key != opaque.member:
                    self._member(key, child, keys, trail)
        elif kind is list:
            if not self._pieces(value, keys, trail):
                for index, child in enumerate(value):
                    self._message(child, keys, (trail, index))
        else:
            self._data(value, keys, trail)

    def _member(self, key: str, child: Json, keys: tuple[str, ...], trail: Trail) -> None:
        here = (trail, key)
        if not plain(key):
            self._key(key, keys, here)
        if key == "text" and type(child) is str:
            self._text(child, keys, here)
        elif self._is_handle(key, child, keys):
            if key == TASK_ID and keys[-1:] != LISTED:
                self._add(str(child), (*keys, key), here, Part.HANDLE)
        elif not self._is_name(key, child, keys):
            self._message(child, (*keys, key), here)

    def _whole(self, text: str, keys: tuple[str, ...], trail: Trail) -> None:
        """Add a text that goes on with what its key, which was added, began."""
        if not text:
            return
        before = len(self.walked.leaves)
        self._add(text, keys, trail, _TEXT)
        if before and self.walked.parts[before - 1] is Part.KEY and self.walked.trails[before - 1] == trail:
            self.walked.lists.append((before - 1, before))

    def _pieces(self, value: list[Json], keys: tuple[str, ...], trail: Trail) -> bool:
        """Add a short list of texts, which may be one value in pieces, however short; False where it is none."""
        if len(value) < 2 or type(value[0]) is not str or not all(type(child) is str for child in value):
            return False
        tiny = max(map(len, value)) <= TINY
        if len(value) > MOST_PIECES and not tiny and not any(map(goes_on, value, value[1:])):
            return False
        if all(map(plain, value)):  # words are not pieces of anything
            return False
        at = []
        for index, child in enumerate(value):
            if child:
                at.append((len(self.walked.leaves), child))
                self._add(child, keys, (trail, index), _TEXT)
        if tiny or len(value) <= MOST_PIECES:
            self.walked.lists.append(tuple(leaf for leaf, _ in at))
        else:
            self.walked.lists += [(a, b) for (a, end), (b, begin) in itertools.pairwise(at) if goes_on(end, begin)]
            self.walked.lists += in_a_row(at)
        return True

    def _is_handle(self, key: str, value: Json, keys: tuple[str, ...]) -> bool:
        """Whether it is one of the protocol's names for something under way."""
        if key not in HANDLES or keys[-1:] not in HANDLES[key] or (key == "progressToken" and not self._asking):
            return False
        return type(value) is int or (type(value) is str and _HANDLE.fullmatch(value) is not None)

    def _is_name(self, key: str, value: Json, keys: tuple[str, ...]) -> bool:
        """Whether it is what something in a list is called by, rather than words about it."""
        return (
            key == "name" and self._named and len(keys) == 1 and type(value) is str
            and _NAME.fullmatch(value) is not None
        )  # fmt: skip

    def _text(self, text: str, keys: tuple[str, ...], here: Trail) -> None:
        if self._structured is not None and self._repeats(text):
            self.walked.twins.append(here)
            return
        value = json_of(text)
        if value is None:
            if text:  # however short, a value may be split over it and its neighbours
                self.walked.blocks.append(len(self.walked.leaves))
                self._add(text, keys, here, _TEXT)
        elif value == self._structured and strictjson.dumps(value) == strictjson.dumps(self._structured):
            self.walked.twins.append(here)
        else:
            self._data(value, (), (here, Inside.JSON))

    def _repeats(self, text: str) -> bool:
        """Whether a text is the structured form, as servers write it."""
        for way in ways(text):
            if way not in self._written:
                self._written[way] = written(self._structured, way)
            if self._written[way] == text:
                return True
        return False

    def _key(self, key: str, keys: tuple[str, ...], trail: Trail) -> None:
        if len(key) >= SHORTEST_KEY or not key.isascii():  # what nobody sees is short, too
            self._add(key, keys, trail, _KEY)

    def _number(self, number: int | float, keys: tuple[str, ...], trail: Trail) -> None:
        text = repr(abs(number))
        if type(number) is float:
            text = _digits(text, number)
            if len(text) < SHORTEST_FRACTION and "." in text:
                return
        if len(text) >= SHORTEST_NUMBER:
            self._add(text, keys, trail, _NUMBER)

    def _add(self, text: str, keys: tuple[str, ...], trail: Trail, part: Part) -> None:
        self._leaves.append(_new(Leaf, (text, keys)))
        self._trails.append(trail)
        self._parts.append(part)


def json_of(text: str) -> Json:
    """The object or list that a text is as a whole, or None."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return strictjson.parse_text(text.strip())
    except strictjson.JsonError:
        return None


def _digits(text: str, number: float) -> str:
    """A number as people write it, without its sign: much that counts nothing passes through tables that make a
    fraction of it."""
    if text.endswith(".0"):
        return text[:-2]
    return repr(int(abs(number))) if "e+" in text and abs(number) < _WRITTEN_OUT else text


@lru_cache(maxsize=4096)
def plain(key: str) -> bool:
    """Whether a key is a word, and nothing that could be anybody's."""
    return _PLAIN_KEY.fullmatch(key) is not None


def _opaque(block: JsonObject, trail: Trail) -> Opaque | None:
    kind = block.get("type")
    if isinstance(kind, str) and isinstance(block.get("data"), str):
        if kind in PICTURED:
            return Opaque(trail, "data", kind)
        if isinstance(block.get("mimeType"), str):  # of a kind that the protocol does not have yet
            return Opaque(trail, "data", "data")
    if isinstance(block.get("blob"), str):
        return Opaque(trail, "blob", "blob")
    return None
