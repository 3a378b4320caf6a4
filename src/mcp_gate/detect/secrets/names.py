"""Which names of fields, variables and settings say that a secret stands under them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["PASSWORD", "API_KEY", "SOME_KEY"]

_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BREAK: Final = re.compile(r"[^a-z0-9]+")
_PASSWORD: Final = re.compile(
    r"(?:^|_)(?:pass(?:word|wd|phrase|code|wort)?|passwords|pwd|pw|pswd|psk|kennwort|contrase_?n?a|mot_de_passe|senha|wachtwoord|parola|hasl?o|heslo"
    r"|l_?o?senord|passord|adgangskode|kodeord|salasana"
    r"|mnemonic|seed_phrase|recovery_phrase|recovery_codes?|backup_codes?|otp_secret|otp|one_time_code|mfa_code)(?:_\d+)?$"
    r"|(?:password|passwd|passphrase)s?(?:_\d+)?$"
)
_KEY: Final = re.compile(
    r"(?:^|_)(?:secret|secrets|token|tokens|jwt|bearer|authorization|credential|credentials|cookie|api_?keys?|x_api_key"
    r"|access_?token|refresh_?token|id_?token|session_?token|auth_?token|client_?secret|app_?secret|shared_?secret"
    r"|(?:access|secret|private|signing|encryption|master|account|storage|license|service|session|auth|app|admin|root"
    r"|webhook|subscription|deploy|server|ssh|gpg|pgp|hmac|aes|rsa|stripe|openai|anthropic|github|gitlab|slack|aws|azure"
    r"|gcp|google|twilio|sendgrid|datadog|newrelic|sentry|mailgun|algolia|cloudflare|vault|consul|npm|pypi|hf|wandb"
    r"|langchain|cohere|mistral|replicate|pinecone|supabase|firebase|mapbox|heroku|okta|auth0)_?(?:access_?)?(?:key|pat)"
    r"|access_key_id|aws_access_key_id|secret_access_key|secret_key_base|sas|sas_token|pat|connection_?string)(?:_(?:id|value|base64|b64|\d+))?$"
)
_SOME: Final = re.compile(r"(?:^|_)(?:key|token|secret)$")
_NOT: Final = re.compile(
    r"(?:^|_)(?:public|hash|hashed|count|type|policy|name|names|url|uri|endpoint|path|file|length|len|size|limit|max|min"
    r"|expires?|expiry|ttl|age|at|date|created|updated|enabled|required|valid|invalid|has|is|hint|reset|change|strength"
    r"|label|placeholder|title|description|error|help|message|scheme|status|usage|budget|input|output|prompt|completion"
    r"|total|cached|next|page|cursor|continuation|primary|foreign|partition|sort|cache|object|idempotency|dedup"
    r"|routing|private_key_id|shard|row|group|sync|csrf_header|alg|algorithm|version|arn|ref|ids)(?:_|$)"
)


@lru_cache(16_384)
def kind_of(name: str) -> Kind | None:
    """What stands under a name, however it is written (`dbPassword`, `DB_PASSWORD`, `db-password`).

    `SOME_KEY` may as well be none that opens anything: `key`, `staging_key`.
    """
    plain = _BREAK.sub("_", _HUMP.sub("_", name[-80:].replace("?", "")).lower()).strip("_")
    if _NOT.search(plain):
        return None
    if _PASSWORD.search(plain):
        return "PASSWORD"
    if _KEY.search(plain):
        return "API_KEY"
    return "SOME_KEY" if _SOME.search(plain) else None
