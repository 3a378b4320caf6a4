"""One pass that says which of the others can find anything."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

import re2

from mcp_gate.detect.secrets.pattern import one_byte


class Trigger(IntEnum):
    """What must occur somewhere for a pass to be worth its time."""

    WORD = 0
    CLAIMS = 1
    ADDRESS = 2
    ORACLE = 3
    PAIR = 4
    KEY_BLOCK = 5
    VENDOR = 6


_PATTERNS: Final = {
    Trigger.WORD: rb"(?i)pass|pwd|pswd|psk|kennwort|contrasena|secret|token|jwt|bearer"
    rb"|credential|authorization|cookie|key|otp|mnemonic|basic|connection_?string|negotiate|auth\s?=|curl|identified|login"
    rb"|sshpass|requirepass|_pat\b",
    Trigger.CLAIMS: rb"eyJ[A-Za-z0-9_-]{8}",
    Trigger.ADDRESS: rb"://[^\s/@]*@",
    Trigger.ORACLE: rb"(?i)jdbc:oracle:",
    Trigger.PAIR: rb"(?i)(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s{0,2}=",
    Trigger.KEY_BLOCK: rb"PRIVATE KEY|PuTTY-User-Key|Private-MAC",
    Trigger.VENDOR: rb"AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|glpat-|gl(?:dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-"
    rb"|xox[abeoprs]-|xapp-|hooks\.slack|[srp]k_(?:live|test)_|whsec_|sk-(?:proj|svcacct|admin|ant|or)-|AIza|GOCSPX|ya29\."
    rb"|SG\.|npm_|pypi-AgE|hf_|shp(?:at|ca|pa|ss)_|SK[0-9a-f]{32}|\d{8}:AA|do[oprt]_v1|hv[sbr]\.|dapi[0-9a-f]|AGE-SECRET|ATATT3",
}


def _compiled() -> Any:
    together = re2.Set.SearchSet(one_byte())
    for trigger in Trigger:
        if together.Add(_PATTERNS[trigger]) != trigger:
            raise ValueError(f"the trigger {trigger.name} does not compile")
    together.Compile()
    return together


_TOGETHER: Final = _compiled()


def fired(data: bytes) -> frozenset[Trigger]:
    """Which of them occur."""
    return frozenset(Trigger(which) for which in _TOGETHER.Match(data) or ())
