"""What is said of firms, brands and makes, and not of somebody who is called like one."""

from __future__ import annotations

import re
from typing import Final


def _any(phrases: str) -> str:
    """A pattern for one of some phrases; `_` stands for a space."""
    return f"(?:{'|'.join(phrases.split()).replace('_', ' ')})"


_PLACES_OF_TRADE: Final = _any("""
    hub stores? offices? branch branches plant warehouse factory restaurants? showroom campus outlets? locations?
    boutique data_cent(?:er|re) subsidiary headquarters
""")
_OFFERED: Final = _any("""
    shares? stock earnings revenues? IPO stores? outlets? boutiques? showrooms? portal website app API SDK
    rollout renewal franchise brand merchandise gift_cards? flagship campus stadium arena tickets package
    packages tour (?:is|are)_on_sale (?:is|are)_trademarks dealership dealer catalog(?:ue)?
""")
_DOES: Final = _any(rf"""
    acquire[sd]? merge[sd]? raised_[$€£] employs_(?:\d|about|over|more|some_\d|nearly) manufactures recalled
    hired_\d+ laid_off hires_\d+ trades_at post(?:s|ed)_(?:a|its|record|strong|weak)
    beat_(?:estimates|expectations|forecasts)
    report(?:s|ed)_(?:[$€£]?\d|revenue|earnings|quarterly|record|strong|weak|a_(?:loss|profit|net))
    announce[sd]_(?:a_(?:recall|merger|layoff|takeover|buyback)|layoffs|that_it) will_(?:buy|acquire|merge)
    (?:open|opened|opens|closed|closes|runs|operates)_(?:an?_|its_|the_|\d+_)?(?:\w+_)?{_PLACES_OF_TRADE}
    (?:called_off|approved|blocked)_the_(?:merger|takeover|acquisition)
    (?:left|joined)_the_(?:consortium|alliance) went_(?:public|bankrupt) filed_for_(?:bankruptcy|chapter)
    is_hiring was_(?:acquired|founded|bought)_(?:by|in) \w+(?:_\w+)?_its raise[sd]_prices told_analysts
    charges_\d has_a_sale upgraded_the_stock
""")
_BEHIND: Final = re.compile(
    rf"(?: {_OFFERED}\b| (?:has |had |have )?{_DOES}\b"
    r"|['’]s (?:shares?|stock|earnings|revenues?|IPO|dividends?|stores)\b"
    r"| \((?:NYSE|NASDAQ|Nasdaq|LSE|ETR|EPA|TSE|HKEX|AMEX|XETRA|OTC)\b|:? [+-]\d+(?:[.,]\d+)? ?%)"
)
_STARTS: Final = frozenset(re.findall(r"(?:\||\(\?:)([A-Za-z]{2})", _OFFERED + _DOES)) | {"ha"}
"""The letters that what firms do and have begins with: most that stands behind names is something else."""
_REACH: Final = 32
_FIRST: Final = frozenset(" '’:")
"""What `_BEHIND` begins with."""
_BEFORE: Final = re.compile(
    r"\b(?:(?:shares|stock|stake) (?:of|in)|acquired by|acquisition of|merger with|subsidiary of|powered by"
    r"|sponsored by|manufactured by|made by|(?:brand|competitor|retailer|supplier|vendor)s? (?:like|such as)) \Z",
    re.IGNORECASE,
)
_LAST: Final = (" of ", " in ", " by ", " with ", " like ", " as ")
"""What `_BEFORE` ends with."""
_SHOP: Final = re.compile(r"['’]s(?=[.,;:!?\"')\]\n]|\Z)")


def is_dealt_with(text: str, start: int, end: int) -> bool:
    """Whether what stands around two words or more is what is said of those who trade."""
    behind = text[end : end + _REACH]
    word = behind[:1] == " " and behind[1:2].isalpha()
    if behind[:1] in _FIRST and (not word or behind[1:3] in _STARTS or " its" in behind) and _BEHIND.match(text, end):
        return True
    if text.endswith(_LAST, max(0, start - 6), start) and _BEFORE.search(text, max(0, start - 32), start):
        return True
    return _SHOP.match(text, end) is not None or _SHOP.search(text, end - 2, end) is not None
