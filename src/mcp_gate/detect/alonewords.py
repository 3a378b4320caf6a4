"""What tells of somebody who is called by a given name alone: parts of the patterns of `triggers`."""

from __future__ import annotations

from typing import Final


def _each(text: str) -> tuple[str, ...]:
    """Words and phrases as patterns of their own; `_` is a space."""
    return tuple(each.replace("_", " ") for each in text.split())


_NAME: Final = r"[A-Z?][a-z?]{2,13}"
SPOKEN: Final = _each(
    "[Aa]ccording_to [Ww]aiting_(?:for|on) voicemail_(?:for|from) [Mm]essages?_(?:for|from) "
    "call_(?:for|from|with) [Aa]gree_with [Hh]eard_from [Hh]ear_from [Cc]heck_with [Ss]poke_(?:to|with) "
    "[Tt]alk_to [Ll]unch_with [Dd]inner_with [Cc]offee_with [Mm]eeting_with [Ss]ent_from [Ll]ove_from "
    "[Gg]reetings_from [Gg]ave_it_to [Bb]ringing [Bb]ring [Mm]eet [Mm]iss [Vv]isit [Ss]orry [Oo]k [Oo]kay "
    "[Yy]es [Nn]o [Yy]ep [Yy]eah [Nn]ope [Tt]hx [Tt]y [Nn]o_worries [Nn]o_problem [Ss]ure [Ww]elcome "
    "[Aa]board [Gg]ood_(?:morning|evening|afternoon|night) [Mm]orning [Ee]vening [Gg]reat_(?:work|job) "
    "[Nn]ice_(?:work|one|job) [Ww]ell_done [Pp]lease [Pp]ls xx xo [Aa]ttending [Aa]ttended_by "
    "[Aa]ttendance [Pp]resent [Aa]bsent [Rr]egrets [Aa]pologies [Ee]xcused [Ii]nvited [Pp]upils? [Kk]ids? "
    "[Cc]hild(?:ren)? [Tt]eam [Cc]rew [Rr]oster [Vv]olunteers? [Ww]inners? [Dd]rivers? [Aa]ssigned "
    "[Aa]ssignee [Bb]ackup [Ss]hift [Ll]ead [Hh]ost [Oo]wner [Cc]over(?:ed|ing)? [Pp]aired [Ww]ith [Tt]o "
    "[Ff]or [Bb]y [Ff]rom [Bb]ecause [Ss]ince [Tt]hink [Hh]ope [Mm]aybe [Tt]hat [Ww]hen [Ww]here [Ii]f "
    "[Ss]o [Bb]ut [Uu]nless [Uu]ntil [Ss]ee [Aa]sk [Tt]ell [Hh]elp [Ll]et [Tt]hank [Gg]ive [Gg]ave [Ss]how "
    "[Ss]end [Ss]ent [Oo]wed? [Mm]it [Vv]on [Bb]ei [Aa]n [Ll]aut [Ff]rag(?:t|en)? [Bb]itte [Ff].r [Aa]vec "
    "[Pp]our [Ss]elon [Cc]hez [Dd]e [Dd]emande(?:r|z)?_. [Cc]on [Ss]eg.n [Pp]reg.ntal?e?_a [Ss]econdo "
    "[Cc]hiedi_a [Dd]a [Dd]i [Cc]om [Pp]ara [Mm]et [Aa]an [Mm]ed [Cc]ze.. [Zz] [Dd]la [Oo]d AI PIC POC DRI "
    "Re RE"
)
"""Before a given name that stands alone."""
_ACTING: Final = (
    *(
        f"to {verb}"
        for verb in _each(
            "update call book send circulate check follow prepare review draft write ask confirm investigate "
            "share organi[sz]e arrange order finali[sz]e schedule contact talk look fix present bring email "
            "provide speak buy sign join take cover come"
        )
    ),
    *_each(
        "will_[a-z] would_[a-z] can_[a-z] has_(?:been|a|the|to|not|already) had_[a-z] is_[a-z]{2,14}ing "
        "was_[a-z]{2,14}ed took thinks agrees disagrees reacted added pinned started gave came brought "
        "made fixed won owes already also never might keeps loves likes hates hopes looked shared teaches "
        "drives drove booked swapped covers handles did does hat ist kommt meint sagt sagte schickt fehlt "
        "wird kann macht soll geht holt bringt a_(?:dit|envoy|fait|pris|re.u|demand|confirm|appel|sign) "
        "est doit pense arrive vient me_dijo ha_[a-z] viene tiene llega dijo dice arriva deve vai disse "
        "chegou enviou heeft komt zegt gaat har kommer ska sade jest powiedzia"
    ),
)
AROUND: Final = (
    *(rf"{_NAME} {verb}" for verb in _ACTING),
    rf"{_NAME}['?]s [A-Za-z]",
    rf"\d:\d\d\]?[:,]? {{1,2}}(?:- )?{_NAME}(?:[:>]| \?) ",
    rf"<{_NAME}> ",
    rf"{_NAME} {{1,2}}\d{{1,2}}:\d\d(?: ?[APap][Mm])?\r?\n",
    rf"(?:[*?\]-]|\d[.)]|\d -) {_NAME}(?: -|:| ?\(|\r?\n)",
    rf"\| {_NAME} +\|",
    rf", {_NAME}[!?]",
    rf"{_NAME}, (?:can|could|please|pls|would|will|do|did|are|have|thanks|thank|you|your|we|if|when|just|let|any|here"
    r"|is|what|how|where|why|sorry|great|good)\b",
    rf"[.!?] ?[/-]{{1,2}} ?{_NAME}\r?\n",
    rf"{_NAME} \(\d",
    rf"(?:[Ss]eat|[Rr]oom|[Tt]able|[Dd]esk|[Ss]hift|[Tt]rack|[Ll]ane) [0-9A-Z]{{1,4}}:? {_NAME}[^A-Za-z]",
    rf"{_NAME}(?:,| and| &| und| et| y| e| og| och| en| i|/) ?[A-Z?][a-z?]{{2,13}}[^A-Za-z@]",
    rf"{_NAME}[\"']?[;,\t|] ?[\"']?{_NAME}[\"';,\t\r\n|)\]]",
)
"""Something around a given name, up to behind it."""
