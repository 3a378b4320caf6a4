"""Numbers whose shape or checksum says what they are: cards, social security numbers, telephones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect import checks
from mcp_gate.detect.finding import Finding

#: What a match begins with stands first, so that `re` runs to it; what may stand before it is asked then.
_SHAPES: Final = re.compile(
    r"""[\d(+](?:(?<![\w.@-].)|(?<=\.com.)|(?<=\.org.)|(?<=\.net.))(?:
    (?P<card>(?<=\d)(?:\d{3}([ -])\d{4}\2\d{4}\2\d{4}(?:\2\d{1,3})?|\d{3}([ -])\d{6}\3\d{4,5}|\d{12,18}))
    |(?P<spaced>(?<=\d)(?:[ -]\d){12,18})
    |(?P<ssn>(?<=\d)(?:\d{2}-\d{2}-\d{4}|[ ]?\d[ ]?\d[ ]?-[ ]?\d[ ]?\d[ ]?-[ ]?\d[ ]?\d[ ]?\d[ ]?\d))
    |(?P<abroad>(?<=\+)\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{1,4}){1,5})
    |(?P<cpf>(?<=\d)\d{2}\.\d{3}\.\d{3}-\d{2})
    |(?P<phone>(?:(?<=\()|(?<=1)[-. ]\()\d{3}\)[ ]?\d{3}[-. ]\d{4}
        |(?:(?<=[2-9])|(?<=1)[-. ][2-9])\d{2}(?P<sep>[-. ])[2-9]\d{2}(?P=sep)\d{4})
    )(?![\w-])(?!\.\d)""",
    re.VERBOSE,
)
_NO_DIGIT: Final = re.compile(r"\D+")


def find(text: str, start: int, end: int) -> Iterator[Finding]:
    """Numbers in a stretch of a text."""
    for found in _SHAPES.finditer(text, start, end):
        kind = found.lastgroup if found.lastgroup != "sep" else "phone"
        digits = _NO_DIGIT.sub("", found[0])
        if kind in ("card", "spaced"):
            if checks.card(digits, text, found.start()) and checks.card_issuer(digits):
                yield Finding(found.start(), found.end(), "CREDIT_CARD", 1.0, "card")
        elif kind == "ssn":
            if checks.ssn(digits) and digits[0] != "9":
                yield Finding(found.start(), found.end(), "US_SSN", 0.9, "us_ssn")
        elif kind == "cpf":
            if checks.cpf(digits):
                yield Finding(found.start(), found.end(), "NATIONAL_ID", 0.95, "br_cpf")
        elif kind == "abroad":
            if 8 <= len(digits) <= 15:
                yield Finding(found.start(), found.end(), "PHONE_NUMBER", 0.8, "phone_international")
        else:
            yield Finding(found.start(), found.end(), "PHONE_NUMBER", 0.7, "phone_national")
