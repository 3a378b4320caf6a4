"""Names of people where words around them say so: titles, greetings, signatures, headers of mail, roles, verbs.

Without such words `names.full` finds names that are known, and `ner` others.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Final, TypeAlias

from mcp_gate.detect.commonwords import COMMON
from mcp_gate.detect.cuewords import ALONE_NOBODY
from mcp_gate.detect.fieldrules import words
from mcp_gate.detect.finding import Finding
from mcp_gate.detect.names import around
from mcp_gate.detect.names.doubt import INNER, is_of_things, is_only_given
from mcp_gate.detect.names.evidence import is_likely, is_made_as_things, is_surname_like, without_plain
from mcp_gate.detect.names.headings import is_under_thing
from mcp_gate.detect.names.lexicon import is_given, is_given_today, is_plain, is_surname
from mcp_gate.detect.names.namesakes import EITHER, NEVER
from mcp_gate.detect.names.things import ends_phrase
from mcp_gate.detect.remembered import remembered
from mcp_gate.detect.values import names_thing

WORD: Final = r"(?:[A-Z]\.|St\.(?= [A-Z])|(?:[DO]['’]|Mc|Mac|al-|El-)?[^\W\d_a-z][^\W\d_]*(?:['’-][^\W\d_]+)*)"
PARTICLE: Final = r"(?:d[eiou]|da|das|dos|del|della|den|der|van|von|vom|zu|la|le|bin|ibn|al|el|ter|ten|y|e|auch|und)"
_PARTICLES: Final = re.compile(PARTICLE)
_NAME: Final = re.compile(rf"{WORD}(?:,? (?:{PARTICLE} ){{0,2}}{WORD}){{0,3}}(?![\w@]|['’-]\w)")
_JSON_FIELD: Final = re.compile(r"[\"'] ?[:=] ?[\"']?$")
_AND: Final = re.compile(rf"(?:,? (?:and|und|et|y|e)|,|;| &|/) ({_NAME.pattern})")
_BEFORE_MAIL: Final = re.compile(
    rf"({WORD}(?:,? (?:{PARTICLE} ){{0,2}}{WORD}){{1,3}})[\"']?(?:,? ?[<(\[](?:mailto:)?|[:;]mailto:)$"
)
_LISTED: Final = re.compile(rf"({WORD}(?: (?:{PARTICLE} ){{0,2}}{WORD}){{1,3}})(?:, |\", ?\"|', ?')$")
_BEFORE_LISTED: Final = (", ", '","', '", "', "','", "', '")
_OPENS: Final = frozenset("<([:")
"""What stands before an address that a name stands before; a colon is that of `mailto:`."""
_BEFORE_VERB: Final = re.compile(rf"({WORD}(?:,? (?:{PARTICLE} ){{0,2}}{WORD}){{1,3}}) $")
_STAMP: Final = re.compile(
    r"\*?[ \t]{1,4}[\[(]?(?:\d{4}-\d\d-\d\d|\d{1,2}:\d\d)$|(?:,|,? \(|,? )(?: ?born|geb\.|geboren|nacid[oa]|nat[oa])$"
    r"|: (?:[a-zA-Z,]{1,10} ){0,4}(?:I|I['’](?:m|ve|ll|d)|[Mm]y|me)[ ,.]$|: ?$| \((?:DOB|MRN|SSN)$"
    r"|, \d{4}-\d\d-\d\d[:)]$|(?:, | \()\d{1,3} (?:sec|min|hour|day|week|month|year)$"
)
"""What follows the name of who changed a line or wrote a message, and of who was born."""
_BEFORE_STAMP: Final = re.compile(rf"(?:^|[\n(*\]>.-] ?)({WORD}(?: (?:{PARTICLE} ){{0,2}}{WORD}){{1,3}})$")
_OF_NAME_ALONE: Final = (_BEFORE_MAIL, _BEFORE_VERB, _LISTED)
"""Before what they end with a name stands alone."""
FULL: Final = rf"({WORD}(?: (?:{PARTICLE} ){{0,2}}{WORD}){{1,3}})"
"""A name of two words or more."""
_NAMED: Final = ("name is ", "name was ", "names are ", "ame ist ")
_CONTRACTED: Final = re.compile(r"['’](?:s|m|re|ll|ve|d|t)$")
_ALONE: Final = re.compile(r"(?<![\w./@#$-])([^\W\d_a-z][^\W\d_]+)(?:['’]s)?\Z")
_CALLED: Final = re.compile(r"(?: [a-z-]+){1,5}[.,!]?$")
"""A verb with what goes with it."""
_NOBLE: Final = re.compile(rf"\b[A-Z][a-zñ]{{1,8}}\.? ({PARTICLE} (?:de[rn]? |la )?)$")
"""Between a title and the rest of a name: `Frau von der Heide`."""
_LOWER: Final = words(
    "gave reached asked supervised rang knows "
    "with by from to of for tenant call called ask tell told met meet user users customer client contact author owner "
    "speaker manager member is was are were suis sono bin soy sou ben ist cc"
) | words(ALONE_NOBODY)
"""After these a name has to be two words at least, or known as a given name: too much else follows them."""
_ALWAYS: Final = words(
    "agent operator technician todo fixme page ping maintainer invite remind nudge notify inform thank add "
    "email message"
)
"""The same, also where a colon or an equals sign stands in between."""
_TIGHT: Final = _LOWER | _ALWAYS
_LOADS: Final = ("from ", "import ")
_NAMES_VALUE: Final = ("name = '", 'name = "')
"""A program gives something a name."""
_TRADING: Final = words(
    "customer client tenant account buyer seller vendor supplier lender borrower payee partner by for from with to"
)
"""Who stands behind these may as well be a firm: a name is believed that lists know."""
_TITLES: Final = words("mr mrs ms miss dr prof herr herrn frau sr sra madame monsieur mme signor signora mx")
_MARKS: Final = ("TODO(", "FIXME(", "XXX(", "HACK(")
_AFTER_OTHERS: Final = re.compile(r"(?i)\b(?:from|at|of|and|the|for|by|with|in|on|&) $")

Place: TypeAlias = tuple[int, int]


def after_cue(text: str, end: int) -> Sequence[Finding]:
    """The name that begins with the letter before `end`."""
    start = end - 1
    match = _NAME.match(text, start) if text[start].isupper() else None
    if match is None or _CONTRACTED.sub("", match[0]).strip(",.'’") in COMMON:
        return ()
    if text[start - 2 : start - 1].islower() and (particles := _NOBLE.search(text, max(0, start - 16), start)):
        return (Finding(particles.start(1), match.end(), "PERSON", 0.7, "person_by_words"),)
    ahead = text[max(0, start - 64) : start]
    if ahead.endswith("@"):
        word = match[0].partition(" ")[0]
        if is_given(word) and word not in EITHER and not goes_on(text, start + len(word)):
            return (Finding(start, start + len(word), "PERSON", 0.6, "person_by_words"),)
        return ()
    cue = _cue(text, match, ahead)
    if cue is None:
        return ()
    name = _behind(text, match, ahead, cue)
    if not name or not _may_follow(name, ahead, cue):
        return ()
    loose = cue in _LOWER and not ahead.endswith(_NAMED) and not ahead.rstrip(" ").endswith((":", "="))
    marked = ahead.endswith(_MARKS) and (is_given(name) or is_surname(name))  # `TODO(Shannon)`
    return _and_others(text, start, name, cue, 2 if (cue in _ALWAYS or loose) and not marked else 1)


def _cue(text: str, match: re.Match[str], ahead: str) -> str | None:
    """The word before a name, in small letters; None where none stands there, or the name is one of a program's."""
    cue = ahead.rstrip(" :,=(\r\n\"'").rsplit(None, 1)
    if not cue:
        return None
    if ('"' in ahead or "'" in ahead) and (_JSON_FIELD.search(ahead) or ahead.endswith(('","', "','"))):
        return None
    if ahead.endswith(('name="', "name='")) or (ahead.endswith(",") and text.startswith(",", match.end())):
        return None  # an attribute, of anything; one column behind another
    if ", " in ahead and " import " in ahead and text.startswith(_LOADS, text.rfind("\n", 0, match.start()) + 1):
        return None  # `from tokens import Comment, Name, Literal`
    return cue[-1].lower().strip("@.([{\"'")


def _behind(text: str, match: re.Match[str], ahead: str, cue: str) -> str:
    """What of the words behind a cue is a name; "": nothing, by the words alone."""
    all_ = match[0]
    if cue != "holder" and not ahead.endswith(": ") and all_.partition(" ")[0].strip(",.'’") in COMMON:
        return ""
    behind = all_.partition(" ")[2] if cue == "holder" or ahead.endswith(": ") else ""
    name = all_ if behind and trimmed(behind) == behind else trimmed(all_)
    parts = _parts(name)
    if parts == 1 and (name.isupper() or INNER.search(name) or ahead.endswith(_NAMES_VALUE)):
        return ""
    if parts == 1 and (is_plain(bare := _CONTRACTED.sub("", name)) or ends_phrase(text, match.start(), bare)):
        return ""  # `Hello World`, `Mr Coffee`
    if parts == 1 and cue not in _TITLES and is_made_as_things(bare) and not (is_given(bare) or is_surname(bare)):
        return ""  # `reporter: Automation`
    if parts > 1:
        name = without_plain(name)
        if cue in _TRADING and not is_likely(name):
            return ""
    if names_thing(all_.split(" ")) if "," not in all_ else any(names_thing(part.split()) for part in all_.split(",")):
        return ""
    return "" if parts == 1 < _parts(all_) and "," not in all_ else name  # `Dear Hiring Manager`


def _may_follow(name: str, ahead: str, cue: str) -> bool:
    """Whether a name is believed behind such a cue, written as it is, with what stands between the two."""
    before = ahead.rstrip()
    if "\n" in ahead[len(before) :] and not before.endswith((":", ",")) and (cue in _TIGHT or not cue.isalpha()):
        return False  # the first row below a column of that name
    labelled = ahead.rstrip(" \r\n\"'").endswith((":", "belongs to"))
    if name.isupper() and not labelled and not all(is_given(part) or is_surname(part) for part in name.split()):
        return False
    return labelled or cue not in ("from", "to", "bcc")


def _and_others(text: str, start: int, name: str, cue: str, least: int) -> Sequence[Finding]:
    """A name that begins there, and those that it is listed with.

    Args:
        least: words that it has to be of, unless it is known as a given name.
    """
    found: list[Finding] = []
    while name and sum(map(len, name.split())) > 2 and (_parts(name) >= least or is_only_given(name)):
        if goes_on(text, start + len(name)):
            break
        if (" " in name or name.endswith(("'s", "’s"))) and is_of_things(text, start, start + len(name)):
            break
        if cue == "name" and is_under_thing(text, start, start + len(name)):
            break  # `from venues where name = 'Sony'`
        if least == 2 and not any(is_surname_like(part) for part in name.split() if len(part) > 2 or is_given(part)):
            break  # `with Credit Suisse`
        found.append(Finding(start, start + len(name), "PERSON", 0.7, "person_by_words"))
        match = _AND.match(text, start + len(name))  # `with Ann Lee and Bob Ray`
        start, name, least = (match.start(1), trimmed(match[1]), 2) if match else (start, "", 2)
    return found


def before_verb(text: str, end: int) -> Iterator[Finding]:
    """Two words or more with capitals before a verb, or a date or a time of day, that ends at `end`."""
    if stamp := _STAMP.search(text, max(0, end - (64 if text[end - 1] in " ,." else 24)), end):
        yield from before(_BEFORE_STAMP, text, stamp.start(), "person_by_time")
        return
    called = _CALLED.search(text, max(0, end - 40), end)
    if called is None:
        return
    verb = called.start()
    _, _, word = text[max(0, verb - 72) : verb].rpartition(" ")[0].rpartition(" ")
    small = word.isascii() and word.islower()
    if (not small or _PARTICLES.fullmatch(word)) and not text.endswith(("'s", "’s"), 0, verb):
        for one in before(_BEFORE_VERB, text, verb + 1, "person_by_verb"):
            if is_likely(text[one.start : one.end]) or around.HUMAN.match(text, verb):
                yield one
    if small or not word[-1:].isalpha():  # the name has one word alone
        yield from _alone(text, verb)


def _alone(text: str, end: int) -> Iterator[Finding]:
    """A known given name that ends here, with `'s` or without."""
    name = _ALONE.search(text, max(0, end - 24), end)
    if name and _is_believed(text, name, end) and not around.USED.search(text, max(0, end - 48), name.start()):
        yield Finding(*name.span(1), "PERSON", 0.65, "person_by_verb")


def _is_believed(text: str, name: re.Match[str], end: int) -> bool:
    """Whether a word is known as a given name, and as nothing else unless what stands behind it is said of people."""
    word = name[1]
    if is_only_given(word):
        return True
    if not is_given_today(word) or word in EITHER or word in NEVER:
        return False
    return around.HUMAN.match(text, name.end(1)) is not None


def before_mail(text: str, start: int) -> Iterator[Finding]:
    """The name before an address in angle brackets or parentheses that begins at `start`."""
    if text[start - 1 : start] in _OPENS:
        yield from before(_BEFORE_MAIL, text, start, "person_by_mail")
    elif text.endswith(_BEFORE_LISTED, max(0, start - 4), start):
        yield from before(_LISTED, text, start, "person_by_mail")


def before(
    pattern: re.Pattern[str], text: str, at: int, rule: str, *, of_any: bool = False, known: Container[Place] = ()
) -> Iterator[Finding]:  # fmt: skip
    """The full name in the first group of a pattern that ends where something else begins.

    Args:
        of_any: it may stand behind `for`, `from` and the like.
        known: where names were found already.
    """
    least = max(0, at - 72)
    if pattern in _OF_NAME_ALONE:
        least += _begin(text[least:at])
    match = pattern.search(text[least:at])
    if match is None:
        return
    name = match[1]
    skipped = 0
    for word in name.split(" "):  # `The Anna Lee`, `Customer Anna Lee`
        if word.strip(",.") not in COMMON and not is_plain(word):
            break
        skipped += len(word) + 1
    name = name[skipped:]
    if not is_whole(name) or without_plain(name) != name:
        return
    if not of_any and _AFTER_OTHERS.search(text, max(0, least + match.start(1) - 6), least + match.start(1)):
        return  # the subject is who stands before: `Anna from Wells Fargo said`
    begin = least + match.start(1) + skipped
    if begin and (text[begin - 1].isalnum() or text[begin - 1] in "_@#/.-"):
        return
    place = begin, begin + len(name)
    if place not in known and not is_of_things(text, *place):
        yield Finding(*place, "PERSON", 0.7, rule)


def _begin(text: str) -> int:
    """Where in a text the first word begins that a name may begin in of which the text is the end."""
    words = text.split(" ")
    first = len(words) - 1
    begin = len(text) - len(words[first])
    while first and (not words[first].islower() or _PARTICLES.fullmatch(words[first])):
        first -= 1
        begin -= len(words[first]) + 1
    return begin


@remembered
def is_whole(name: str) -> bool:
    """Whether it is a first and a last name and nothing else."""
    return _parts(name) > 1 and trimmed(name) == name and not names_thing(name.split(" "))


@remembered
def trimmed(name: str) -> str:
    """A name up to the first word that is none."""
    kept: list[str] = []
    for word in name.split(" "):
        plain = word.strip(",.'’")
        named = kept and _initial(kept[-1]) and len(plain) > 3 and is_surname(plain)  # `Margaret Q. Paris`
        if (plain in COMMON and not named) or (plain.isupper() and len(plain) > 3 and kept and not kept[-1].isupper()):
            break
        kept.append(word)
    return " ".join(kept).rstrip(",.' ") if kept and not _initial(kept[-1]) else " ".join(kept).rstrip(", ")


def _initial(word: str) -> bool:
    return len(word) == 2 and word[1] == "."


def _parts(name: str) -> int:
    return len(name.split())


def goes_on(text: str, end: int) -> bool:
    """Whether what looked like a name is part of something longer: a call, a path, an identifier."""
    return text[end : end + 1] in ("_", "(", "/", "\\", "@") or text[end : end + 2] in ("::", "->", "=>")
