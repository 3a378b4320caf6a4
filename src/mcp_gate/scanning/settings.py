"""What the policy says of detectors, as they take it; and whether this machine can do it."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

from mcp_gate.detect.ner.weights import installed
from mcp_gate.detect.options import Allowed, Custom, Options
from mcp_gate.model.config import UPSTREAMS, ConfigError, Place, Problem
from mcp_gate.policy.outgoing import Outgoing
from mcp_gate.policy.read_detection import Detection


@lru_cache(8)
def options(detection: Detection) -> Options:
    """For every scan under this policy."""
    return Options(
        custom=tuple(Custom(own.name, own.pattern, float(own.score), own.context) for own in detection.own),
        allowed=tuple(Allowed(each.values, each.patterns, each.entities) for each in detection.exempt),
        ner=detection.ner is not False,
        vendor_shapes=detection.vendor_shapes is not False,
    )


def check_detectors(outgoing: Outgoing) -> None:
    """
    Raises:
        ConfigError: detectors that are to look at what leaves are not there; nothing may be served without them.
    """
    problems = hindrances(outgoing)
    if problems:
        raise ConfigError(tuple(problems))


def hindrances(outgoing: Outgoing) -> list[Problem]:
    """Why what leaves cannot be looked at on this machine as the policy wants it."""
    if not outgoing.enabled:
        return []
    wanted = outgoing.detection
    problems: list[Problem] = []
    place = outgoing.place or Place(UPSTREAMS, 1, 1)
    if wanted.vendor_shapes is not False and not has_vendor_shapes():
        problems.append(
            Problem(
                place,
                "the output review cannot know the shapes of vendors' keys: "
                "kingfisher-secret-scanner is not there for this platform",
                "install it, or write output_review: { vendor_shapes: false } to go without",
            )
        )
    if wanted.ner and not has_names():
        what = "the output review cannot find names in prose: the extra ner is not there"
        problems.append(Problem(place, what, "install mcp-gate[ner], or leave out 'ner: true'"))
    return problems


def has_vendor_shapes() -> bool:
    """Whether kingfisher is there."""
    return find_spec("kingfisher_sdk") is not None


def has_names() -> bool:
    """Whether the extra `ner` is there."""
    return installed() and find_spec("onnxruntime") is not None and find_spec("tokenizers") is not None
