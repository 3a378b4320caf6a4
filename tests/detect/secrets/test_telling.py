"""What is searched for assignments holds all that name a secret."""

import random
import re

from mcp_gate.detect.secrets.names import kind_of
from mcp_gate.detect.secrets.telling import stretches, telling
from mcp_gate.detect.secrets.triggers import WORD, Trigger, fired

NAMES = (
    "password", "db_password", "token", "max_tokens", "api-key", "apiKey", "secret", "contrase?a", "mot de passe",
    "key", "public_key", "x" * 70 + "_token", "passport_no", "cookie", "count", "pwd",
)  # fmt: skip
VALUES = ("hunter2 ", "x", "\n", " " * 300)
BETWEEN = ("=", ": ", '": "', " is ", " := ", " = '", ">", "', '", " => ", " : str = ", '\\": \\"', " ", "== ")
ASSIGNED = re.compile(rb"(?i)([a-z0-9_.-]{0,64}" + WORD + rb"[a-z0-9_.-]{0,24})[\\\"'`\]]{0,5}\s{0,4}(?:[:=>,]|is\s)")


def test_every_name_that_tells_lies_in_a_stretch_and_only_such_make_one() -> None:
    draw = random.Random(4)
    named = 0
    for _ in range(3_000):
        parts = [draw.choice(NAMES) + draw.choice(BETWEEN) + draw.choice(VALUES) for _ in "12345"]
        data = "".join(parts).encode()
        found = list(stretches(telling(data, fired(data)[Trigger.NAMED])))
        for hit in ASSIGNED.finditer(data):
            if kind_of(hit[1].decode().rstrip("_.-")) is not None:
                named += 1
                assert any(start <= hit.start() and hit.end() <= stop for start, stop in found), data
    assert named > 3_000
    assert telling(b'"max_tokens": 5', fired(b'"max_tokens": 5')[Trigger.NAMED]) == []
