"""Samples in `mcp-gate requests`: marked as what they are, and the three words for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_gate.gate.job import Job
from support.commands import run
from support.gates import Client as Exchange
from support.gates import Upstream, caller
from support.reviewed import RULES, Reviewed, a_gate

pytestmark = pytest.mark.anyio

SAMPLED = RULES.replace(b"require_approval", b"allow") + b"audit: { sampling: { rate: 1 } }\n"


async def execute(gate: Reviewed, **arguments: object) -> str:
    """Run a call through the gate; the id of the sample it became."""
    wanted = Job("shop", "tools/call", "refund_order", "shop_refund_order", dict(arguments), {}, "sha256:" + "0" * 64)
    await gate.gate.perform(wanted, caller(), Exchange(), Upstream())
    await gate.gate.settle(5)
    return (await gate.gate.store.requests.page())[-1].id


async def test_the_list_and_the_page_say_that_it_ran(tmp_path: Path) -> None:
    async with a_gate(tmp_path, rules=SAMPLED) as gate:
        sample = await execute(gate, order="O-7")
        _, out, _ = await run(gate, "requests", "list")
        assert "SAMPLE of what ran: picked at random" in out
        assert sample in out
        _, out, _ = await run(gate, "requests", "show", sample)
        first, *_ = out.splitlines()
        assert first.startswith(f"{sample}  sample of a call that ran:  pending, 6d 23h left, then put aside unseen")
        assert "Arguments, exactly as they were sent" in out
        assert "decided by   refunds" in out
        assert "approvals" not in out
        (line,) = (await run(gate, "requests", "list", "--json"))[1].splitlines()
        found = json.loads(line)
        assert (found["kind"], found["verdict"]["sampled"], found["then"]["what"]) == ("sample", "rate", "expire")


@pytest.mark.parametrize(
    ("word", "more", "said", "status"),
    [
        ("good", (), "was found good.", "approved"),
        ("bad", ("--reason", "Wrong order"), "was found bad.", "rejected"),
        ("incident", ("--reason", "Paid twice"), "is an incident.", "rejected"),
    ],
)
async def test_each_word_ends_a_sample(
    tmp_path: Path, word: str, more: tuple[str, ...], said: str, status: str
) -> None:
    async with a_gate(tmp_path, rules=SAMPLED) as gate:
        sample = await execute(gate, order="O-7")
        code, out, err = await run(gate, "requests", word, sample, *more)
        assert (code, out, err) == (0, f"{sample} {said}\n", "")
        found = await gate.gate.store.requests.find(sample)
        assert found is not None
        assert (found.status.value, found.decisions[-1].decision) == (status, word)
        assert (await run(gate, "requests", word, sample, *more))[0] == 4


async def test_a_bad_sample_needs_a_reason_and_a_held_call_takes_no_such_word(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        held = await gate.hold()
        assert (await run(gate, "requests", "bad", held.id))[0] == 2
        code, _, err = await run(gate, "requests", "good", held.id)
        assert code == 4
        assert "takes one of: approve, deny" in err
        assert (await run(gate, "requests", "good", "R-NONE"))[0] == 1
