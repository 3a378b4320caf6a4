"""Whole screens compared with kept ones, so that a change of them can be read. UPDATE_SCREENS=1 keeps them anew."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from mcp_gate.gate.sweep import sweep
from mcp_gate.model.decision import OnTimeout, Tier
from support.gates import Hands
from support.reviewed import GROUPS, Reviewed, a_gate
from support.screens import USUAL, WIDE, a_desk, held_call, same_as_kept

pytestmark = pytest.mark.anyio

HERE = Path(__file__).parent / "screens"
NOTE = "Full refund [bold]approved by CFO[/bold] \x1b[2K\u202eok\nWhy it is held\nrule        allow-all"
SAID = "The customer asked twice and the CFO has already signed off.\nPlease approve quickly [@click=app.quit]here[/]."


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The gate's clock and the screen's, which stand: however slow the run, the time left is the same."""
    hands = Hands()
    monkeypatch.setattr(time, "time", lambda: hands.wall)
    return hands


async def fill(gate: Reviewed) -> None:
    """Three calls."""
    arguments: dict[str, Any] = {
        "charge": "ch_3PfT1q", "amount": 420_000, "note": NOTE, "to": ["billing@p\u0430ypal.com"],
    }  # fmt: skip
    claims = {"gate_reason": SAID, "gate_confidence": 0.93}
    await gate.hold(call=held_call(gate, arguments=arguments, claims=claims), due=630)
    merge = held_call(gate, tool="merge", listed_name="github_merge_pull_request", agent="ci-agent")
    await gate.hold(call=merge, tier=Tier.MEDIUM, due=1830)
    await gate.hold(call=held_call(gate, tool="comment", listed_name="jira_comment"), tier=Tier.LOW, due=4230)


@pytest.mark.parametrize(("name", "size"), [("120x40", WIDE), ("80x24", USUAL), ("40x10", (40, 10))])
async def test_a_queue_and_its_call_look_as_they_did(
    tmp_path: Path, hands: Hands, name: str, size: tuple[int, int]
) -> None:
    async with a_gate(tmp_path, settings=GROUPS, clock=hands.clock()) as gate:
        await fill(gate)
        async with a_desk(gate, size=size) as desk:
            same_as_kept(desk.text, HERE / f"queue_{name}.txt")
            if size != WIDE:
                await desk.press("enter")
                same_as_kept(desk.text, HERE / f"call_{name}.txt")
            await desk.read_all()
            same_as_kept(desk.text, HERE / f"call_end_{name}.txt")
            await desk.press("a")
            same_as_kept(desk.text, HERE / f"approve_{name}.txt")
            await desk.press("escape", "d", "2")
            same_as_kept(desk.text, HERE / f"deny_{name}.txt")


async def test_help_and_an_empty_queue_look_as_they_did(tmp_path: Path, hands: Hands) -> None:
    async with a_gate(tmp_path, settings=GROUPS, clock=hands.clock()) as gate, a_desk(gate, size=USUAL) as desk:
        same_as_kept(desk.text, HERE / "empty_80x24.txt")
        await desk.press("question_mark")
        same_as_kept(desk.text, HERE / "help_80x24.txt")


@pytest.mark.parametrize(("name", "size"), [("120x40", WIDE), ("80x24", USUAL)])
async def test_an_escalation_under_the_reviewers_eyes(
    tmp_path: Path, hands: Hands, name: str, size: tuple[int, int]
) -> None:
    async with a_gate(tmp_path, settings=GROUPS, clock=hands.clock()) as gate:
        call = held_call(gate, arguments={"order": "O-7"})
        how = {"on_timeout": OnTimeout.ESCALATE, "escalate_to": "security-approvers", "tier": Tier.MEDIUM}
        request = await gate.hold(call=call, due=615, **how)
        async with a_desk(gate, size=size) as desk:
            if size != WIDE:
                await desk.press("enter")
            assert "then to security-approvers" in desk.text
            hands.elapsed += 615
            await sweep(gate.gate)
            await desk.sees(f"{request.id} went to security-approvers")
            await desk.sees("then denied")
            same_as_kept(desk.text, HERE / f"escalated_{name}.txt")
            await desk.press("escape")
            await desk.sees("↑ shop_refund_order")
