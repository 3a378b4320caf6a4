"""The review page as one reads it without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode

from support.reviewed import TOKENS, Reviewed, raw

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Reader:
    """Somebody at the page of a gate, signed in or not."""

    gate: Reviewed
    cookie: str = ""
    last: str = field(default="", repr=False)
    """The page that came last."""

    @property
    def origin(self) -> str:
        return "http://{}:{}".format(*self.gate.address)

    async def get(self, target: str, **headers: str) -> int:
        status, _, body = await raw(self.gate.address, "GET", target, b"", {**self._kept, **headers})
        self.last = body.decode()
        return status

    async def post(self, target: str, fields: dict[str, str], **headers: str) -> tuple[int, dict[str, str]]:
        sent = {**FORM, "Origin": self.origin, **self._kept, **headers}
        kept = {name: value for name, value in sent.items() if value}
        status, answered, body = await raw(self.gate.address, "POST", target, urlencode(fields).encode(), kept)
        self.last = body.decode()
        return status, answered

    async def sign_in(self, name: str, to: str = "/") -> tuple[int, dict[str, str]]:
        status, headers = await self.post("/sign-in", {"token": TOKENS.get(name, name), "to": to})
        if status == 303:
            self.cookie = headers["set-cookie"].partition(";")[0]
        return status, headers

    def form(self, action: str, word: str = "") -> dict[str, str]:
        """The hidden fields of a form on the page that came last."""
        for found in re.finditer(r'<form method="post" action="([^"]*)".*?</form>', self.last, re.DOTALL):
            pairs = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', found.group())
            fields = {name: unescape(value) for name, value in pairs}
            if found[1] == action and fields.get("word", "") == word:
                return fields
        raise AssertionError(f"there is no form {action} {word}")

    @property
    def _kept(self) -> dict[str, str]:
        return {"Cookie": self.cookie} if self.cookie else {}


async def signed_in(gate: Reviewed, name: str = "dana") -> Reader:
    reader = Reader(gate)
    status, _ = await reader.sign_in(name)
    assert status == 303
    return reader
