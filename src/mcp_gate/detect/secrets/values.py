"""Whether what stands under a telling name can be the secret itself, rather than code, a label or a stand-in for it."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Final

from mcp_gate.detect.remembered import remembered

_STAND_IN: Final = re.compile(
    r"""(?xi)
    <.*> | \[.*\] | \{.*\} | [*.x•·_?-]{3,} | x{4,}.* | .*(?:\*{4}|•{3}|x{6}|\.{3}|…).*   # masked or cut
    | [$%@#]?[({\[<].* | \$\w+ | %\w*[%sdrx] | @@?\w+@@? | \w*\$\{.* | .*\{\{.*               # templates and variables
    | (?:user(?:name)?|login|host|server|e?mail|db|port)[=:].*
    | (?:arn|vault|ssm|op|gcpsm?|akv|env|file|ref|keychain|keyring|secretsmanager|awssm|doppler):.*  # its place
    | !(?:vault|secret|env|env_var|ref|sub|include)\b.* | projects/.*/secrets/.* | (?:secrets?|kv)(?:/[\w.-]+)+
    | .*\bsecret:[\w/+=.@-]+
    | change[-_ ]?(?:me|it|this).* | (?:your|my|some|the|an?|enter|insert|put|add|set|use|replace)[-_ ].* | .*redacted.*
    | (?:.*[-_. ])?(?:example|placeholder|dummy|sample|fake|todo|tbd)(?:[-_. ].*)? | .*EXAMPLE(?:KEY)? | example.*
    | (?:null|none|nil|undefined|void|true|false|yes|no|on|off|n/?a|empty|blank|hidden|masked|removed|omitted|secret
        |string|str|int|integer|bool|boolean|number|text|bytes|object|array|uuid|email|any|unknown|default|required
        |optional|invalid|valid|missing|expired|wrong|incorrect|enabled|disabled|test|testing|foo|bar|baz|qux
        |pass|passwd|password\d{0,2}|passphrase|pwd|token|key|api_?key|credentials?|auth|bearer|basic|user(?:name)?|login
        |passwort|kennwort|wachtwoord|contrase.a|senha|has[l?]o|heslo|parola|mot.de.passe|l.senord|adgangskode|salasana
        |self|this|super|lambda|await|async|return|import|from|function|const|let|var|new|not|and|or|if|else)
    | (?:os|process|sys|self|this|config|settings|env|ctx|req|request|args?|options?|opts|kwargs|data|params?)[.\[].*
    """
)
_CODE: Final = re.compile(
    r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)*(?:[(\[{].*|<[\w\s,.?\[\]<]*>*[);,]*(?:\(.*)?)|[A-Za-z_][\w-]*(?:\.[A-Za-z_]\w*)+"
    r"|[A-Z][a-z]+(?:To|From)?-[A-Z][A-Za-z]+|[\w$.]+\.(?:password|passwd|pass|pwd|token|secret|key|value|text|data)\b.*"
)
_NAME: Final = re.compile(
    r"[A-Za-z_$]+\d?|[a-z]+(?:-[a-z]+)+|[A-Za-z]+\d{0,2}(?:_+[A-Za-z]+\d{0,2})*_+[A-Za-z]+\d?|[a-z]*(?:pass|pwd|key|token)\w*"
)
_NUMBERED: Final = re.compile(r"[A-Za-z]+\.[A-Za-z]+\d{2,4}")
"""Words with a number behind, as people choose for a password and hardly for a variable."""
_PATH: Final = re.compile(
    r"(?:~|\.{0,2})/[\w./-]*|[A-Za-z]:\\.*|https?://[^@]*|file:.*|[^@]*@sha256:.*|(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]{3,40}(?:\s.*)?"
)
_HASH: Final = re.compile(
    r"(?:sha(?:1|256|384|512)|md5)[-:].*|\$(?:2[aby]|5|6|argon2\w*|pbkdf2\S*|y)\$.*", re.IGNORECASE
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.+Z-]*)?|\d{1,2}:\d\d(?::\d\d)?")
_KEY: Final = re.compile(r"[\w.~+/=:@!#$%^&*|-]+", re.ASCII)
_PART: Final = r"(?:[a-z]{2,12}|[A-Z][a-z]{1,11}|[A-Z]{2,12})\d?"
_WORDED: Final = re.compile(rf"{_PART}(?:[-_/](?:{_PART}|[vV]?\d{{1,4}}))+")
_TURN: Final = re.compile(r"(?<=[a-z])[0-9]|(?<=[0-9])[A-Za-z]|(?<=[A-Z])[0-9]|(?<=[a-z])[A-Z](?![a-z])")
_HUMPS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_MANY_HUMPS: Final = 5
"""Parts of a name in code, each with a capital of its own, that have not even three letters on the average."""
_ALGORITHM: Final = re.compile(
    r"(?i)(?:h?mac|sha|md|base|utf|argon|pbkdf|oauth|bcrypt|scrypt|aes|rsa|tls|http|v|ver|python|openssl|windows|iso|rfc|cve)[-_.]?\d"
    r"|\d+[-/.+]?\d*\+?[a-z-]*$"
)
LONGEST: Final = 4096


def is_password(text: str, *, written: bool) -> bool:
    """Whether it can be a password.

    Args:
        written: it is a value of its own (of JSON, or in quotes), not a word that stands free in code or prose.
    """
    if not 4 <= len(text) <= 256 or is_foreign(text) or _HASH.fullmatch(text):
        return False
    kinds = _kinds(text)
    if written:
        return " " not in text and (kinds >= 2 or len(text) >= 6) and not (text.isdigit() and len(text) < 6)
    return kinds >= 2 and (not _NAME.fullmatch(text) or is_scrambled(text)) and (kinds >= 3 or len(text) >= 6)


def is_in_address(text: str) -> bool:
    """Whether it can be the password in an address: it may be short and a plain word, but no stand-in and no port."""
    return len(text) >= 3 and not is_foreign(text) and not (text.isdigit() and len(text) <= 5)


@remembered
def is_key(text: str) -> bool:
    """Whether it can be a token or key that a machine made."""
    if not 8 <= len(text) <= LONGEST or not _KEY.fullmatch(text) or is_foreign(text) or _DATE.fullmatch(text):
        return False
    if (text.isdigit() and len(text) < 16) or is_worded(text):
        return False
    if not any(map(str.isdigit, text)) and not (len(text) >= 20 and _turns(text) >= 5):
        return False
    return _kinds(text) >= (1 if text.isdigit() else 2) and entropy(text) >= (3.0 if len(text) >= 20 else 2.5)


def is_worded(text: str) -> bool:
    """Whether it is made of words and a short number at most, as names are and no key that a machine made."""
    return _WORDED.fullmatch(text) is not None


@remembered
def is_random(text: str) -> bool:
    """Whether it can be nothing but machine-made: no words with a digit or two, no UUID."""
    return len(text) >= 16 and is_key(text) and not _UUID.fullmatch(text) and _turns(text) >= 3


def is_worn(text: str) -> bool:
    """Whether it has what rules for passwords ask for, three kinds of characters, or is a word with a number behind, as
    people choose; no name of an algorithm, no time."""
    if _ALGORITHM.match(text) or _DATE.match(text):
        return False
    if _kinds(text) >= 3:
        return any(map(str.isdigit, text)) or not text[1:-1].isalnum()
    return sum(map(str.isdigit, text)) >= 2 and any(map(str.isalpha, text))


def is_scrambled(text: str) -> bool:
    """Whether letters alone change between small and capital ones as in no word or name."""
    if len(text) < 8 or not text.isalpha():
        return False
    humps = len(_HUMPS.findall(text))
    return _turns(text) >= 2 or (humps >= _MANY_HUMPS and 3 * humps > len(text))


def _turns(text: str) -> int:
    """How often letters and digits, or small and capital letters, follow each other otherwise than in words."""
    return len(_TURN.findall(text))


def entropy(text: str) -> float:
    """Bits per character, as the text itself has them."""
    size = len(text)
    return math.log2(size) - sum([n * math.log2(n) for n in Counter(text).values() if n > 1]) / size


@remembered
def is_stand_in(text: str) -> bool:
    """Something that is written in place of a secret."""
    return _STAND_IN.fullmatch(text) is not None


@remembered
def is_foreign(text: str) -> bool:
    """Something that stands for a secret, says where one is, or computes one."""
    return bool(
        is_stand_in(text)
        or (_CODE.fullmatch(text) and not _NUMBERED.fullmatch(text) and not _is_mixed(text))
        or _PATH.fullmatch(text)
    )


def _is_mixed(text: str) -> bool:
    """Whether letters and digits follow each other as in no name of code, though a full stop stands among them."""
    return "(" not in text and "[" not in text and _turns(text) >= 3


def _kinds(text: str) -> int:
    """How many of lower case, upper case, digits and others occur."""
    return (
        any(map(str.islower, text)) + any(map(str.isupper, text)) + any(map(str.isdigit, text)) + (not text.isalnum())
    )
