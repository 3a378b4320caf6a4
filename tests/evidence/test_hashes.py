from __future__ import annotations

import hashlib

import rfc8785

from mcp_gate.evidence.hashes import job_hash, tool_hash

TOOL = "sha256:" + "0" * 64


def of(arguments: dict[str, object], tags: list[str] | None = None) -> str:
    return job_hash("a", "shop", "refund", TOOL, "job.x", tags or ["read"], arguments)


def test_the_job_hash_is_the_digest_of_the_seven_members() -> None:
    body = {
        "agent": "a", "upstream": "shop", "tool": "refund", "tool_hash": TOOL, "topic": "job.x",
        "risk_tags": ["read", "write"], "arguments": {"n": 1},
    }  # fmt: skip
    assert of({"n": 1}, ["write", "read"]) == "sha256:" + hashlib.sha256(rfc8785.dumps(body)).hexdigest()


def test_one_and_one_point_zero_are_the_same_and_text_and_true_are_not() -> None:
    assert of({"n": 1}) == of({"n": 1.0})
    assert len({of({"n": 1}), of({"n": "1"}), of({"n": True})}) == 3


def test_integers_beyond_a_double_stay_apart() -> None:
    assert of({"n": 2**53}) != of({"n": 2**53 + 1})


def test_every_part_of_a_tool_counts() -> None:
    assert tool_hash({"name": "t", "description": "a"}) != tool_hash({"name": "t", "description": "b"})
    assert tool_hash({"name": "t", "x-new": 1}) != tool_hash({"name": "t"})
