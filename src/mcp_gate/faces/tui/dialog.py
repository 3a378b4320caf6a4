"""A screen on top of the desk that answers once."""

from __future__ import annotations

from typing import TypeVar

from textual.screen import ModalScreen

T = TypeVar("T")


class Dialog(ModalScreen[T]):
    """Closed by `leave` alone.

    Textual's `dismiss` calls back and takes away whatever screen is on top each time it is called; keys that are still
    queued for a dialog that was left would give a second answer.
    """

    def __init__(self, *, classes: str = "") -> None:
        super().__init__(classes=classes)
        self.left = False
        """Whether the answer was given: whatever comes after that is too late."""

    def leave(self, answer: T) -> None:
        """Give the answer and close; the second time it does nothing."""
        if not self.left and self.is_active:
            self.left = True
            self.dismiss(answer)
