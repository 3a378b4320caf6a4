"""As much of the ONNX file format (protocol buffers) as it takes to put other nodes in the place of some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

FLOAT: Final = 1
INT8: Final = 3
"""Kinds of elements, by the numbers of `TensorProto`."""
_REPLACED: Final = b"MatMulNBits"
_GRAPH: Final = 7
_NODE, _TENSOR = 1, 5
"""Numbers of fields, of `ModelProto` and `GraphProto`."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """Weights as they stand in the file."""

    shape: tuple[int, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Node:
    """One step of the network."""

    kind: bytes
    inputs: list[bytes]
    outputs: list[bytes]
    numbers: dict[bytes, int]
    """Its attributes that are whole numbers."""


def rewritten(model: bytes, replace: Callable[[Node, dict[bytes, Tensor]], Iterator[bytes]]) -> bytes:
    """A model in which every MatMulNBits is replaced: by a node, and the tensors that belong to it."""
    out = []
    for number, value, whole in _fields(model):
        out.append(_message(_GRAPH, _graph(value, replace)) if number == _GRAPH else whole)
    return b"".join(out)


def _graph(graph: bytes, replace: Callable[[Node, dict[bytes, Tensor]], Iterator[bytes]]) -> bytes:
    tensors = dict(_tensor(value) for number, value, _ in _fields(graph) if number == _TENSOR)
    out, added = [], []
    gone: set[bytes] = set()
    for number, value, whole in _fields(graph):
        step = _node(value) if number == _NODE else None
        if step is None or step.kind != _REPLACED:
            out.append(whole)
            continue
        first, *more = replace(step, tensors)
        out.append(_message(_NODE, first))
        added += [_message(_TENSOR, each) for each in more]
        gone.update(step.inputs[1:])
    unused = {whole for number, value, whole in _fields(graph) if number == _TENSOR and _tensor(value)[0] in gone}
    return b"".join([part for part in out if part not in unused] + added)


def node(kind: bytes, domain: bytes, inputs: Iterable[bytes], outputs: Iterable[bytes]) -> bytes:
    """An encoded node."""
    parts = [_message(1, name) for name in inputs] + [_message(2, name) for name in outputs]
    return b"".join([*parts, _message(4, kind), _message(7, domain)])


def tensor(name: bytes, kind: int, shape: Sequence[int], data: bytes) -> bytes:
    """An encoded tensor."""
    sizes = b"".join(_number(1, size) for size in shape)
    return sizes + _number(2, kind) + _message(8, name) + _message(9, data)


def _tensor(data: bytes) -> tuple[bytes, Tensor]:
    name, body = b"", b""
    shape: list[int] = []
    for number, value, whole in _fields(data):
        match number:
            case 1 if whole[0] & 7 == 0:
                shape.append(_varint(whole, 1)[0])
            case 1:
                shape += _varints(value)
            case 8:
                name = value
            case 9:
                body = value
    return name, Tensor(tuple(shape), body)


def _node(data: bytes) -> Node:
    found = Node(b"", [], [], {})
    kind = b""
    for number, value, _ in _fields(data):
        match number:
            case 1:
                found.inputs.append(value)
            case 2:
                found.outputs.append(value)
            case 4:
                kind = value
            case 5:
                found.numbers.update(_attribute(value))
    return Node(kind, found.inputs, found.outputs, found.numbers)


def _attribute(data: bytes) -> dict[bytes, int]:
    name = b""
    for number, value, whole in _fields(data):
        if number == 1:
            name = value
        elif number == 3:
            return {name: _varint(whole, 1)[0]}
    return {}


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


def _message(number: int, value: bytes) -> bytes:
    return _encoded(number << 3 | 2) + _encoded(len(value)) + value
