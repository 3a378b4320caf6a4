"""Numbers and dates that only the words before them make personal: `passport`, `born on`, `account number`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from mcp_gate.detect import checks
from mcp_gate.detect.engine import Fired
from mcp_gate.detect.finding import Finding, made
from mcp_gate.detect.numbers import is_counted
from mcp_gate.detect.triggers import Kind
from mcp_gate.detect.values import DATE
from mcp_gate.detect.windows import Covered


class _Cue(NamedTuple):
    entity: str
    reach: int
    """How many characters behind the word the value may begin."""
    shape: re.Pattern[str]
    digits: tuple[int, int]
    score: float = 0.75


_ID: Final = r"(?:[A-Z]{1,5}[ -]?)?\d[A-Z0-9]*(?:[ -][A-Z0-9]*\d[A-Z0-9]*){0,5}(?:-[A-Z]{1,3}(?![\w]))?"
_DOTTED_ID: Final = r"(?:[A-Z]{1,6}[ .-]?)?\d[A-Z0-9]*(?:[ ./-][A-Z0-9]*\d[A-Z0-9]*){0,7}(?:[ -]?[A-Z]{1,2}(?![\w]))?"
_WRAP: Final = r"[ ./-]?(?:\r?\n[ \t]{0,8})?"
"""Between parts of a number, which may go on in the next line."""
_GROUPS: Final = r"\d{4}(?:[\s_./|\u00b7-]{1,4}\d{4}){3}(?!\d)|\d(?:[\s_./|\u00b7-]\d){14,15}(?![\s_./-]?\d)"
_SSN: Final = rf"\d{{3}}{_WRAP}\d{{2}}{_WRAP}\d{{4}}|\d{{3}}[ -]\d{{3}}[ -]\d{{3}}|\d(?: \d){{8}}(?! ?\d)"
_CUES: Final[dict[Kind, _Cue]] = {
    Kind.CUE_PHONE: _Cue(
        "PHONE_NUMBER",
        44,
        re.compile(
            r"(?:\+|00)?\(?\+?\d(?:[ ()./-]{0,2}\d){6,16}(?: ?(?:x|"
            r"ext\.?) ?\d{1,6})?"
        ),
        (7, 15),
        0.7,  # `passport number 925076473`: of two words that lead to one number the other says more
    ),
    Kind.CUE_SSN: _Cue("US_SSN", 36, re.compile(_SSN), (9, 9)),
    Kind.CUE_BIRTH: _Cue("DATE_OF_BIRTH", 36, re.compile(DATE), (3, 8)),
    Kind.CUE_PASSPORT: _Cue("PASSPORT", 48, re.compile(rf"[A-Z]{{1,2}}[A-Z0-9]{{6,8}}(?!\w)|{_ID}"), (1, 12)),
    Kind.CUE_LICENSE: _Cue("DRIVER_LICENSE", 48, re.compile(rf"[a-z]\d{{5,14}}|{_ID}"), (5, 18)),
    Kind.CUE_MEDICAL: _Cue("MEDICAL_RECORD", 40, re.compile(_ID), (4, 14)),
    Kind.CUE_BANK: _Cue("BANK_ACCOUNT", 40, re.compile(r"\d(?:[ -]?\d){5,19}"), (6, 20)),
    Kind.CUE_NATIONAL: _Cue("NATIONAL_ID", 48, re.compile(_DOTTED_ID), (5, 16)),
    Kind.CUE_CARD: _Cue("CREDIT_CARD", 48, re.compile(rf"\d(?:[ -]?\d){{11,18}}|{_GROUPS}"), (12, 19)),
}
_BY_NUMBER: Final = tuple(
    (int(kind), cue, f"near_{kind.name.removeprefix('CUE_').lower()}") for kind, cue in _CUES.items()
)
_PHONE: Final = int(Kind.CUE_PHONE)
_MEDICAL: Final = int(Kind.CUE_MEDICAL)
_LABELLED: Final = re.compile(r"(?<![\w.-])((?:[A-Z]{1,3}-?)?\d{5,12}) \((?:MRN|mrn)\Z")
"""What its label stands behind."""
_DIGIT: Final = re.compile(r"\d")
_BLANK: Final = (" ", "\n")
_MONTH: Final = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? $")
_NOT_ID: Final = re.compile(
    r"(?:ORD|PO|INV|SO|REF|RMA|TKT|SKU|#)[-#]?\d|(?:19|20)\d\d-\d\d-\d\d(?!\d)|0\.\d{5}|\d\d?([./])\d\d?\1(?:19|20)\d\d(?!\d|\.\d)|(?:v?\d{1,3}\.\d{1,2}\.\d+|v?\d+\.\d+\.\d+\.\d+)(?![\d.-])"
)
_LOOSE: Final = re.compile(
    r"(?i)(?:call|calling|called|calls|text|texted|contact|office|desk|messages?|numbers?|num.ro|n.mero|ring|rang|reach"
    r"|cell|social)$"
)
_OF_THINGS: Final = re.compile(
    r"(?i)\b(?:order|customer|client|contract|policy|member|employee|student|asset|article|registration|serial|part|invoice|tracking|batch|model|build|ticket|case|ref(?:erence)?|version|item|product|lot|row|"
    r"line|page|transaction|matricul[ae]|matricola|empleado|pedido|commande|facture|factura|fattura|ordine|contrato|contrat|"
    r"contratto|auftrags?|bestell|rechnungs?|kunden|vertrags?|personal|artikel|dossier|expediente|pratica|zaak|"
    r"confirmation|booking|sku|sample|issue|job|run|process|port|error|record|id)[\"' _#.:-]*\Z"
)
"""Words that, just before a number or just before the word `number`, say that it is none of a person."""
_NUMBERED: Final = frozenset({"NATIONAL_ID", "BANK_ACCOUNT", "MEDICAL_RECORD", "PASSPORT", "DRIVER_LICENSE"})
_OF_OTHERS: Final = re.compile(
    r"(?i)\b(?:order|customer|client|contract|ticket|case|invoice|reference|tracking|serial|part|booking|claim|job|build)"
    r" (?:number|no\.?|id|nr\.?)(?: is)?[ :#]*\Z"
)
"""A label of its own before a number, behind the word that led here."""
_ID_LABEL: Final = re.compile(r"(?i)\b(?:id|identification|identity)[ _-]?(?:number|no|card|code)\Z")
_OF_STAFF: Final = re.compile(
    r"(?i)\b(?:staff|employees?|personnel|workers?|badge|payroll|students?|members?|customers?|clients?|devices?|assets?|orders?"
    r"|cases?|tickets?|users?|vehicles?|products?|articles?|items?|warehouses?|suppliers?|vendors?|batch|jobs?"
    r"|transactions?|contracts?|policy)[ _-]\Z"
)
"""Before `id number` and the like: whose or what number it is, none that a state gave out."""
_FEW: Final = 7
"""Digits of a passport with no letters: most have more."""
_OTHER: Final = re.compile(
    r"(?i)(?<![^\W\d_])(?!(?:passports?|number|nummer|no|nr|num|id|is|was|ist|the|of|my|his|her|their|value)(?![^\W\d_]))[^\W\d_]{2,}"
)
"""A word between a passport and a number that makes it the number of something else."""
_CLAUSE: Final = re.compile(r"[;?!]|\bids?\b", re.IGNORECASE)
"""Between a word and a number that it does not speak of."""
_COUNTED: Final = re.compile(r"(?i) of \w")
_OTHER_DAY: Final = re.compile(
    r"(?i)\b(?:released|updated|created|issued|expir\w+|valid|admitted|seen|due|joined|hired|visit(?:ed)?|until|effective|"
    r"deployed|recorded|scanned|filed|since|signed)(?: (?:on|at|in|from))?[ :=]*\Z"
)
"""What stands before a day that is not the one of somebody's birth."""
_DRIVES: Final = re.compile(r"(?i)driv|operator|\b(?:my|your|his|her|their)[ _-]licen")
_LICENSE: Final = re.compile(r"[A-Z]{1,2}\d{6,14}|[A-Z]\d{3}-\d{4}-\d{4}|[A-Z]{5}\d{6}[A-Z]{2}\d[A-Z]{2}")
"""Numbers that are of a license to drive, whatever is said of them."""
_OF_STATE: Final = re.compile(r" ?\([A-Z]{2}\)|,? (?:class [A-DM]\b|DMV\b|plate\b|vehicle\b)")
"""Behind a license: who gave it out, or for what."""
_BEFORE_WORD: Final = re.compile(
    r"(?<![\w.-])((?:\+|00)?\(?\d(?:[ ()./-]{0,2}\d){6,14}(?:x\d{1,6})?)(?:, | ?\( ?| ?- ?| )"
    r"(?i:office|fax|mobile|cell|desk|landline|telephone|phone|tel)$"
)
_SENTENCE: Final = re.compile(r"(?<![Nn]o)(?<![Nn]r)(?<![Nn]um)[.!]\s+(?:[A-Z]|$)|\n\s*\n|[{}\[\]]")


def find(text: str, ends: Fired, known: Covered | None = None) -> Iterator[Finding]:
    """The first thing with digits behind each word, where it has the shape that the word promises.

    Args:
        known: what has been found already: it is not looked at again.
    """
    is_known = None if known is None else known.has
    for end in ends.get(_PHONE, ()):
        if _DIGIT.search(text, max(0, end - 14), end) and (match := _BEFORE_WORD.search(text, max(0, end - 40), end)):
            yield Finding(match.start(1), match.end(1), "PHONE_NUMBER", 0.7, "before_phone")
    for end in ends.get(_MEDICAL, ()):
        if text.startswith(")", end) and (match := _LABELLED.search(text, max(0, end - 24), end)):
            yield Finding(*match.span(1), "MEDICAL_RECORD", 0.75, "near_medical")
    for kind, cue, rule in _BY_NUMBER:
        if kind not in ends:
            continue
        last, furthest = -1, len(text) - cue.digits[0]
        for end in ends[kind]:
            if end > furthest:  # too little follows
                break
            if not (digit := _DIGIT.search(text, end, end + cue.reach)):
                continue
            at = digit.start()
            if is_known is not None and is_known(at + 1):
                continue
            start = _begin(text, at, end, "+-(" if kind == _PHONE else "-")
            if start != last and (match := cue.shape.match(text, start)) and _fits(text, match, end, cue):
                last = start
                yield made((start, match.end(), cue.entity, cue.score, rule, False))


def _begin(text: str, digit: int, least: int, signs: str) -> int:
    """Where the word with this digit begins, with such signs; for dates with the month before."""
    start = digit
    while start > least and (text[start - 1].isalnum() or text[start - 1] in signs):
        start -= 1
    while text[start] == "-":
        start += 1
    if text[start - 1 : start] in _BLANK and (month := _MONTH.search(text, max(least, start - 12), start)):
        return month.start()
    return start


def _goes_on(text: str, end: int) -> bool:
    """Whether what looked like a value is part of something longer."""
    behind = text[end : end + 1]
    return (
        behind.isalnum()
        or behind in ("_", "@")
        or (behind == "-" and text[end + 1 : end + 2].isalpha())
        or (behind == "." and text[end + 1 : end + 2].isdigit())
    )


def _fits(text: str, match: re.Match[str], end: int, cue: _Cue) -> bool:
    value = match[0]
    if _goes_on(text, match.end()):
        return False
    digits = checks.digits_of(value)
    if not cue.digits[0] <= len(digits) <= cue.digits[1]:
        return False
    if cue.entity not in ("DATE_OF_BIRTH", "CREDIT_CARD", "US_SSN") and _NOT_ID.match(value):
        return False
    between = text[end : match.start()].lstrip(".")  # `tel.`, `No.`
    if _SENTENCE.search(between) or ("\n" in between and ":" not in between):
        return False
    if cue.entity in _NUMBERED and _OF_OTHERS.search(between):
        return False
    match cue.entity:
        case "US_SSN":
            return (checks.ssn(digits) or " " in value) and not checks.is_sample(digits, text, match.start())
        case "PASSPORT":
            return len(value) >= 6 and (len(digits) > _FEW or len(value) > len(digits) or not _OTHER.search(between))
        case "PHONE_NUMBER" if value.isdigit() and _CLAUSE.search(between):
            return False
        case "PHONE_NUMBER" if is_counted(text, match.end()) or checks.is_fictitious(digits, text, match.start()):
            return False
        case "CREDIT_CARD":
            return checks.card(digits, text, match.start())
        case "PHONE_NUMBER" if value.isdigit() and text[max(0, end - 8) : end].lower().rstrip("s").endswith("message"):
            return between.strip(" :") != "" and not _of_a_thing(text, end, between)
        case "PHONE_NUMBER" if text[max(0, end - 6) : end].lower().endswith(".cell"):  # the title of a journal
            return False
        case "PHONE_NUMBER" if _LOOSE.search(text[max(0, end - 10) : end]):
            return (len(digits) >= 9 or len(value) > len(digits)) and not _of_a_thing(text, end, between)
        case "NATIONAL_ID" if (label := _ID_LABEL.search(text, max(0, end - 24), end)) and _OF_STAFF.search(
            text, max(0, label.start() - 24), label.start()
        ):
            return False
        case "NATIONAL_ID" if text[end - 3 : end].lower() == "rfc":  # of Mexico it begins with letters; else a standard
            return value[:3].isalpha()
        case "MEDICAL_RECORD" if text[end - 7 : end].lower() == "patient":
            return len(digits) >= 6 and between.strip(" :#") == ""
        case "DRIVER_LICENSE" if text[end - 7 : end].lower() in ("license", "licence"):
            near = _DRIVES.search(text, max(0, end - 56), end) is not None
            near = near or _OF_STATE.match(text, match.end()) is not None
            return near or (between.strip(" :#\"'") == "" and _LICENSE.fullmatch(value) is not None)
        case "DATE_OF_BIRTH":
            return _OTHER_DAY.search(between) is None
        case "BANK_ACCOUNT" if text[end - 7 : end].lower() in ("account", "ccounts"):
            return len(digits) >= 8
        case _:
            return True


def _of_a_thing(text: str, end: int, between: str) -> bool:
    """Whether a number behind a word that ends at `end` is one of an order, of a part, of anything but a telephone."""
    word = text[max(0, end - 32) : end].rpartition(" ")
    return bool(
        _OF_THINGS.search(between)
        or '":' in between  # of another field
        or (word[2].lower().startswith("number") and (_OF_THINGS.search(word[0]) or _COUNTED.match(between)))
    )
