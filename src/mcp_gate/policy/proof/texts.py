"""One text, as far as patterns can tell it from others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mcp_gate.policy.proof.cnf import TRUE, Cnf, Literal, Model, Variables
from mcp_gate.policy.proof.patterns import MOST_STATES, Explodes, Mark, Pattern, Test, Words, classes

ANYTHING: Final = "x"
"""A text of which nothing is asked."""


class Texts:
    """Which tests one text passes."""

    def __init__(
        self, cnf: Cnf, words: Words, usual: str = ANYTHING, *, most: int = MOST_STATES, loose: bool = False
    ) -> None:
        """
        Args:
            usual: the example where nothing is asked of the text.
            most: states that its patterns may need.
            loose: where they need more, any tests are taken to go together: more than there is, never less.
        """
        self._cnf, self._words, self._usual, self._most, self._loose = cnf, words, usual, most, loose
        self._tests: Variables[Test] = Variables(cnf)
        self._examples: list[tuple[Literal, str]] = []

    def passes(self, patterns: Iterable[Pattern]) -> Literal:
        """Whether the text matches any of these patterns."""
        test = frozenset(patterns)
        return TRUE if (Mark.RUN,) in test else self._tests[test]

    def close(self) -> None:
        """Say which tests go together, once every test was asked for.

        Raises:
            Explodes: the patterns need too many states.
        """
        if not self._tests:
            return
        try:
            found = classes(list(self._tests), self._words, self._most)
        except Explodes:
            if not self._loose:
                raise
            return
        self._examples = [(self._cnf.new(), example) for example in found.values()]
        self._cnf.exactly_one([kind for kind, _ in self._examples])
        passing: list[list[Literal]] = [[] for _ in self._tests]
        for (kind, _), passed in zip(self._examples, found, strict=True):
            for number in passed:
                passing[number].append(kind)
        for passes, kinds in zip(self._tests.values(), passing, strict=True):
            self._cnf.equal_to_any(passes, kinds)

    def shortest(self, most: int) -> list[str]:
        """Examples of other kinds of texts."""
        return [example for _, example in self._examples[:most]]

    def example(self, model: Model) -> str:
        """A shortest text that passes the tests that the model's text does."""
        return next((example for kind, example in self._examples if model[kind]), self._usual)
