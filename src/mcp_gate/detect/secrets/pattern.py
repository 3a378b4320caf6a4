"""Patterns over bytes that take time in proportion to what they read, whatever that is (RE2)."""

from __future__ import annotations

from typing import Any

import re2


def one_byte(*, any_case: bool = False) -> Any:
    """Options under which one byte is one character."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = not any_case
    options.log_errors = False
    return options


def compiled(pattern: bytes, *, any_case: bool = False) -> Any:
    """A pattern whose matches count bytes."""
    return re2.compile(pattern, one_byte(any_case=any_case))
