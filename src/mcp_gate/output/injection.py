"""What in a result speaks to the model rather than to its user: characters that nobody sees, and texts that read like
instructions. The first are taken out; of the second it is only told that they are there."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mcp_gate.detect.engine import Engine, Group, TooMany, hyperscan_engine
from mcp_gate.detect.finding import Leaf
from mcp_gate.model.foreign import JsonObject
from mcp_gate.model.output import Detail
from mcp_gate.output.edits import Edit, Put, Rename, edited
from mcp_gate.output.fields import field_of
from mcp_gate.output.redact import with_twins
from mcp_gate.output.walked import Part, Trail, Walked

if TYPE_CHECKING:
    import re2

NOTHING: Final[Mapping[Trail, str]] = MappingProxyType({})
_FLAG: Final = "\U0001f3f4[\U000e0030-\U000e007a]{1,8}\U000e007f"
"""A flag of a region: the one use of tags that somebody sees."""
_HIDDEN: Final = re.compile(
    f"(?P<flag>{_FLAG})|[\U000e0000-\U000e007f]|[\U000e0100-\U000e01ef]{{2,}}|[\u200b-\u200f\u2060-\u2064\ufeff]{{3,}}"
)
"""Tags, and runs of variation selectors or of characters without width: no script needs them, and they carry texts."""
_WIDTHLESS: Final = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]+")
_CHARACTER: Final = re.compile(r"&#(?:0{0,32}([0-9]{1,7})|[xX]0{0,32}([0-9A-Fa-f]{1,6}));?")
SHORTEST: Final = 20
"""Characters of a text that can tell somebody what to do."""
AROUND: Final = 160
MOST: Final = 64
"""Places of one text that are looked at closely."""
_ANCHORS: Final = (
    "instruction|prompt|guideline|directi|the user|the human|you are now|you are no longer|from now on|act as"
    "|the assistant|ai assistant|jailbreak|\\[/?inst\\]|<<sys|im_start|</?system|system:|ai agent|dear ai"
    "|language model|forget everything|forget all|safety rule|your rules|new task|your new goal|your real goal"
    "|using this tool|instrucc|instruç|istruzion|anweisung|инструкци|指令"
)
MANY: Final = 10_000
"""Anchors in all texts, above which each text is gone through by itself, as far as `MOST`."""
_FORGET: Final = r"(?:ignore|disregard|forget|override|bypass|do not follow|don't follow)\b.{0,40}"
_EARLIER: Final = r"\b(?:previous|prior|above|earlier|preceding|your|all|any|these|original|existing|system)\b.{0,30}"
_WORDS: Final = r"\b(?:instruction|prompt|guideline|directive|rule|direction)s?\b"
_ELSEWHERE: Final = r"(?:pr[ée]c[ée]dent|ant[ée]rieur|anterior|vorherig|bisherig|obig|предыдущ|прошл)"
_ACTS: Final = r"(?:call|use|invoke|run|execute|send|forward|upload|delete|transfer|e?mail|post|exfiltrate|reveal|copy)"
_TOLD: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        _FORGET + _EARLIER + _WORDS,
        r"\bforget (?:everything|all) (?:above|before|else|you|that|i)\b",
        r"\b(?:ignor\w{0,5}|oublie[zr]?|vergiss|olvida\w{0,2}|dimentica\w{0,2}|игнорируй\w{0,2}|забудь\w{0,2})\b.{0,40}"
        + _ELSEWHERE,
        r"(?:忽略|无视|忘记).{0,8}(?:之前|以上|先前|所有).{0,8}指令",
        r"\b(?:new|important|urgent|hidden|secret|updated|real) (?:instruction|directive)s?\b.{0,20}"
        r"\b(?:ai|assistant|agent|model|llm|chatbot|you)\b",
        r"\bnew (?:instructions?|task|goal)s? ?: ?.{0,40}\b" + _ACTS + r"\b",
        r"\byour (?:new|real) (?:task|goal|objective) is\b",
        r"\byou are no longer (?:bound|restricted|limited|an? (?:ai|assistant))\b",
        r"\b(?:you are now|from now on,? you)\b.{0,40}\b(?:ai|assistant|agent|model|mode|must|will|dan|unrestricted)\b",
        r"\bact as (?:an? |the )?(?:unrestricted|jailbroken|admin|root|system|developer|different|dan\b)",
        r"\b(?:ignore|disregard) (?:what )?(?:the user|the human|the operator)\b",
        r"\b(?:do not|don't|never|without) (?:tell|inform|mention|alert|notify|ask|show|reveal|telling|informing"
        r"|mentioning|asking|alerting|notifying)\w*\b[^.!?]{0,24}\b(?:the user|the human|the operator|the reviewer)\b",
        r"\b(?:reveal|print|repeat|output|leak|send|show)\b.{0,24}"
        r"\b(?:system prompt|(?:your|initial|hidden) instructions)\b",
        r"<\|?im_start|\[/?inst\]|<</?sys>>|</?system(?:[-_ ]?(?:prompt|message|instruction)s?)?>",
        r"^\s*system: ?(?:you|your|ignore|new|from now|do not|always|never|override|urgent|important|the ai"
        r"|the assistant)\b",
        r"\b(?:the )?(?:ai |llm )?(?:assistant|agent|model)s?\b,?:? (?:reading this,? )?(?:you )?"
        r"(?:must|should|has to|have to|please)\b.{0,40}\b" + _ACTS + r"\b",
        r"\bdear (?:ai|assistant|language model)\b",
        r"\b(?:before|when|after) using this tool\b.{0,60}"
        r"(?:\.ssh|id_rsa|\.env\b|mcp\.json|credential|password|secret|api[_ ]?key|system prompt|conversation)",
        r"\bjailbreak",
    )
)
"""Where whitespace is single spaces."""


def without_hidden(
    payload: JsonObject, walked: Walked, private: Mapping[Trail, str] = NOTHING
) -> tuple[JsonObject, list[Detail]]:
    """A copy without characters that nobody sees, and how many there were in each place.

    Args:
        private: as `renamed` of `field_of`.

    Raises:
        Clash: two keys would become one.
    """
    edits: list[tuple[Trail, Edit]] = []
    details = []
    for leaf, trail, part in zip(walked.leaves, walked.trails, walked.parts, strict=True):
        if leaf.text.isascii() or _HIDDEN.search(leaf.text) is None:
            continue
        left = _HIDDEN.sub(_seen, leaf.text)
        count = len(leaf.text) - len(left)
        if count:
            edits.append((trail, Rename(left) if part is Part.KEY else Put(left)))
            renamed = {trail: left, **private} if part is Part.KEY else private
            details.append(Detail(field_of(trail, renamed), "Nobody sees them", f"hidden characters removed: {count}"))
    if not edits:
        return payload, []
    return with_twins(edited(payload, edits), payload, walked), details


def _seen(match: re.Match[str]) -> str:
    return match["flag"] or ""


def suspicious(walked: Walked, private: Mapping[Trail, str] = NOTHING) -> list[str]:
    """The fields whose texts read like instructions to a model.

    Args:
        private: as `renamed` of `field_of`.
    """
    return list(dict.fromkeys(field_of(walked.trails[at], private) for at in _speaking(walked.leaves)))


def _speaking(leaves: Sequence[Leaf]) -> Iterator[int]:
    long = [at for at, leaf in enumerate(leaves) if len(leaf.text) >= SHORTEST]
    for at in _anchored(leaves, long):
        if any(told.search(said) for said in _closely(leaves[at].text) for told in _TOLD):
            yield at


def _anchored(leaves: Sequence[Leaf], long: Sequence[int]) -> Sequence[int]:
    """Those of the long texts in which an anchor may stand."""
    texts = [_plain(leaves[at].text) for at in long]
    try:
        ends = _all_anchors()("\n".join(texts).encode("utf-8", "surrogatepass"), MANY).get(0)
    except (ImportError, TooMany):
        return long
    if not ends:
        return ()
    stops = list(accumulate(len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts))
    return [long[which] for which in dict.fromkeys(bisect_left(stops, end) for end in ends)]


def _plain(text: str) -> str:
    """As a model reads it: letters of other widths, no hidden ones between them, characters of HTML."""
    if "&#" in text:
        text = _CHARACTER.sub(_character, text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return _WIDTHLESS.sub("", text) if any(char in text for char in "\u00ad\u200b\u200c\u200d\u2060\ufeff") else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1]) if match[1] else int(match[2], 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _closely(text: str) -> Iterator[str]:
    """The surroundings of words that instructions hardly do without, as a model reads them."""
    data = _plain(text).encode("utf-8", "surrogatepass")
    past = count = 0
    for match in _anchors().finditer(data):
        if match.end() <= past:
            continue
        if (count := count + 1) > MOST:
            return
        past = match.end() + AROUND
        around = data[max(0, match.start() - AROUND) : past].decode("utf-8", "ignore")
        yield " ".join(around.replace("\u2019", "'").split())


@cache
def _anchors() -> re2._Regexp[Any]:
    import re2

    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1
    return re2.compile(_ANCHORS.encode(), options)


@cache
def _all_anchors() -> Engine:
    """Raises: ImportError: there is no hyperscan."""
    return hyperscan_engine([Group(tuple((0, f"(?i:{anchor})") for anchor in _ANCHORS.split("|")))])
