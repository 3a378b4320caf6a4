"""The keys that say something to the gate about the one request that is shown, or, to deny them, about several."""

from __future__ import annotations

import time
from functools import partial

from mcp_gate.faces.tui import decision, secret
from mcp_gate.faces.tui.approve import SMALLEST, Approve
from mcp_gate.faces.tui.base import Base
from mcp_gate.faces.tui.choose import Choose
from mcp_gate.faces.tui.decision import Word
from mcp_gate.faces.tui.deny import Deny, Said
from mcp_gate.faces.tui.desk import Live
from mcp_gate.faces.tui.detail import Detail
from mcp_gate.faces.tui.editor import Editor
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.kinds import KINDS, Kind, kind_of
from mcp_gate.faces.tui.lines import foreign
from mcp_gate.faces.tui.more_time import choices
from mcp_gate.faces.tui.words import NAME
from mcp_gate.model.decision import Tier
from mcp_gate.model.foreign import JsonObject


class Deciding(Base):
    """Every rule about deciding is the gate's; what stands here only spares the reviewer a refusal, or a slip."""

    def decidable(self) -> tuple[Held, Kind] | None:
        """What is shown, if a word on it could count; else a sentence says why not."""
        held = self.detail.held
        kind = kind_of(held.kind) if held is not None else None
        why = self._why_not(held, kind)
        if why or held is None or kind is None:
            self.say(why)
            return None
        return held, kind

    def _why_not(self, held: Held | None, kind: Kind | None) -> str:
        if held is None:
            return "nothing is held" if not self.desk.requests else "it is still being read"
        if held.id != self.queue.current:
            return "the call under the cursor is not on the screen yet"
        if not isinstance(self.desk.link, Live):
            return "no connection to the gate: nothing can be decided"
        if not held.open:
            return "this call is no longer open"
        if held.id in self.sending:
            return "the gate has not answered the last word on this call yet"
        return "" if kind is not None else "this screen does not know this kind of request, and decides nothing on it"

    # ---- without a second step

    def action_claim(self) -> None:
        found = self.decidable()
        if found is not None:
            held = found[0]
            (self.claims.discard if held.claimed_by == self.desk.me else self.claims.add)(held.id)
            self.post_words([decision.claim(held, self.desk.me)])

    def action_uncover(self) -> None:
        found = self.decidable()
        if found is None:
            return
        if not found[0].covered:
            self.say("nothing is covered here")
        else:
            self.post_words([decision.uncovering(found[0], self.desk.me)])

    def action_extend(self) -> None:
        found = self.decidable()
        if found is None:
            return
        held, known = found[0], choices(found[0])
        if not known:
            self.say("it has twice the time first given already; there is no more")
            return
        title = (("More time for ", ""), *foreign(held.id, "bold", longest=NAME), ("?", ""))

        def chosen(at: int | None) -> None:
            if at is not None:
                self.post_words([decision.extension(held, self.desk.me, known[at][0])])

        self.app.push_screen(Choose(title, [((text, ""),) for _, text in known]), chosen)

    def action_send_on(self) -> None:
        found = self.decidable()
        if found is None:
            return
        held, kind = found
        to = held.escalate_to
        if not kind.holds or not to:
            self.say("it was sent on once already" if held.escalated_from else "only held calls are sent on")
            return
        title = (("Send ", ""), *foreign(held.id, "bold", longest=NAME), (" on?", ""))
        answer = ((("to ", ""), *foreign(to, "bold", longest=NAME), ("; then only that group decides on it", "")),)

        def chosen(at: int | None) -> None:
            if at is not None:
                self.post_words([decision.escalation(held, self.desk.me)])

        self.app.push_screen(Choose(title, list(answer)), chosen)

    # ---- letting pass: one at a time

    def action_approve(self) -> None:
        found = self.decidable()
        if found is None:
            return
        held, kind = found
        if held.covered:
            self.say("some of it is covered; uncover it first (r), which is recorded")
            return
        self._let_pass(held, kind, kind.yes)

    def _let_pass(self, held: Held, kind: Kind, yes: str) -> None:
        detail = self.detail
        why = self._why_not_pass(held, detail)
        if why:
            self.say(why)
            self.nagged = not detail.is_read
            return
        word = decision.pass_word(held, self.desk.me, detail.nonce, time.time(), yes)
        if detail.coded:
            detail.action_last()  # the code is read beside the dialog
        low = detail.coded and detail.code_row < self.app.size.height // 2
        dialog = Approve(word, detail.letters, kind, coded=detail.coded, low=low)
        self.app.push_screen(dialog, partial(self._passed, word))

    def _why_not_pass(self, held: Held, detail: Detail) -> str:
        if held.too_large:
            return "over 256 KiB: what cannot be read cannot be approved; deny it (d)"
        if held.unreadable:
            return "over 1 MiB: what cannot be read is not let pass from here; drop it (d)"
        if held.claimed_by not in ("", self.desk.me):
            return "somebody else has claimed it"
        if not detail.display:
            return "open it first (enter)"
        if not detail.is_read:
            unseen = detail.unseen
            detail.to_unseen()
            return f"{unseen} lines are unread; read on to the end (space), then a"
        if not detail.is_whole_read:
            return "some of the arguments are left out here; read all of them first (v)"
        if self.app.size.width < SMALLEST.width or self.app.size.height < SMALLEST.height:
            return f"the window is too small to approve in: {SMALLEST.width} x {SMALLEST.height} at least"
        return ""

    def _passed(self, word: Word, typed: bool | None) -> None:
        detail = self.detail
        if typed is not True:
            detail.new_code()
            return
        if detail.held is None or detail.held.bound != word.held.bound:
            self.say("the call on the screen is another one now; nothing was sent")
            return
        self.post_words([word])

    def action_edit(self) -> None:
        found = self.decidable()
        if found is None:
            return
        held, kind = found
        if kind.also == "redact":
            self._let_pass(held, kind, kind.also)
            return
        if kind.also != "edit":
            self.say("only held calls are changed")
            return
        why = self._why_not_pass(held, self.detail)
        if held.covered:
            why = "some of it is covered; uncover it first (r), which is recorded"
        if why:
            self.say(why)
            return
        self.app.push_screen(Editor(held), partial(self._edited, held, kind))

    def _edited(self, held: Held, kind: Kind, arguments: JsonObject | None) -> None:
        if arguments is None or self.detail.held is None or self.detail.held.bound != held.bound:
            return
        nonce = secret.nonce()
        word = decision.edit(held, self.desk.me, nonce, time.time(), arguments)
        letters = secret.letters(nonce, held.job_hash, Tier.HIGH)
        self.app.push_screen(Approve(word, letters, kind, coded=False), partial(self._passed, word))

    # ---- not letting pass: quick, and several at once

    def action_mark(self) -> None:
        current = self.queue.current
        held = self.desk.requests.get(current) if current is not None else None
        if held is None or held.kind != "gate":
            self.say("only held calls are denied together")
        else:
            self.desk.mark(held.id)
            self.refill()
        self.queue.action_move(1)

    def action_deny(self) -> None:
        marked = [self.desk.requests[id] for id in sorted(self.desk.marked) if id not in self.sending]
        if marked and isinstance(self.desk.link, Live):
            first, *others = marked
            self.app.push_screen(Deny(first, KINDS["gate"], tuple(others)), partial(self._denied, tuple(marked)))
            return
        found = self.decidable()
        if found is not None:
            self.app.push_screen(Deny(*found), partial(self._denied, (found[0],)))

    def _denied(self, about: tuple[Held, ...], said: Said | None) -> None:
        if said is None:
            return
        self.desk.marked.clear()
        me, now = self.desk.me, time.time()
        self.post_words(decision.denial(held, me, secret.nonce(), now, said.word, said.reason) for held in about)
        self.refill()
