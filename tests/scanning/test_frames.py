"""What goes to a process that scans and what comes back is read back the same, and nonsense is refused."""

from __future__ import annotations

import orjson
import pytest

from mcp_gate.detect.finding import Finding, Leaf, Scan
from mcp_gate.detect.options import Allowed, Custom, Options
from mcp_gate.scanning import frames
from mcp_gate.scanning.failed import Failure, ScanFailed


def body(frame: bytes) -> bytes:
    (size,) = frames.SIZE.unpack(frame[: frames.SIZE.size])
    assert size == len(frame) - frames.SIZE.size
    return frame[frames.SIZE.size :]


def test_a_job_is_read_back_with_any_characters_and_its_options() -> None:
    leaves = [Leaf("päss \ud800 \0", ("a", "b")), Leaf("")]
    options = Options(
        (Custom("STAFF_ID", r"S-\d+", 0.9),), (Allowed(frozenset({"x"}), ("y.*",), frozenset({"PERSON"})),), False, 7
    )
    assert frames.read_job(body(frames.job(leaves, frames.encode_options(options)))) == (leaves, options)


def test_what_was_found_is_read_back_in_frames_of_bounded_size() -> None:
    many = tuple(Finding(n, n + 1, "PERSON", 0.5, "rule") for n in range(2_500))
    scan = Scan(((), many, (Finding(0, 4, "JWT", 0.95, "r", True),)), ("ner",))
    told = [frames.read_answer(body(each), [0, 2_500, 4]) for each in frames.answers(scan)]
    assert [len(found) for found, _ in told] == [1_000, 1_000, 501, 0]
    assert [partial for _, partial in told] == [None, None, None, ("ner",)]
    assert [one for found, _ in told for one in found] == [
        *((1, one) for one in many), (2, Finding(0, 4, "JWT", 0.95, "r", True)),
    ]  # fmt: skip


def test_a_failure_is_raised_with_its_words_revealed() -> None:
    with pytest.raises(ScanFailed) as caught:
        frames.read_answer(body(frames.failure(Failure.DETECTOR, "Value\x1bError")), [])
    assert caught.value.failure is Failure.DETECTOR
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "row",
    [
        [1, 0, 1, "X", 0.5, "r", False],
        [-1, 0, 1, "X", 0.5, "r", False],
        [0, 0, 6, "X", 0.5, "r", False],
        [0, -1, 3, "X", 0.5, "r", False],
        [0, 3, 3, "X", 0.5, "r", False],
        [0, 0, 1, None, 0.5, "r", False],
        [0, 0, 1, "X", "high", "r", False],
        [0, 0, 1],
    ],
)
def test_findings_outside_of_the_leaves_are_refused(row: list[object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        frames.read_answer(orjson.dumps({"found": [row]}), [5])


@pytest.mark.parametrize("said", [b"", b"[]", b"{}", b'{"failed":"other","why":""}', b'{"found":3}', b"\x80\x04"])
def test_what_is_no_answer_is_refused(said: bytes) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        frames.read_answer(said, [5])
