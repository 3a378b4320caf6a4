"""Whether a text in a configuration is probably a secret itself, where a variable should stand."""

from __future__ import annotations

import re
from typing import Final

NAME: Final = re.compile(
    r"(^|[_-])(token|secret|password|passwd|pwd|credentials?|authorization|cookie"
    r"|(api|access|private|secret|auth)[_-]?key|key[_-]?secret)$",
    re.IGNORECASE,
)
"""Ends of names whose values are secrets."""
VALUE: Final = re.compile(
    r"\b(sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abposr]-[\w-]{10,}"
    r"|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|npm_[A-Za-z0-9]{30,}|eyJ[\w-]{8,}\.eyJ[\w-]{8,})"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"
)
"""Forms that say by themselves what they are."""
OPTION: Final = re.compile(r"--?([A-Za-z0-9_-]+)=(.+)", re.DOTALL)
ELSEWHERE: Final = re.compile(r"[~.]{0,2}/|-")
"""How a value begins that names a file, or is the next option."""


def is_secret(name: str, value: str) -> bool:
    """A guess, for a warning.

    Args:
        name: of the variable, header or option whose value it is; empty where it has none.
        value: what stands in the file, without variables.
    """
    option = OPTION.fullmatch(value)
    if option is not None:
        name, value = option.groups()
    named = bool(NAME.search(name.lstrip("-"))) and bool(value) and ELSEWHERE.match(value) is None
    return named or VALUE.search(value) is not None
