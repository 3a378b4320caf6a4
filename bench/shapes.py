"""Large results of every shape, and an upstream that answers with them: `python bench/shapes.py MB [compact]`.

It writes lines and reads nothing but ids and names: what is measured is the gate, not its upstream.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from typing import Any

MEGABYTE = 1_000_000
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "nobody", "sees", "what", "all"]


def said(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


def twinned(data: dict[str, Any]) -> dict[str, Any]:
    """With the text that repeats the structured form, as the SDK's servers write it."""
    return {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}


def rows_of(size: int) -> list[dict[str, Any]]:
    """Rows of data, one in a hundred of which tells of somebody."""
    notes = ("all is well and nothing to see here", "ask dana@example.org about it, said the customer")
    return [{"id": n, "note": notes[n % 100 == 0]} for n in range(size // 70)]


def lines_of(size: int) -> str:
    """Words without anybody's data."""
    dice = random.Random(1)
    block = ".\n".join(" ".join(dice.choice(WORDS) for _ in range(12)) for _ in range(2_000))
    return (block * (size // len(block) + 1))[:size]


def people(size: int, each: int = 170) -> list[dict[str, Any]]:
    """Rows every one of which tells of somebody: a hundred thousand are as many findings as one result may have."""
    return [
        {"id": n, "mail": f"dana{n}@example.org", "note": "wanted a refund " + "and nothing else " * 6}
        for n in range(min(size // each, 95_000))
    ]


def nested(size: int) -> dict[str, Any]:
    def deep(level: int) -> Any:
        return {"in": deep(level - 1), "note": "all is well"} if level else ["all", "is", "well"]

    return {"rows": [deep(100) for _ in range(size // 2_500)]}


def dense(size: int) -> str:
    dice = random.Random(2)
    return "\n".join(
        f"customer {n}: dana{n}@example.org, phone +1 415 555 {dice.randint(1000, 9999)}, wanted a refund"
        for n in range(min(size // 75, 48_000))
    )


def table(size: int) -> str:
    dice = random.Random(3)
    lines = (
        f"{n},{dice.choice(WORDS)} {dice.choice(WORDS)},2026-11-{n % 28 + 1:02},{n % 900}.50,ok,{n * 7919:08x}"
        for n in range(size // 50)
    )
    return "id,name,day,amount,state,digest\n" + "\n".join(lines)


SHAPES: dict[str, Callable[[int], dict[str, Any]]] = {
    "prose": lambda size: said(lines_of(size)),
    "printed": lambda size: said("\n".join(map(str, rows_of(size)))),
    "json": lambda size: said(json.dumps(rows_of(size))),
    "rows": lambda size: twinned({"rows": rows_of(size // 2)}),
    "numbers": lambda size: {"content": [], "structuredContent": {"n": [n * 7 for n in range(size // 8)]}},
    "words": lambda size: {"content": [], "structuredContent": {"w": [WORDS[n % 14] for n in range(size // 7)]}},
    "nested": lambda size: twinned(nested(size // 2)),
    "inside": lambda size: said(json.dumps({"body": json.dumps({"body": json.dumps(rows_of(int(size * 0.6)))})})),
    "people": lambda size: {"content": [], "structuredContent": {"rows": people(size)}},
    "dense": lambda size: said(dense(size)),
    "csv": lambda size: said(table(size)),
    "accents": lambda size: said("\n".join(f"{n}: Grüße aus Köln, alles in Ordnung" for n in range(size // 55))),
    "picture": lambda size: {"content": [{"type": "image", "data": "iVBO" * (size // 4), "mimeType": "image/png"}]},
    "withheld": lambda size: twinned({"rows": rows_of(size // 2)}),
    "tokens": lambda size: twinned({"rows": rows_of(size // 2)}),
}
"""By the name of the tool that gives it: a result of about that many bytes."""


def main() -> None:
    size = int(float(sys.argv[1]) * MEGABYTE)
    written = (",", ":") if "compact" in sys.argv else None
    kept: dict[str, str] = {}
    listed = [*SHAPES, "small"]
    tools = [{"name": name, "description": name, "inputSchema": {"type": "object"}} for name in listed]
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        match asked["method"]:
            case "initialize":
                version = {"protocolVersion": asked["params"]["protocolVersion"]}
                hello = {"capabilities": {"tools": {}}, "serverInfo": {"name": "shapes", "version": "1"}}
                told = json.dumps({**version, **hello})
            case "tools/list":
                told = json.dumps({"tools": tools})
            case "tools/call":
                name = asked["params"]["name"]
                if name not in kept:
                    result = SHAPES[name](size) if name in SHAPES else said("ok")
                    kept[name] = json.dumps(result, ensure_ascii=False, separators=written)
                told = kept[name]
            case "ping":
                told = "{}"
            case _:
                print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no"}}),
                      flush=True)  # fmt: skip
                continue
        sys.stdout.write(f'{{"jsonrpc":"2.0","id":{asked["id"]},"result":{told}}}\n')
        sys.stdout.flush()


if __name__ == "__main__":
    main()
