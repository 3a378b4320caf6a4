"""The review screen on a real gate over its real socket: what it shows, and what counts as a decision."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from textual import events

from mcp_gate.faces.facts import REASONS
from mcp_gate.faces.tui.approve import Approve
from mcp_gate.faces.tui.deny import Deny, Said
from mcp_gate.faces.tui.pager import Pager
from mcp_gate.faces.tui.secret import ALPHABET
from mcp_gate.lang.reveal import is_hidden
from mcp_gate.model.decision import Tier
from support.reviewed import GROUPS, Reviewed, a_gate
from support.screens import USUAL, a_desk, held_call

pytestmark = pytest.mark.anyio

FORGED = "ok\n\nWhy it is held\nrule        allow-all"
HOSTILE = [
    "[bold]x[/] [/] [link=http://e]x[/link] [b [$error] \\[x] [@click=app.quit]here[/] [/nope]",
    "\x1b]52;c;cHduZWQ=\x1b\\ \x1b[2J\x1b[1;1H \x1bP1$r\x1b\\ \x9b31m \x9d52;c;x\x9c \x07 \x08\x08 \rrm -rf /",
    "a\u202eb\u2066c \u200bzero\u2060width\ufeff \U000e0041\U000e0042 tags " + "e" + "\u0301" * 200,
    "\u3164 filler \u2800 \u00a0 \u2028 \u034f tail\\",
    FORGED,
    "x" * 5_000 + "漢字" * 500,
]


async def status_of(gate: Reviewed, request: Any) -> str:
    return str((await gate.shown(request))["status"])


async def nothing_decided(gate: Reviewed) -> bool:
    """Not even tried: the gate knows the reviewer, so a word on a call would have counted."""
    return not await gate.records("request.decided") and not await gate.records("request.refused")


# ---- foreign text


async def test_S115_S117_S119_hostile_text_in_every_field_is_shown_and_never_obeyed(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        for text in HOSTILE:
            call = held_call(
                gate, agent=text, session=text, upstream=text, tool=text, listed_name=text, topic=text,
                risk_tags=(text,), arguments={text: text, "list": [text, {text: [text]}]}, attributes={text: text},
                claims={"gate_reason": text, text: text},
            )  # fmt: skip
            await gate.hold(call=call, group=text, attempts=3)
        async with a_desk(gate) as desk:
            for _ in HOSTILE:
                for _ in range(4):
                    text = desk.text.replace("\n", "")
                    assert not [char for char in text if is_hidden(char) and char != "\u00a0"]
                    assert "\u0301" * 4 not in text
                    await desk.press("space")
                await desk.press("v")
                assert isinstance(desk.app.screen, Pager)
                assert not [char for char in desk.text.replace("\n", "") if is_hidden(char)]
                await desk.press("escape", "j")
            assert desk.app.is_running
        assert await nothing_decided(gate)


async def test_S125_the_agents_words_stay_inside_their_box(tmp_path: Path) -> None:
    words = "PRE-APPROVED BY SECURITY\n\nWhy it is held\nrule        allow-all\n● live"
    async with a_gate(tmp_path) as gate:
        await gate.hold(call=held_call(gate, arguments={"body": FORGED}, claims={"gate_reason": words}))
        async with a_desk(gate, size=USUAL) as desk:
            await desk.read_all()
            await desk.press("G")
            lines = [line.strip("│ ▅▆▄▃▂▇█") for line in desk.text.splitlines()]
            box = lines[lines.index("What the agent says  unchecked, may be untrue") + 1 :]
            box = box[: next(i for i, line in enumerate(box) if not line)]
            assert any("PRE-APPROVED BY SECURITY" in line for line in box)
            assert all(line.startswith("┃ ") for line in box)
            assert all(line.startswith("┃ ") for line in lines if "allow-all" in line)
            # Ours come first: the agent's words are the last thing before the digest.
            assert lines.index("How it came here") < lines.index("What the agent says  unchecked, may be untrue")


async def test_a_click_on_foreign_text_or_on_the_foot_does_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(arguments={"a": "[@click=app.exit]CLICK[/]"}, tier=Tier.LOW)
        async with a_desk(gate) as desk:
            await desk.read_all()
            for x, y in [(70, y) for y in range(3, 36, 6)] + [(x, 39) for x in range(2, 90, 8)]:
                await desk.pilot.click(offset=(x, y))
            assert desk.app.screen is desk.screen
            await desk.press("d")
            for y in range(14, 27):
                await desk.pilot.click(offset=(40, y))
            assert isinstance(desk.app.screen, Deny)
        assert await nothing_decided(gate)


# ---- approving


async def test_a_high_risk_call_takes_the_code_printed_under_its_last_line(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        async with a_desk(gate) as desk:
            await desk.read_all()
            code = desk.detail.letters
            assert " ".join(code) in desk.text
            await desk.press("a")
            dialog = desk.app.screen
            assert isinstance(dialog, Approve)
            view = dialog.query_one("#dialog")
            box = view.region
            inside = [line[box.x : box.right] for line in desk.text.splitlines()[box.y : box.bottom]]
            # The dialog asks for the code and does not tell it; beside the dialog it can still be read.
            assert not any(" ".join(code) in line for line in inside)
            assert " ".join(code) in desk.text
            await desk.press(*code.lower())
            await desk.sees("R-1 approved")
        assert await status_of(gate, request) == "approved"
        (record,) = await gate.records("request.decided")
        posted = dialog.word.body
        shown = await gate.shown(request)
        assert posted["job_hash"] == shown["call"]["job_hash"] == record["job_hash"]
        assert posted["policy_snapshot"] == shown["verdict"]["policy_snapshot"] == record["policy_snapshot"]
        assert (posted["approver_id"], posted["decision_ts"]) == (record["approver_id"], record["decision_ts"])
        assert record["data"]["nonce"] == posted["nonce"]


@pytest.mark.parametrize(("tier", "count"), [(Tier.LOW, 1), (Tier.MEDIUM, 2)])
async def test_a_lesser_risk_takes_the_letters_that_only_the_dialog_shows(
    tmp_path: Path, tier: Tier, count: int
) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(tier=tier)
        async with a_desk(gate) as desk:
            await desk.read_all()
            letters = desk.detail.letters
            assert len(letters) == count
            assert "type it to approve" not in desk.text
            await desk.press("a")
            assert f"Press  {' '.join(letters)}  to approve" in desk.text
            await desk.press(next(letter for letter in ALPHABET if letter != letters[0]))
            assert desk.app.screen is desk.screen
            assert desk.detail.letters != letters or desk.detail.nonce
            await desk.press("a")
            await desk.press(*desk.detail.letters)
            await desk.until(lambda: not desk.detail.held.open)  # type: ignore[union-attr]
        assert await status_of(gate, request) == "approved"


async def test_an_approval_of_two_is_told_as_such(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold(needed=2)
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press("a")
            await desk.press(*desk.detail.letters)
            await desk.sees("R-1 has your approval and waits for another person's")
            await desk.press("tab", "g")
            assert "1 of 2 (dana)" in desk.text


async def test_an_abandoned_dialog_leaves_other_letters(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold()
        async with a_desk(gate) as desk:
            await desk.read_all()
            before = desk.detail.nonce
            await desk.press("a", "y")
            assert desk.app.screen is desk.screen
            assert desk.detail.nonce != before
            assert " ".join(desk.detail.letters) in desk.text


async def test_what_was_not_on_the_screen_cannot_be_approved(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(arguments={f"field_{i}": i for i in range(60)})
        async with a_desk(gate, size=USUAL) as desk:
            await desk.press("a")
            assert "open it first" in desk.text
            await desk.press("enter", "a")
            assert "lines are unread" in desk.text
            # To jump over the middle is not to read it.
            await desk.press("G", "a")
            assert "lines are unread" in desk.text
            assert desk.app.screen is desk.screen
            await desk.read_all()
            await desk.press("a")
            assert isinstance(desk.app.screen, Approve)


async def test_what_is_left_out_must_be_read_in_the_pager(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(arguments={"body": "long " * 1_000 + "END"})
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press("a")
            assert "read all of them first (v)" in desk.text
            await desk.press("v", "escape", "a")
            assert "read all of them first (v)" in desk.text
            await desk.press("v", *["space"] * 5)
            assert "END" in desk.text
            await desk.press("escape", "a")
            assert isinstance(desk.app.screen, Approve)


async def test_over_256_KiB_a_call_can_only_be_denied(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(arguments={"body": "x" * 270_000})
        async with a_desk(gate) as desk:
            await desk.press("tab", *["j"] * 12)
            assert "over 256 KiB: more than a person can read" in desk.text
            await desk.read_all()
            await desk.press("a")
            assert "what cannot be read cannot be approved" in desk.text
            await desk.press("v")
            assert desk.app.screen is desk.screen
            await desk.press("d", "4", "d")
            await desk.sees("denied; the agent is told why")


# ---- keys that must not decide


async def test_S124_keys_typed_ahead_never_reach_the_second_step(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(tier=Tier.LOW)
        await gate.hold()
        async with a_desk(gate) as desk:
            for _ in range(2):
                await desk.read_all()
                for letters in (desk.detail.letters, ALPHABET.lower(), "yes"):
                    desk.burst("a", *letters)
                    await desk.pilot.pause()
                    await desk.press("escape", "escape")
                    assert desk.app.screen is desk.screen
                await desk.press("j")
            # With the cursor just moved, the call under it is neither read nor shown.
            desk.burst("k", "a", *desk.detail.letters)
            await desk.pilot.pause()
        assert await nothing_decided(gate)


async def test_S124_a_paste_is_ignored(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(tier=Tier.LOW)
        async with a_desk(gate) as desk:
            await desk.read_all()
            desk.app.post_message(events.Paste("aaaa\n"))
            await desk.pilot.pause()
            assert desk.app.screen is desk.screen
            await desk.press("a")
            desk.app.post_message(events.Paste(desk.detail.letters))
            await desk.pilot.pause()
            assert isinstance(desk.app.screen, Approve)
        assert await nothing_decided(gate)


@pytest.mark.parametrize("seed", range(2))
async def test_key_mash_never_approves(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    named = ["enter", "space", "tab", "down", "up", "pagedown", "escape", "A", "ctrl+a", "question_mark"]
    keys = [*"ayvbmz1ckjgG", *named]
    async with a_gate(tmp_path) as gate:
        for _ in range(4):
            await gate.hold()
        async with a_desk(gate) as desk:
            await desk.press(*(rng.choice(keys) for _ in range(40)))
        assert await nothing_decided(gate)


async def test_enter_never_decides(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold()
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press(*["a", "enter", "enter"], *["d", "enter", "enter", "enter", "down", "enter", "enter"])
            await desk.press("tab", *"long enough", "enter", "enter", "enter")
        assert await nothing_decided(gate)


# ---- denying, claiming


async def test_a_denial_says_why_before_it_is_sent(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        async with a_desk(gate) as desk:
            await desk.press("d", "2")
            assert f"The agent is told: {REASONS[1]}" in desk.text
            await desk.press("x", "2", "d")
            await desk.sees("R-1 denied; the agent is told why")
        (said,) = (await gate.shown(request))["decisions"]
        assert (said["decision"], said["reason"]) == ("deny", REASONS[1])


async def test_a_denial_takes_own_words_of_eight_characters_or_more(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        request = await gate.hold()
        async with a_desk(gate, size=(40, 10)) as desk:
            await desk.press("d", "tab", *"no", "enter")
            assert "at least 8 characters" in desk.text
            await desk.press(*" 2 much", "enter")
            assert "d denies, any other key: back" in desk.text
            await desk.press("d")
            await desk.until(lambda: not desk.detail.held.open)  # type: ignore[union-attr]
        (said,) = (await gate.shown(request))["decisions"]
        assert said["reason"] == "no 2 much"


async def test_a_claim_is_shown_given_back_and_respected(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request, other = await gate.hold(due=500), await gate.hold()
        await gate.do(gate.client.claim, other.id, "ana")
        async with a_desk(gate) as desk:
            await desk.press("c")
            await desk.sees("1 yours")
            await desk.until(lambda: "❯ ●" in desk.text)
            await desk.press("c")
            await desk.sees("0 yours")
            await desk.press("c")
            await desk.sees("1 yours")
            await desk.press("j")
            await desk.read_all()
            assert "claimed by  ana" in desk.text
            await desk.press("a")
            assert "somebody else has claimed it" in desk.text
            await gate.do(desk.app.give_back_claims)
        assert "claimed_by" not in await gate.shown(request)
        assert (await gate.shown(other))["claimed_by"] == "ana"


async def test_what_the_gate_refuses_is_one_sentence(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        await gate.hold()
        async with a_desk(gate, me="sam", size=USUAL) as desk:
            await desk.press("d", "1", "d")
            await desk.sees("refused: only reviewers in group 'finance-approvers' decide on this request")
            assert desk.detail.held is not None
            assert desk.detail.held.open


# ---- the queue is live


async def test_arrivals_never_move_the_cursor_off_its_request(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(due=1000)
        chosen = await gate.hold(due=2000)
        async with a_desk(gate) as desk:
            await desk.press("j")
            first = await gate.hold(due=100)
            await desk.until(lambda: len(desk.screen.desk.requests) == 3)
            assert desk.queue.current == chosen.id
            assert desk.detail.held is not None
            assert desk.detail.held.id == chosen.id
            rows = [line[:60] for line in desk.text.splitlines() if "shop_refund" in line[:60]]
            assert ["❯" in row for row in rows] == [False, False, True]
            await desk.press("g")
            assert desk.queue.current == first.id


async def test_S130_a_call_decided_elsewhere_stays_greyed_with_a_sentence(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request, other = await gate.hold(due=500), await gate.hold()
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press("a")
            assert isinstance(desk.app.screen, Approve)
            await gate.do(gate.client.decide, await gate.shown(request), "deny", "ana", "not today")
            # The dialog has nothing to ask any more; what is on the screen stays, and keys do nothing.
            await desk.sees("denied by ana")
            assert desk.app.screen is desk.screen
            assert "ended" in desk.text
            assert desk.queue.current == request.id
            for key in "acd":
                await desk.press(key)
                assert "this call is no longer open" in desk.text
            await desk.press("escape", "j")
            assert desk.queue.current == other.id
            assert "ended" not in desk.text
        assert len(await gate.records("request.decided")) == 1


async def test_S130_a_word_that_comes_too_late_is_refused_and_said(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold()
        async with a_desk(gate) as desk:
            await desk.press("d", "1")
            shown = await gate.shown(request)
            await gate.do(gate.client.decide, shown, "approve", "ana")
            held = desk.detail.held
            assert held is not None
            desk.screen._denied((held,), Said("deny", "Wrong target or amount"))
            await desk.sees("refused: this request is no longer open")
        assert await status_of(gate, request) == "approved"


async def test_without_a_connection_nothing_can_be_decided_and_it_comes_back(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(AsyncExitStack())
        gate = await first.enter_async_context(a_gate(tmp_path))
        await gate.hold()
        desk = await stack.enter_async_context(a_desk(gate))
        await desk.read_all()
        await desk.press("a")
        await first.aclose()
        await desk.sees("○ lost")
        await desk.until(lambda: desk.app.screen is desk.screen)
        for key in "acd":
            await desk.press(key)
            assert "no connection to the gate" in desk.text
        assert "shop_refund_order" in desk.text
        async with a_gate(tmp_path) as again:
            await desk.sees("● live")
            assert await nothing_decided(again)
            await desk.press("escape", "q")


async def test_a_refused_policy_is_shown_as_stale(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate, a_desk(gate) as desk:
        assert "policy STALE" not in desk.text
        gate.gate.stale = (replace_problem(),)
        gate.gate.hub.publish({"event": "policy.refused", "policy_snapshot": gate.gate.loaded.snapshot.id})
        await desk.sees("policy STALE")


# ---- windows and terminals


async def test_S127_in_a_tiny_window_the_call_scrolls_and_can_be_approved(tmp_path: Path) -> None:
    async with a_gate(tmp_path, settings=GROUPS) as gate:
        request = await gate.hold(arguments={"note": "a text that goes over several lines " * 4})
        async with a_desk(gate, size=(40, 10)) as desk:
            await desk.press("enter", "a")
            assert "lines are unread" in desk.text
            await desk.read_all()
            await desk.press("a")
            assert "Type the code" in desk.text
            assert "Any other key: back." in desk.text
            await desk.press(*desk.detail.letters)
            await desk.until(lambda: not desk.detail.held.open)  # type: ignore[union-attr]
        assert await status_of(gate, request) == "approved"


async def test_S127_in_a_smaller_one_approving_is_refused(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold()
        async with a_desk(gate, size=(36, 9)) as desk:
            await desk.read_all()
            await desk.press("a")
            assert "the window is too small" in desk.text
            assert desk.app.screen is desk.screen


async def test_a_window_that_changes_size_under_the_dialog_goes_back(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold()
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press("a")
            await desk.pilot.resize_terminal(60, 20)
            await desk.until(lambda: desk.app.screen is desk.screen)
            assert desk.app.is_running


async def test_keys_queued_for_a_dialog_that_was_left_do_nothing(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(tier=Tier.LOW)
        async with a_desk(gate) as desk:
            await desk.read_all()
            await desk.press("a")
            dialog = desk.app.screen
            for key in ("y", desk.detail.letters, "q"):
                dialog.post_message(events.Key(key, key))
            await desk.until(lambda: desk.app.screen is desk.screen)
            await desk.pilot.pause()
            assert desk.app.is_running
            assert desk.app.screen is desk.screen
        assert await nothing_decided(gate)


async def test_S124_the_right_letter_before_the_dialog_was_on_the_screen_goes_back(tmp_path: Path) -> None:
    async with a_gate(tmp_path) as gate:
        await gate.hold(tier=Tier.LOW)
        async with a_desk(gate) as desk:
            await desk.read_all()
            letter = desk.detail.letters
            desk.screen.action_approve()
            dialog = desk.app.screen
            assert isinstance(dialog, Approve)
            dialog.post_message(events.Key(letter, letter))
            await desk.until(lambda: desk.app.screen is desk.screen)
        assert await nothing_decided(gate)


async def test_S131_without_colour_risk_is_told_in_words_and_shape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with a_gate(tmp_path) as gate:
        for tier in Tier:
            await gate.hold(tier=tier)
        async with a_desk(gate) as desk:
            assert desk.app.no_color
            for word in ("○ low", "◆ med", "▲ HIGH"):
                assert word in desk.text
            assert desk.text.count("❯") == 1


def test_the_screen_loads_nothing_heavy() -> None:
    heavy = ("mcp", "pydantic", "httpx2", "sqlite3", "starlette", "mcp_gate.gate", "mcp_gate.store")
    code = f"import sys, mcp_gate.faces.tui.app; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert found.stdout.strip() == "[]"


def replace_problem() -> Any:
    from mcp_gate.model.config import Place, Problem

    return Problem(Place("policies/x.yaml", 1, 1), "unknown key 'desicion'", "did you mean 'decision'?")
