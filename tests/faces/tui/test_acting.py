"""Everything else that a reviewer does on the screen, on a real gate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_gate.faces.tui.approve import Approve
from mcp_gate.faces.tui.ask import Palette
from mcp_gate.faces.tui.deny import Deny
from mcp_gate.faces.tui.editor import Editor
from mcp_gate.lang.times import parse_rfc3339
from mcp_gate.model.decision import Tier
from support.reviewed import GROUPS, Reviewed, a_gate
from support.screens import USUAL, a_desk, held_call

pytestmark = pytest.mark.anyio


async def status_of(gate: Reviewed, request: Any) -> str:
    return str((await gate.shown(request))["status"])


async def test_what_is_new_against_the_nearest_approved_call_is_told_first(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        first = await gate.hold(arguments={"order": "O-1", "amount": 120, "memo": "a"})
        await gate.post(first, await gate.word(first, by="ana"))
        await gate.hold(arguments={"order": "O-1", "amount": 42_000, "note": "b"})
        gate.count = 1
        async with a_desk(gate) as desk:
            lines = [line[62:].strip("│ ") for line in desk.text.splitlines()]
            at = next(i for i, line in enumerate(lines) if line.startswith("What is new  compared with R-1"))
            new = " ".join(lines[at : at + 6])
            assert "approved by ana" in new
            assert "~ amount  120 → 42000" in new
            assert '+ note  "b"' in new
            assert '- memo  "a"' in new


async def test_several_are_denied_at_once_and_never_approved(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        held = [await gate.hold(tier=Tier.LOW) for _ in range(4)]
        async with a_desk(gate, size=USUAL) as desk:
            await desk.press("m", "m", "m")
            assert "3 marked" in desk.text
            assert desk.text.count("✓") == 3
            await desk.press("j", "m")  # the fourth, and off again
            await desk.press("k", "j", "m")
            await desk.press("g", "enter", *["space"] * 3, "a")
            dialog = desk.app.screen
            assert isinstance(dialog, Approve)  # of the one that is shown
            assert dialog.word.held.id == "R-1"
            await desk.press("escape", "d")
            assert isinstance(desk.app.screen, Deny)
            assert "R-1, and 2 more with it?" in desk.text
            await desk.press("1", "d")
            await desk.until(lambda: len(desk.screen.desk.requests) <= 2)
        assert [await status_of(gate, one) for one in held] == ["rejected"] * 3 + ["pending"]
        assert len({record["data"]["nonce"] for record in await gate.records("request.decided")}) == 3


async def test_a_call_is_changed_and_approved_in_two_steps(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(arguments={"amount": 120, "note": "a\u202eb"})
        async with a_desk(gate, size=USUAL) as desk:
            await desk.press("e")
            assert "open it first" in desk.text
            await desk.read_all()
            await desk.press("e")
            editor = desk.app.screen
            assert isinstance(editor, Editor)
            assert "\\u202e" in desk.text
            await desk.press("ctrl+s")
            assert "nothing is changed yet" in desk.text
            area = editor.query_one("TextArea")
            area.text = '{"amount": 12,'  # type: ignore[attr-defined]
            await desk.press("ctrl+s")
            assert "not JSON that the gate accepts" in desk.text
            area.text = '{"amount": 12}'  # type: ignore[attr-defined]
            await desk.press("ctrl+s")
            second = desk.app.screen
            assert isinstance(second, Approve)
            assert "~ amount  120 → 12" in desk.text
            assert "- note" in desk.text
            await desk.press(*second._wanted)
            await desk.sees("R-1 approved as edited")
        shown = await gate.shown(request)
        assert (shown["status"], shown["call"]["arguments"]) == ("approved", {"amount": 12})
        assert shown["changed"] == ["/amount", "/note"]


async def test_what_the_policy_denies_of_an_edit_is_said(tmp_path: Path) -> None:
    rules = b"""version: v1
rules:
  - { id: much, match: { when: "args.amount > 1000" }, decision: deny, reason: "Too much" }
  - { id: refunds, match: { risk_tags: [financial] }, decision: require_approval, reason: "Refunds need a person" }
"""
    async with a_gate(tmp_path, settings=GROUPS, rules=rules) as gate:
        request = await gate.hold(arguments={"amount": 120})
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press("e")
            desk.app.screen.query_one("TextArea").text = '{"amount": 5000}'  # type: ignore[attr-defined]
            await desk.press("ctrl+s")
            await desk.press(*desk.app.screen._wanted)  # type: ignore[attr-defined]
            await desk.sees("refused: the policy denies the changed call: Too much")
        assert await status_of(gate, request) == "pending"


async def test_a_reviewer_gives_more_time_and_sends_on_to_the_next_group(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(due=900, escalate_to="security-approvers")
        due = parse_rfc3339(request.due_ts)
        async with a_desk(gate) as desk:
            await desk.press("x")
            assert "1  10m more" in desk.text
            await desk.press("1")
            await desk.sees("is due at")
            assert parse_rfc3339((await gate.shown(request))["due_ts"]) == pytest.approx(due + 600, abs=0.01)
            await desk.press("s")
            assert "to security-approvers; then only that group decides on it" in desk.text
            await desk.press("enter")
            assert (await gate.shown(request))["stage"] == 1
            await desk.press("s", "1")
            await desk.sees("R-1 went to security-approvers")
        assert (await gate.shown(request))["group"] == "security-approvers"


async def test_what_is_personal_is_uncovered_on_record_before_it_is_approved(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(arguments={"ssn": "SSN 123-45-6789"})
        async with a_desk(gate) as desk:
            assert "▒▒US_SSN▒▒" in desk.text
            await desk.press("v")
            assert "123-45" not in desk.text
            await desk.press("escape")
            await desk.read_all()
            await desk.press("a")
            assert "uncover it first (r)" in desk.text
            assert not await gate.records("security.revealed")
            await desk.press("r")
            await desk.sees("SSN 123-45-6789")
            await desk.read_all()
            await desk.press("a")
            assert isinstance(desk.app.screen, Approve)
        (record,) = await gate.records("security.revealed")
        assert (record["approver_id"], record["request_id"]) == ("dana", "R-1")
        assert "123-45" not in str(await gate.gate.store.records())


async def test_the_queue_is_filtered_and_ordered_and_the_cursor_stays(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(call=held_call(gate, agent="ci-agent", listed_name="k8s_apply"), due=900)
        await gate.hold(tier=Tier.LOW, due=100)
        await gate.hold(due=500)
        async with a_desk(gate, size=USUAL) as desk:
            await desk.press("o")
            assert "highest risk" in desk.text
            assert desk.queue.current == "R-2"
            await desk.press("slash", *"agent:ci", "enter")
            assert "1 like agent:ci" not in desk.text  # what is under the cursor stays
            await desk.press("g")
            assert desk.queue.current in ("R-1", "R-2")
            await desk.press("slash", *"risk:x", "enter")
            assert "no filter" in desk.text
            await desk.press("escape")
            await desk.press("slash", *["backspace"] * 20, "enter")
            assert desk.queue.length == 3


async def test_everything_is_found_by_name_and_nothing_decides_by_it_alone(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(tier=Tier.LOW)
        async with a_desk(gate, size=USUAL) as desk:
            await desk.read_all()
            await desk.press("colon", *"claim", "enter")
            await desk.sees("is yours for ten minutes")
            await desk.press("ctrl+p", *"second step", "enter")
            assert isinstance(desk.app.screen, Approve)
            await desk.press("escape", "colon", *"xyzzy", "enter")
            assert not isinstance(desk.app.screen, Palette)
        assert not await gate.records("request.decided")


async def test_a_sample_is_found_good_or_bad_or_an_incident(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        good, bad, harm = [await gate.hold(kind="sample", due=n) for n in (500, 600, 700)]
        async with a_desk(gate, size=USUAL) as desk:
            assert "sample shop_refund_order" in desk.text
            assert "a Good…  d Bad…" in desk.text
            await desk.read_all()
            assert "type it to approve" not in desk.text
            await desk.press("a")
            assert "to say good of this one call" in desk.text
            await desk.press(*desk.detail.letters)
            await desk.sees("R-1 found good")
            await desk.press("escape", "j", "d", "2", "d")
            await desk.sees("R-2 found bad")
            await desk.press("j", "d", "3")
            assert "i says incident" in desk.text
            await desk.press("i")
            await desk.sees("R-3 found to be an incident")
        words = [(await gate.shown(one))["decisions"][0]["decision"] for one in (good, bad, harm)]
        assert words == ["good", "bad", "incident"]


async def test_a_kind_that_the_screen_does_not_know_is_shown_and_not_decided(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(kind="riddle")
        async with a_desk(gate) as desk:
            assert "riddle: this screen does not know it" in desk.text
            for key in "adex":
                await desk.press(key)
                assert "decides nothing on it" in desk.text


async def test_ctrl_c_backs_out_of_a_dialog_and_then_out_of_the_program(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(tier=Tier.LOW)
        async with a_desk(gate, size=USUAL) as desk:
            await desk.read_all()
            for key in ("a", "d", "e", "x", "s", "slash", "colon", "question_mark", "v"):
                await desk.press(key)
                assert desk.app.screen is not desk.screen
                await desk.press("ctrl+c")
                assert desk.app.screen is desk.screen
            await desk.press("ctrl+c")
            assert desk.app.return_code == 130
        assert not await gate.records("request.decided")
