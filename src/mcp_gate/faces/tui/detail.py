"""One request in full, and what of it was read."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message

from mcp_gate.faces.tui import secret
from mcp_gate.faces.tui.held import Held
from mcp_gate.faces.tui.lineview import LineView
from mcp_gate.faces.tui.story import Story, coded, story
from mcp_gate.faces.tui.words import coarse
from mcp_gate.lang.reveal import reveal
from mcp_gate.model.decision import Tier


class Detail(LineView):
    """Shows one request. What counts as read is remembered by what an approval is bound to, not by the place."""

    class Read(Message):
        """The last unread line of the request was on the screen."""

    def __init__(self) -> None:
        super().__init__(can_focus=True)
        self.held: Held | None = None
        self.nonce = ""
        self._story = Story((), True)
        self._read: set[tuple[object, ...]] = set()
        self._read_whole: set[tuple[object, ...]] = set()

    def show_request(self, held: Held | None) -> None:
        """Show a request, from its top if it is another one than before."""
        other = held is None or self.held is None or held.bound != self.held.bound
        self.held = held
        if other:
            self.nonce = secret.nonce()
        self._draw(anew=other)

    def new_code(self) -> None:
        """Make the letters of an abandoned approval worthless."""
        self.nonce = secret.nonce()
        self._draw(anew=False)

    @property
    def letters(self) -> str:
        """What must be typed to approve the request that is shown."""
        return secret.letters(self.nonce, self.held.job_hash, self._tier) if self.held else ""

    @property
    def coded(self) -> bool:
        """Whether the letters are printed under the last line."""
        return self.held is not None and coded(self.held)

    @property
    def _tier(self) -> Tier:
        """By the risk of the call; a call that ran is looked at without any."""
        if self.held is None or self.held.kind in ("sample", "second_review"):
            return Tier.LOW
        return self.held.tier

    @property
    def code_row(self) -> int:
        """Row of the screen on which the code stands when the end is scrolled to."""
        return self.scrollable_content_region.y + min(len(self._lines), self.scrollable_content_region.height) - 1

    @property
    def is_read(self) -> bool:
        """Whether every line has been on the screen."""
        return self.held is not None and self.held.reading in self._read

    @property
    def is_whole_read(self) -> bool:
        """Whether all arguments have been on the screen, here or in the pager."""
        return self.is_read and self.held is not None and (self._story.whole or self.held.reading in self._read_whole)

    def whole_was_read(self, held: Held) -> None:
        """The pager showed all arguments of a request to their end."""
        self._read_whole.add(held.reading)

    def tick(self, now: float) -> None:
        """The time left, on the lower edge, in minutes: a change there draws the whole frame again."""
        text = ""
        if self.held is not None and self.held.open:
            left = self.held.due - now
            text = "due" if left <= 0 else "less than a minute left" if left < 60 else f"{coarse(left)} left"
        if text != (self.border_subtitle or ""):
            self.border_subtitle = Content(text)

    def seen(self) -> None:
        if self.held is not None and self.unseen == 0 and not self.is_read:
            self._read.add(self.held.reading)
            self.post_message(self.Read())

    def _draw(self, *, anew: bool) -> None:
        self.border_title = Content(reveal(self.held.id)) if self.held else Content("")
        self.muted = self.held is not None and not self.held.open
        self._story = story(self.held, self.letters) if self.held else Story((), True)
        self.show_rows(self._story.rows, anew=anew)
