"""What stands around names of people, and what around those of things."""

from __future__ import annotations

import re
from typing import Final


def _any(phrases: str) -> str:
    """A pattern for one of some phrases; `_` stands for a space."""
    return f"(?:{'|'.join(phrases.split()).replace('_', ' ')})"


# ---- people

_WHO: Final = _any("""
    mrs? ms miss mx dr prof professor sir madam herr frau mme sra? signora? señora? monsieur madame talk_to
    speak_to call_me known_as name(?:_is|\\?) spoke_with interview_with thanks_to gave give hand(?:ed)?
    on_duty_is doctor nurse patient customer client engineer manager agent caller user guest tenant driver
    author reviewer assignee reporter brother sister son daughter kid wife husband friend colleagues? boss
    mother father uncle aunt officer detective judge captain attorney teacher employee maintainer approver
    speaker recruiter named? ask(?:ed|s)? ping(?:ed)? tell told met thanks? hi hello dear hey cc says? said
    called him her let
""")
SPOKEN_TO: Final = re.compile(rf"\b{_WHO}[.,:]? ?\Z", re.IGNORECASE)
"""Before a name, so that a word that no list has may be one."""
_SPEAKS: Final = _any("""
    said says asked asks wrote writes told replied wants wanted thinks thought knows knew called emailed lives lived
    moved joined left approved agreed met spoke mentioned suggested prefers had spent began shouted argued explained
    paid bought born died married confirmed complained forgot
    went_home went_to came_to came_home took_over
""")
SPEAKS: Final = re.compile(rf"(?: from (?:[A-Z]\w*(?: on| of| and)? ?){{1,4}}(?<! ))? {_SPEAKS}\b")
"""What hardly anything but a person does."""
HUMAN: Final = re.compile(
    r" (?:was |is |has |has been |will be )?(?:born|died|dies|married|lives|lived|forgot|retired|resigned|graduated"
    r"|phoned|texted|emails?|e?-?mailed|thinks|thought|believes|insisted|apologi[sz]ed|diagnosed|admitted|discharged"
    r"|hired|promoted|fired|wrote|told|on (?:leave|vacation|holiday)|off sick|sick|absent|thanked|visited|commented"
    r"|from|(?:an? |my |our |your )(?:\w+ ){0,2}(?:person|man|woman|boy|girl|friend|colleague|doctor|nurse|teacher))\b"
    r"|['’]s (?:son|daughter|wife|husband|mother|father|brother|sister|mum|mom|dad|kids?|birthday|idea|desk|laptop|song"
    r"|job|phone|e-?mail|voice|face|house)\b"
)
"""What no firm does."""
CALLED: Final = re.compile(
    r",? (?:can|could|please|pls|would|will|did|do|are|have|thanks?|I|we|you|so|just)\b|['’]s [a-z]+|[,!?]"
    r"|(?: and [A-Z]\w+)? were\b"
)
"""Behind somebody who is spoken to, or has something."""
ADDRESSED: Final = re.compile(r"[!?]")
ADDRESSED_BEFORE: Final = re.compile(r"[a-z], \Z")
"""Around somebody who is spoken to at the end: `Remember me, Ann?`"""
SAYS: Final = re.compile(r": ?[\"“'«]|: (?=[^\n]*\n+[^\W\d_a-z]\w+: )")
SAID: Final = re.compile(r"(?:\A|\n)[^\W\d_a-z]\w+: [^\n]*\n+\Z")
"""Between who says something, and what, before another does; and a line that somebody said before."""
OF_PEOPLE: Final = re.compile(
    r"\b(?:founders?|authors?|speakers?|panel(?:ists?)?|attendees|participants|members|winners?|guests?|editors?|hosts?"
    r"|contributors|engineers|partners|present|apologies|absent)\b[^.:\n]{0,16}: "
    r"(?:[^\W\d_]+(?: [^\W\d_]+)*,? (?:and )?)*\Z",
    re.IGNORECASE,
)
"""A list of people up to one."""
_BEFORE: Final = _any("with by from to for and but that why_is why_does than as between via early remember_me,")
SPOKEN_OF: Final = re.compile(rf"\b{_BEFORE}[.,:]? ?\Z", re.IGNORECASE)
"""Before people, and before much else."""
_ACTS: Final = _any("""
    needs sent works? worked ordered would has was were is noted never always can could will who and or did does
""")
ACTS: Final = re.compile(rf" {_ACTS}\b|['’]s\b|[,!?] |[.!?]?\s*\Z")
"""What people do, and much else."""
ANOTHER: Final = re.compile(r"(?:,| and| or|,? &) ([^\W\d_a-z][^\W\d_]+)")
"""Somebody else, whose given name may be known."""

# ---- things

_KINDS: Final = _any(r"""
    \w*ware tool library framework package language service server client program film firm company database engine
    standard protocol plugin module platform brand city town
""")
_MADE: Final = _any("""
    written implemented built based licensed deprecated available listening deployed installed compiled
""")
IS: Final = re.compile(
    r"(?:(?:,| and| or) [A-Z]\w+){0,3} (?:is|are|was|were) (?:also |both |all |now )?"
    rf"(?:an? (?:\w+,? ){{0,4}}{_KINDS}|{_MADE})\b"
)
"""What only things are."""
_USED: Final = _any(r"""
    us(?:e|es|ed|ing) open(?:s|ed|ing)? launch(?:ed)? restart(?:ed)? install(?:s|ed)?
    deploy(?:s|ed|ment|ments)?(?:_of)? owns runs?_on running_on built_(?:with|on) written_in based_on
    (?:migrat|switch|upgrad)[a-z]*_(?:from|to) (?:migrat|switch|upgrad)[a-z]*_from_\w+_to
    move_to replac[a-z]+_(?:by|with) instance_of version_of support_for
    compatible_with powered_by
""")
USED: Final = re.compile(rf"\b{_USED} \Z", re.IGNORECASE)
"""What is done with programs."""
LOG: Final = re.compile(r"\b(?:INFO|WARN|WARNING|ERROR|DEBUG|TRACE|FATAL|NOTICE)\]?:? +\Z")
NEXT: Final = re.compile(r" ([A-Z][a-z]+)")
AMPERSAND: Final = re.compile(r"(?:['’]s)?,? & ?(\w*)")
AMPERSAND_BEFORE: Final = re.compile(r"(?:(\w+)(?:['’]s)? )?& ?\Z")
