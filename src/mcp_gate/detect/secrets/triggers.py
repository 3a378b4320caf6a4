"""One pass that says which of the others can find anything, and where."""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Final

from mcp_gate.detect import engine
from mcp_gate.detect.engine import Engine, Fired, Group
from mcp_gate.detect.secrets.pattern import compiled


class Trigger(IntEnum):
    """What must occur somewhere for a pass to be worth its time."""

    CLAIMS = 0
    ADDRESS = 1
    ORACLE = 2
    PAIR = 3
    KEY_BLOCK = 4
    VENDOR = 5
    NAMED = 6
    TOLD = 7
    SPOKEN = 8
    BESIDE = 9
    HEADER = 10
    GIVEN = 11
    CODE = 12
    PHRASE = 13
    HASHED = 14


WORD: Final = (
    rb"(?:pass(?:word|wd|phrase|code|wort)?s?|pwd|pw|pswd|psk|kennwort|contrase[n?]a|mot[ _]de[ _]passe|senha"
    rb"|wachtwoord|parola|has[l?]o|heslo|l[o?]senord|passord|adgangskode|kodeord|salasana|secret|token|jwt|bearer|credential|authorization|cookie|api_?key|key|pat|otp|mnemonic|connection_?string)"
)
"""What telling names have in them."""
_PATTERNS: Final = {
    Trigger.CLAIMS: rb"eyJ[A-Za-z0-9_-]{8}",
    Trigger.ADDRESS: rb"://[^\s/@]*@",
    Trigger.ORACLE: rb"(?i)jdbc:oracle:",
    Trigger.PAIR: rb"(?i)(?:password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)\s*=",
    Trigger.KEY_BLOCK: rb"PRIVATE KEY|PuTTY-User-Key|Private-MAC",
    Trigger.VENDOR: rb"AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|glpat-|gl(?:dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-"
    rb"|xox[abeoprs]-|xapp-|hooks\.slack|[srp]k_(?:live|test)_|whsec_|sk-(?:proj|svcacct|admin|ant|or)-|AIza|GOCSPX|ya29\."
    rb"|SG\.|npm_|pypi-AgE|hf_|shp(?:at|ca|pa|ss)_|SK[0-9a-f]{32}|NR(?:AK|AA|II|RA|JS)-|\d{8}:AA|do[oprt]_v1|hv[sbr]\.|dapi[0-9a-f]|AGE-SECRET"
    rb"|gsk_|sntry[su]_|lin_api_|glsa_|dckr_[po]at_|ntn_|ATATT3|api/webhooks/|[0-9a-f]{32}-us\d|key-[0-9a-f]{32}|[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27}",
    Trigger.NAMED: rb"(?i)" + WORD + rb"[a-z0-9_.-]*[\\\"'`\]]*\s*(?:[:=>,]|(?:is|was|ist|lautet|es|est)\b)",
    Trigger.TOLD: rb"(?i)--[a-z0-9_-]*" + WORD + rb"[a-z0-9_-]*\s",
    Trigger.SPOKEN: rb"(?i)(?:password|passwd|passcode|passphrase|pwd|\bpw|passwort|kennwort|contrase.a|mot de passe"
    rb"|senha|secret|token|key)\s(?:[a-z0-9_/'\s-]*\s)?(?:is|was|to|ist|lautet|es|est)[\s:]"
    rb"|(?:password|passwd|passcode|passphrase|pwd|\bpw|passwort|kennwort|secret|token|api[ -]?key) [a-z0-9_/' -]*"
    rb"(?:[a-z0-9]:|->|=) ",
    Trigger.BESIDE: rb"(?i)[\"'](?:admin|administrator|root)[\"']\s*:\s*[\"']|\blogin\s\S+@\S+\s+\S{6}"
    rb"|\b(?:log ?in|sign ?in|credentials|creds)(?:\s(?:is|are|with|as|using)|:)\s+[^\s/]+ ?/ ?\S{6}"
    rb"|\b(?:root|admin|administrator|postgres|ubuntu) / [^\s/]{6}"
    rb"|\b(?:user|username|login|account)[\s:]+\S+\s(?:and\s)?pass\s"
    rb"|(?:as|is|the|your|my|our|his|her|their|new|temp|temporary|initial|default|root|admin|db)"
    rb" (?:password|passwd|passphrase|pwd)\b"
    rb"|\b(?:password|passwd|passphrase|pwd|pw)\s+[\"'`]?[^\s\"'`,;:=]{6}",
    Trigger.HEADER: rb"(?i)[?&](?:sig|x-amz-signature|x-goog-signature)=[a-z0-9%]{8}"
    rb"|\b(?:bearer|basic|token|apikey|negotiate|digest)\s+[a-z0-9._~+/=-]{16}"
    rb"|(?:\b(?:client|app|api|shared|webhook|signing|access|auth|bot)[ _-](?:secret|key)|_secret_access_key)"
    rb"\s+[a-z0-9._~+/=-]{16}",
    Trigger.GIVEN: rb"(?i)new\s+PDO\(|mysqli(?:_connect)?\(|getConnection\("
    rb"|ConvertTo-SecureString|:(?:\d{2,5}|\*):[a-z0-9_*-]+:[a-z_*-]+:[^\s:]{4}"
    rb"|\bvariable\s+\"[^\"\n]*(?:pass\w*|secret|token|key)\"\s*\{"
    rb"|auth\s*=\s*\(|BasicAuth|NetworkCredential|\.login\(|\bcurl\s|\bidentified\s"
    rb"|\blogin\s+\S+\s+password|\bsshpass\s|\brequirepass\s|\bsqlcmd\s|\blogin\s[^\n]*\s-p\s|\bredis-cli\s|\bnet\s+use\s|\bmysql\w*\s[^\n]*\s-p|--password-stdin",
    Trigger.CODE: rb"(?:[Cc]ode|CODE)[\s:=isaw]*\d{4}|\bPIN[\s:=isaw]*\d{4}"
    rb"|\bPIN (?:for|of|to) [a-z]{1,16} [a-z]{1,16}[\s:=isaw]*\d{4}",
    Trigger.PHRASE: rb"(?i)\b(?:seed|recovery|mnemonic|backup)\s(?:phrase|words)\s*(?:is|:|=)",
    Trigger.HASHED: rb"\$(?:apr1|1|5|6|2[abxy]|y|argon2id?)\$",
}


def fired(data: bytes, most: int | None = None) -> Fired:
    """Where they occur, by their numbers.

    Args:
        most: as of `Engine`.

    Raises:
        TooMany: the same.
    """
    return _engine()(data, most)


def plain_engine() -> Engine:
    """For where hyperscan has no wheel: slower."""
    return engine.plain_engine([compiled(_PATTERNS[trigger]) for trigger in Trigger])


@cache
def _engine() -> Engine:
    try:
        return engine.hyperscan_engine(
            [Group(tuple((int(trigger), pattern.decode()) for trigger, pattern in _PATTERNS.items()))]
        )
    except ImportError:
        return plain_engine()
