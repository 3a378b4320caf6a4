"""Credentials made up anew: shapes of real ones are not kept in the repository."""

from __future__ import annotations

import base64
import json
import random
import string

WORD = string.ascii_letters + string.digits


def drawn(size: int, alphabet: str = WORD, seed: int = 7) -> str:
    """Letters by lot, always the same for a seed; with a digit."""
    dice = random.Random(f"{seed}{size}{alphabet}")
    return "".join(dice.choice(alphabet) for _ in range(size - 1)) + "7"


def github_token() -> str:
    return "ghp_" + drawn(36)


def aws_key() -> str:
    return "AKIA" + drawn(16, string.ascii_uppercase + "234567")


def jwt(seed: int = 7) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': 'dana', 'iat': 1700000000})}.{drawn(43, seed=seed)}"


def private_key(kind: str = "RSA ", lines: int = 6) -> str:
    body = "\n".join(drawn(64, WORD + "+/", seed=n) for n in range(lines))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{body}\n{drawn(22)}==\n-----END {kind}PRIVATE KEY-----"
