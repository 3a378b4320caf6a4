"""As much of the ONNX file format (protocol buffers) as it takes to read weights, and to write a network of them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

FLOAT: Final = 1
UINT8: Final = 2
INT8: Final = 3
INT64: Final = 7
"""Kinds of elements, by the numbers of `TensorProto`."""
EXTRA: Final = "com.microsoft"
"""Where the steps come from that ONNX itself does not have."""
_GRAPH: Final = 7
_NODE, _TENSOR = 1, 5
"""Numbers of fields, of `ModelProto` and `GraphProto`."""
_FORMAT, _STEPS = 8, 18
"""Versions of the file format, and of ONNX' own steps."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Weights as they stand in the file."""

    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Node:
    """One step of a network."""

    kind: str
    inputs: list[str]
    outputs: list[str]
    numbers: dict[str, int]
    """Its attributes that are whole numbers."""


def read(model: bytes) -> tuple[list[Node], dict[str, Tensor]]:
    """The steps of a network, and its weights by their names."""
    graph = next(value for number, value, _ in _fields(model) if number == _GRAPH)
    nodes = [_node(value) for number, value, _ in _fields(graph) if number == _NODE]
    return nodes, dict(_tensor(value) for number, value, _ in _fields(graph) if number == _TENSOR)


def _tensor(data: bytes) -> tuple[str, Tensor]:
    name, body = "", b""
    shape: list[int] = []
    for number, value, whole in _fields(data):
        match number:
            case 1 if whole[0] & 7 == 0:
                shape.append(_varint(whole, 1)[0])
            case 1:
                shape += _varints(value)
            case 5:  # small numbers, each as if it were a large one
                body = bytes(_varints(value))
            case 8:
                name = value.decode()
            case 4 | 9:
                body = value
    return name, Tensor(tuple(shape), body)


def _node(data: bytes) -> Node:
    found = Node("", [], [], {})
    kind = ""
    for number, value, _ in _fields(data):
        match number:
            case 1:
                found.inputs.append(value.decode())
            case 2:
                found.outputs.append(value.decode())
            case 4:
                kind = value.decode()
            case 5:
                found.numbers.update(_attribute(value))
    return Node(kind, found.inputs, found.outputs, found.numbers)


def _attribute(data: bytes) -> dict[str, int]:
    name = ""
    for number, value, whole in _fields(data):
        if number == 1:
            name = value.decode()
        elif number == 3:
            return {name: _varint(whole, 1)[0]}
    return {}


# ---- writing


def node(kind: str, inputs: Iterable[str], outputs: Iterable[str], domain: str = "", **attributes: float) -> bytes:
    """An encoded step; an attribute that is no whole number is a `float`."""
    parts = [_text(1, name) for name in inputs] + [_text(2, name) for name in outputs] + [_text(4, kind)]
    for name, value in attributes.items():
        if isinstance(value, int):
            parts.append(_message(5, _text(1, name) + _number(3, value) + _number(20, 2)))
        else:
            parts.append(_message(5, _text(1, name) + _encoded(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)))
    return b"".join([*parts, _text(7, domain)])


def tensor(name: str, kind: int, shape: Sequence[int], data: bytes) -> bytes:
    """An encoded tensor."""
    sizes = b"".join(_number(1, size) for size in shape)
    return sizes + _number(2, kind) + _text(8, name) + _message(9, data)


def value(name: str, kind: int, shape: Sequence[int | str]) -> bytes:
    """What a network is given or gives; a size that differs from run to run has a name instead of a number."""
    sizes = b"".join(_message(1, _number(1, size) if isinstance(size, int) else _text(2, size)) for size in shape)
    return _text(1, name) + _message(2, _message(1, _number(1, kind) + _message(2, sizes)))


def model(nodes: Iterable[bytes], tensors: Iterable[bytes], given: bytes, gives: bytes) -> bytes:
    """A file of encoded parts."""
    parts = [_message(_NODE, each) for each in nodes] + [_message(_TENSOR, each) for each in tensors]
    graph = b"".join([*parts, _text(2, "graph"), _message(11, given), _message(12, gives)])
    versions = _message(8, _number(2, _STEPS)) + _message(8, _text(1, EXTRA) + _number(2, 1))
    return _number(1, _FORMAT) + versions + _message(_GRAPH, graph)


# ---- protocol buffers


def _fields(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, content (of those that have a length) and all bytes of every field."""
    at = 0
    while at < len(data):
        begin = at
        tag, at = _varint(data, at)
        value = b""
        match tag & 7:
            case 0:
                _, at = _varint(data, at)
            case 1:
                at += 8
            case 2:
                size, at = _varint(data, at)
                value = data[at : at + size]
                at += size
            case 5:
                at += 4
            case kind:
                raise ValueError(f"no protocol buffer: wire type {kind}")
        yield tag >> 3, value, data[begin:at]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _varints(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(number: int, value: int) -> bytes:
    return _encoded(number << 3) + _encoded(value)


def _text(number: int, value: str) -> bytes:
    return _message(number, value.encode())


def _message(number: int, value: bytes) -> bytes:
    return _encoded(number << 3 | 2) + _encoded(len(value)) + value
