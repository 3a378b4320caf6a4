"""What goes to a process that scans, and what comes back.

Answers are plain JSON of numbers and known words: the texts that the process looks at are anybody's, and what it then
says is trusted no further than that. The gate's own words to its child may be in Python's own form.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from struct import Struct
from typing import Any, Final

import orjson

from mcp_gate.detect.finding import Finding, Leaf, Scan
from mcp_gate.detect.options import Allowed, Custom, Options
from mcp_gate.lang.reveal import reveal
from mcp_gate.scanning.failed import Failure, ScanFailed

SIZE: Final = Struct(">I")
MOST_BYTES: Final = 64 << 20
FINDINGS: Final = 1_000
"""Findings in one frame: as many as are read within a few milliseconds."""


def framed(body: bytes) -> bytes:
    """With its length before it."""
    return SIZE.pack(len(body)) + body


def job(leaves: Sequence[Leaf], options: bytes) -> bytes:
    """A piece of work. `options` is what `encode_options` made."""
    return framed(marshal.dumps((options, [(leaf.text, leaf.keys) for leaf in leaves])))


def encode_options(options: Options) -> bytes:
    """Options as bytes: the same for the same options."""
    return marshal.dumps(astuple(options))


def read_job(body: bytes) -> tuple[list[Leaf], Options]:
    """The same, in the process that scans: it trusts the gate."""
    options, leaves = marshal.loads(body)
    return [Leaf(text, keys) for text, keys in leaves], decode_options(options)


def decode_options(data: bytes) -> Options:
    """What `encode_options` was given."""
    custom, allowed, *rest = marshal.loads(data)
    return Options(tuple(Custom(*each) for each in custom), tuple(Allowed(*each) for each in allowed), *rest)


def answers(scan: Scan) -> Iterator[bytes]:
    """What was found, in frames; the last one says that it is."""
    rows = [
        (which, f.start, f.end, f.entity, f.score, f.rule, f.bare)
        for which, own in enumerate(scan.findings)
        for f in own
    ]
    for at in range(0, len(rows), FINDINGS):
        yield framed(orjson.dumps({"found": rows[at : at + FINDINGS]}))
    yield framed(orjson.dumps({"partial": scan.partial}))


def failure(kind: Failure, why: str) -> bytes:
    """That it could not be scanned."""
    return framed(orjson.dumps({"failed": kind, "why": why}))


def read_answer(body: bytes, sizes: Sequence[int]) -> tuple[list[tuple[int, Finding]], tuple[str, ...] | None]:
    """Of one frame what was found, by leaf, and of the last one which detectors ran out of time.

    Raises:
        ScanFailed: it could not be scanned.
        ValueError, TypeError, KeyError: this is not an answer about leaves of these sizes.
    """
    told = orjson.loads(body)
    if "failed" in told:
        raise ScanFailed(Failure(told["failed"]), reveal(str(told["why"])[:200]))
    if "partial" in told:
        return [], tuple(str(each) for each in told["partial"])
    return list(_findings(told["found"], sizes)), None


def _findings(rows: Any, sizes: Sequence[int]) -> Iterator[tuple[int, Finding]]:
    for which, start, end, entity, score, rule, bare in rows:
        if not (0 <= which < len(sizes) and 0 <= start < end <= sizes[which] and isinstance(entity, str)):
            raise ValueError("no finding in these leaves")
        yield which, Finding(start, end, entity, float(score), str(rule), bool(bare))
