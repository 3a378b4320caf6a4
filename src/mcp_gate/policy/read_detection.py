"""Reads what an admin says of detectors (contract 3.6): entities of the gate's own, and what is not to be found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from mcp_gate.lang.reader import Reader
from mcp_gate.lang.reveal import reveal
from mcp_gate.lang.yamldoc import Mapping_, Node, Scalar
from mcp_gate.model.config import Place

ENTITIES: Final = frozenset(
    {
        "PII", "CREDENTIAL", "PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "CREDIT_CARD", "IBAN_CODE",
        "IP_ADDRESS", "LOCATION", "DATE_TIME", "NRP", "URL", "CRYPTO", "MEDICAL_LICENSE", "US_BANK_NUMBER",
        "US_DRIVER_LICENSE", "US_ITIN", "US_PASSPORT", "UK_NHS", "ADDRESS", "DATE_OF_BIRTH", "NATIONAL_ID", "PASSPORT",
        "DRIVER_LICENSE", "MEDICAL_RECORD", "BANK_ACCOUNT", "API_KEY", "PRIVATE_KEY", "JWT", "PASSWORD",
        "CONNECTION_STRING",
    }
)  # fmt: skip
ELSEWHERE: Final = {
    "US_BANK_NUMBER": "BANK_ACCOUNT", "US_DRIVER_LICENSE": "DRIVER_LICENSE", "US_ITIN": "US_SSN",
    "US_PASSPORT": "PASSPORT", "UK_NHS": "NATIONAL_ID", "LOCATION": "ADDRESS", "DATE_TIME": "DATE_OF_BIRTH",
    "NRP": "", "URL": "", "CRYPTO": "", "MEDICAL_LICENSE": "",
}  # fmt: skip
"""Names that presidio has and under which nothing is found here, and those under which it is; "" is none."""
NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{1,63}")
OWN_KEYS: Final = frozenset({"pattern", "score", "context"})
ALLOW_KEYS: Final = frozenset({"values", "patterns", "entities", "reason"})
KEYS: Final = frozenset({"entities", "allow", "ner", "vendor_shapes"})
"""Of the section, besides rules."""
SCORE: Final = Decimal("0.8")
LONGEST: Final = 1_000
_MEMORY: Final = 1 << 20
"""Bytes that a compiled pattern may take."""


@dataclass(frozen=True, slots=True)
class OwnEntity:
    """What an admin wants to be found."""

    name: str
    pattern: str
    """RE2 syntax."""
    score: Decimal = SCORE
    context: tuple[str, ...] = ()
    """Words of which one has to stand near it, or in the name of its field; none means anywhere."""


@dataclass(frozen=True, slots=True)
class Exempt:
    """What is not to be found, nor anything in it."""

    values: frozenset[str] = frozenset()
    patterns: tuple[str, ...] = ()
    """RE2 syntax."""
    entities: frozenset[str] = frozenset()
    """Of these alone; empty means any."""


@dataclass(frozen=True, slots=True)
class Detection:
    """What one document says of detectors."""

    own: tuple[OwnEntity, ...] = ()
    exempt: tuple[Exempt, ...] = ()
    ner: bool | None = None
    """Names in prose: True where the gate is not to run without, False where it is not to look; None: if it can."""
    vendor_shapes: bool | None = None
    """False: it may run without the shapes of vendors' keys."""


UNSAID: Final = Detection()


class Names:
    """Entities that documents name: they may use those that another document defines."""

    def __init__(self) -> None:
        self._defined: dict[str, Place] = {}
        self._used: list[tuple[str, Place]] = []

    def define(self, reader: Reader, name: str, place: Place) -> bool:
        """Whether it could be taken."""
        first = self._defined.setdefault(name, place)
        if name in ENTITIES or not NAME.fullmatch(name):
            why = "is the gate's own" if name in ENTITIES else "is not the name of an entity"
            reader.error(place, f"'{reveal(name)}' {why}", "use capital letters, digits and _, such as STAFF_ID")
            return False
        if first is not place:
            reader.error(
                place, f"the entity '{name}' is defined twice; first at {first.file}:{first.line}", "keep one of them"
            )
            return False
        return True

    def use(self, reader: Reader, node: Node) -> str | None:
        """The name of an entity in a rule. One that nobody knows yet may come in another document."""
        name = reader.text(node, "an entity")
        if name is not None and name not in ENTITIES:
            self._used.append((name, node.place))
        if name in ELSEWHERE:
            instead = ELSEWHERE[name]
            cure = f"write {instead}" if instead else "define an entity of your own with a pattern"
            reader.warn(node.place, f"nothing is found under the name '{name}'", cure)
        return name

    def check(self, reader: Reader) -> None:
        """Call once, after all documents."""
        known = {name: name for name in (*ENTITIES, *self._defined)}
        for name, place in self._used:
            if name not in known:
                reader.one_of(Scalar(place, name, quoted=False), known, "an entity")


def read_detection(reader: Reader, block: Mapping_, names: Names) -> Detection:
    """The part of an `output_review:` that is about detectors."""
    get = block.entries.get
    own = [
        _own(reader, name, place, node, names)
        for name, place, node in reader.entries(get("entities"), "entities by their names")
    ]
    return Detection(
        own=tuple(each for each in own if each is not None),
        exempt=reader.each(get("allow"), lambda item: _exempt(reader, item, names)),
        ner=reader.boolean(get("ner")),
        vendor_shapes=reader.boolean(get("vendor_shapes")),
    )


def _own(reader: Reader, name: str, place: Place, node: Node, names: Names) -> OwnEntity | None:
    block = reader.mapping(node, OWN_KEYS, "an entity")
    taken = names.define(reader, name, place)
    if block is None:
        return None
    get = block.entries.get
    pattern = _pattern(reader, reader.need(block, "pattern", "add pattern: '…', in the syntax of RE2"))
    score = reader.decimal(get("score"), most=1)
    context = reader.each(get("context"), lambda item: reader.text(item, "a word"))
    if pattern is None or not taken:
        return None
    return OwnEntity(name, pattern, SCORE if score is None else score, context)


def _exempt(reader: Reader, node: Node, names: Names) -> Exempt | None:
    if isinstance(node, Scalar):
        value = reader.text(node, "a value")
        return None if value is None else Exempt(frozenset({value}))
    block = reader.mapping(node, ALLOW_KEYS, "what is allowed: a value, or values and patterns")
    if block is None:
        return None
    get = block.entries.get
    values = reader.each(get("values"), lambda item: reader.text(item, "a value"))
    patterns = reader.each(get("patterns"), lambda item: _pattern(reader, item))
    reader.text(get("reason"), "a reason")
    if "values" not in block.entries and "patterns" not in block.entries:
        reader.error(block.place, "this allows nothing", "add values: […] or patterns: […]")
    entities = reader.each(get("entities"), lambda item: names.use(reader, item))
    return Exempt(frozenset(values), patterns, frozenset(entities))


def _pattern(reader: Reader, node: Node | None) -> str | None:
    """A pattern of RE2 that matches something, and not everything."""
    text = reader.text(node, "a pattern")
    if node is None or text is None:
        return None
    if len(text) > LONGEST:
        reader.error(node.place, f"the pattern is longer than {LONGEST} characters", "write a shorter one, or several")
        return None
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(text, options)
    except re2.error as e:
        said = e.args[0].decode("utf-8", "replace") if e.args and isinstance(e.args[0], bytes) else str(e)
        hint = "use the syntax of RE2: no look-around, no back-references; in YAML write patterns in single quotes"
        reader.error(node.place, f"'{reveal(text)}' is not a pattern: {reveal(said)}", hint)
        return None
    if compiled.fullmatch("") is not None:
        reader.error(node.place, f"'{reveal(text)}' matches an empty text", "say what has to be there")
        return None
    return text
