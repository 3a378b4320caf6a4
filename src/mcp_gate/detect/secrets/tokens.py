"""The best-known shapes once more, so that they do not rest on another's rules alone; and tokens that carry claims."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mcp_gate.detect.secrets.pattern import compiled
from mcp_gate.detect.secrets.shapes import Shape

_JWT: Final = compiled(rb"\beyJ[A-Za-z0-9_-]{8,}\.(?:eyJ)?[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,3}")
_VENDORS: Final = compiled(
    rb"(?:^|[^A-Za-z0-9_])((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}"
    rb"|glpat-[\w-]{20,}|gl(?:dt|rt|cbt|ptt|ft|imt|agent|oas|soat)-[\w-]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    rb"|xapp-\d-[A-Z0-9]+-\d+-[a-z0-9]+|https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/]{30,}"
    rb"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,}={0,}|sk-(?:proj|svcacct|admin)-[\w-]{20,}"
    rb"|sk-ant-[a-z0-9]+-[\w-]{40,}|sk-or-v1-[0-9a-f]{64}|AIza[\w-]{33,}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,}"
    rb"|SG\.[\w-]{16,}\.[\w-]{16,}|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{50,}|hf_[A-Za-z0-9]{34}"
    rb"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|SK[0-9a-f]{32}|NR(?:AK|AA|II|RA|JS)-[A-Z0-9]{19,42}|(?:bot)?\d{8,}:AA[\w-]{32,}|do[oprt]_v1_[0-9a-f]{64}"
    rb"|hv[sbr]\.[\w-]{24,}|dapi[0-9a-f]{32}(?:-\d)?|AGE-SECRET-KEY-1[A-Z0-9]{58}|ATATT3[\w=-]{50,}"
    rb"|gsk_[A-Za-z0-9]{40,}|sntry[su]_[\w=+/-]{40,}|lin_api_[A-Za-z0-9]{32,}|glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}"
    rb"|dckr_(?:pat|oat)_[\w-]{24,}|ntn_[A-Za-z0-9]{40,}|[0-9a-f]{32}-us\d{1,2}|key-[0-9a-f]{32}|[MNO][A-Za-z\d_-]{23,27}\.[\w-]{6}\.[\w-]{27,40}"
    rb"|https://(?:discord|discordapp)\.com/api/webhooks/\d+/[\w-]{60,})",
)
_DRAWN: Final = compiled(rb"x{8}|X{8}|\*{8}|\.{8}")
"""Stands in place of what a key is made of."""
_SECRET: Final = re.compile(rb"[\s/:,;|\"'`]{1,6}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])")
_WORDS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


def with_claims(data: bytes) -> Iterator[Shape]:
    """Where tokens that carry claims lie, whole or cut off."""
    for hit in _JWT.finditer(data):
        yield Shape(hit.start(), hit.end(), "JWT", 0.97, "token with claims")


def of_vendors(data: bytes) -> Iterator[Shape]:
    """Where keys with a well-known prefix lie."""
    for hit in _VENDORS.finditer(data):
        if _DRAWN.search(hit.group(1)):
            continue
        shown = hit.group(1).endswith(b"EXAMPLE") and _in_code(data, hit.start(1))
        if not shown and (hit.end() == len(data) or data[hit.end()] not in _WORDS):
            yield Shape(hit.start(1), hit.end(1), "API_KEY", 0.97, "vendor's prefix")
            if hit.group(1)[:2] in (b"AK", b"AS"):
                yield from _beside(data, hit.end(1))


def _beside(data: bytes, end: int) -> Iterator[Shape]:
    """The secret that goes with the name of a key, behind it."""
    if hit := _SECRET.match(data, end):
        yield Shape(hit.start(1), hit.end(1), "API_KEY", 0.9, "beside the name of a key")


def _in_code(data: bytes, start: int) -> bool:
    """Whether it is assigned to a variable, where documents and tests show how a key looks."""
    return data[max(0, start - 3) : start].rstrip(b"\"' ").endswith(b"=")
