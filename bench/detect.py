"""How well personal data and credentials are found, and how long it takes, beside presidio-analyzer.

    python bench/detect.py score DATA.jsonl[.gz] [--ner] [--presidio] [-v]
    python bench/detect.py speed [--presidio] [--json FILE]
    python bench/detect.py speed --ner DATA.jsonl[.gz]

DATA has lines {"id", "text", "spans": [{"start", "end", "type"}], "negs": [...]}. A labelled span is found when half of
its letters and digits are covered; what touches no labelled span is wrong; `leaked` is the share of labelled letters
and digits left uncovered, `clean hit` the share of texts without a label in which something was found. Near `negs` of
the types GPE, ZIP_CODE and TITLE nothing is wrong.

Speed: milliseconds of processor time, the fastest of rounds; texts are drawn anew from what the tests draw.
With `--ner` what names cost more in texts of 200 characters, cut from those of DATA.
`--presidio` compares with it where `sh bench/peers.sh --bench` has put it: without a language model, and for small
texts also with the same recognisers as the gate's (`same`), and with spaCy's small model.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from sysconfig import get_path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from mcp_gate.detect.finding import Leaf  # noqa: E402
from mcp_gate.detect.options import Options  # noqa: E402
from mcp_gate.detect.scan import scan  # noqa: E402
from mcp_gate.lang.collector import quieten  # noqa: E402
from support.labelled import benign, records  # noqa: E402

NEUTRAL = {"GPE", "ZIP_CODE", "TITLE"}
WORST = (
    "1.", "(", "a-a-a-", "::", "Name: ", "@", "\\", "call 1 ", "pwd=abcd;", "4 5 6 ", "AB12[at]", "key=`",
    "_key=secret is ", "pass ://", "Ann Lee said ", "Hi pwd Name: ", "by é",
)  # fmt: skip
"""Repeated; the last ones are what a search for slow ones came upon."""


def read(path: str) -> list[dict[str, Any]]:
    """The lines of a file."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def lines(command: list[str], items: list[dict[str, Any]]) -> dict[Any, dict[str, Any]]:
    """What a command that reads and writes JSON lines says, by id."""
    given = "".join(json.dumps({"id": item["id"], "text": item["text"]}) + "\n" for item in items)
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    return {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}


def presidio(*options: str) -> list[str]:
    folder = Path(os.environ.get("MCP_GATE_PEERS", ROOT / ".peers")) / "presidio"
    if not (folder / "done").exists():
        raise SystemExit("presidio is missing: fetch it with 'sh bench/peers.sh --bench'")
    return [str(folder / "bin" / "python"), str(ROOT / "bench" / "presidio_lines.py"), *options]


def score(items: list[dict[str, Any]], answers: dict[Any, dict[str, Any]], *, verbose: bool) -> dict[str, float]:
    """The figures named in the module's text."""
    total: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for item in items:
        text, spans = item["text"], answers[item["id"]]["spans"]
        covered, labelled = bytearray(len(text)), bytearray(len(text))
        for span in spans:
            covered[span["start"] : span["end"]] = b"\1" * (span["end"] - span["start"])
        for span in item["spans"]:
            labelled[span["start"] : span["end"]] = b"\1" * (span["end"] - span["start"])
            letters = [place for place in range(span["start"], span["end"]) if text[place].isalnum()]
            hit = sum(covered[place] for place in letters)
            total.update(gold=1, hit=2 * hit >= len(letters), letters=len(letters), kept=hit)
            missed[span["type"]] += 2 * hit < len(letters)
        total.update(clean=not item["spans"], clean_hit=bool(spans) and not item["spans"])
        for span in spans:
            if any(labelled[span["start"] : span["end"]]):
                total.update(found=1, right=1)
                continue
            near = [n["type"] for n in item.get("negs", ()) if n["start"] < span["end"] and span["start"] < n["end"]]
            if not NEUTRAL & set(near):
                total["found"] += 1
                wrong[f"{near[0] if near else 'other'} -> {span['entity']}"] += 1
    precision, recall = total["right"] / max(1, total["found"]), total["hit"] / max(1, total["gold"])
    if verbose:
        print("missed", dict(missed.most_common(12)), "wrong", dict(wrong.most_common(12)))
    return {
        "precision": precision,
        "recall": recall,
        "f1": f_beta(precision, recall, 1),
        "f2": f_beta(precision, recall, 2),
        "leaked": 1 - total["kept"] / max(1, total["letters"]),
        "clean_hit": total["clean_hit"] / max(1, total["clean"]),
    }


SMALL = 60
"""Mixed texts of a page: how long one takes depends on what is in it."""


def f_beta(precision: float, recall: float, beta: float) -> float:
    below = beta * beta * precision + recall
    return (1 + beta * beta) * precision * recall / below if below else 0.0


def grown(pieces: Iterator[str], size: int) -> str:
    """Pieces one after another until there are so many characters."""
    out: list[str] = []
    left = size
    while left > 0:
        out.append(next(pieces))
        left -= len(out[-1]) + 2
    return "\n\n".join(out)[:size]


def texts() -> dict[str, str]:
    """What is measured, by name."""
    draw = random.Random(7)
    personal = [record.text for record in records(draw, 400)]
    harmless = list(benign(draw, 400))
    words = (ROOT / "README.md").read_text().split()
    prose = [" ".join(w for w in draw.choices(words, k=12) if w.isalpha()).capitalize() + "." for _ in range(4000)]
    source = [path.read_text("utf-8", "replace") for path in sorted(Path(get_path("stdlib")).glob("*.py"))]

    def forever(pool: list[str]) -> Iterator[str]:
        while True:
            yield draw.choice(pool)

    person = {"firstName": "Ann", "lastName": "Lee", "ssn": "536-22-1234", "phone": "+1 604-745-8484"}
    place = {"full": "3932 Nunez Ave, Tulsa, IL 62704"}
    table = [{"id": n, "customer": {**person, "email": f"ann{n}@acme.com"}, "address": place} for n in range(6000)]
    out = {
        **{f"mixed 1 KB, {n}": grown(forever([*personal, *harmless]), 1000) for n in range(SMALL)},
        "mixed 10 KB": grown(forever([*personal, *harmless]), 10_000),
        "prose 1 KB": grown(forever(prose), 1000),
        "prose 10 KB": grown(forever(prose), 10_000),
        "log 1 KB": grown(forever(harmless), 1000),
        "prose 1 MB": grown(forever(prose), 1_000_000),
        "logs 1 MB": grown(forever(harmless), 1_000_000),
        "source 1 MB": grown(forever(source), 1_000_000),
        "personal JSON 1 MB": json.dumps(table)[:1_000_000],
        "personal texts 1 MB": grown(forever(personal), 1_000_000),
    }
    return (
        out
        | {f"worst 50 KB {seed!r}": (seed * 50_000)[:50_000] for seed in WORST}
        | {"worst 50 KB in JSON": '["' + '\\"' * 25_000}
    )


def fastest(text: str, *, ner: bool = False) -> float:
    """Milliseconds."""
    leaves, options = [Leaf(text)], Options(ner=ner)
    times = []
    for _ in range(3 if len(text) > 100_000 else 15):
        began = time.thread_time()
        scan(leaves, options)
        times.append((time.thread_time() - began) * 1000)
    return min(times)


def speed(with_presidio: bool) -> dict[str, dict[str, float]]:
    """For every text how long it takes, and presidio beside it where it ends in time; of small mixed ones the median,
    and what 95 of 100 stay below."""
    scan([Leaf("warm ann@acme.com")], Options(ner=False))
    cases = texts()
    quieten()  # as in every process of the gate
    out: dict[str, dict[str, float]] = {}
    small = [{"id": name, "text": text} for name, text in cases.items() if len(text) <= 10_000]
    theirs: dict[str, dict[Any, dict[str, Any]]] = {}
    if with_presidio:
        theirs = {"presidio": lines(presidio("--repeat", "5"), small)}
        theirs["same"] = lines(presidio("--repeat", "5", "--same"), small)
        theirs["spacy"] = lines(presidio("--repeat", "3", "--spacy"), small)
    groups: dict[str, list[str]] = {}
    for name in cases:
        groups.setdefault(name.partition(",")[0], []).append(name)
    for name, members in groups.items():
        took = [fastest(cases[member]) for member in members]
        row = {"ms": statistics.median(took)}
        if len(took) > 1:
            row["p95_ms"] = statistics.quantiles(took, n=20)[18]
        for who, answers in theirs.items():
            if members[0] in answers:
                ms = statistics.median(answers[member]["ms"] for member in members)
                row |= {f"{who}_ms": ms, f"{who}_ratio": ms / row["ms"]}
        out[name] = row
        print(f"{name:24}", "  ".join(f"{key} {value:9.3f}" for key, value in row.items()), flush=True)
    return out


CUT, CUTS = 200, 200
"""Characters of a text in which names are looked for, and how many are."""


def names(items: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """What the extra `ner` adds to the time that a short text of these takes."""
    whole = " ".join(" ".join(item["text"].split()) for item in items)
    if len(whole) < 2 * CUT:
        raise SystemExit(f"these texts have fewer than {2 * CUT} characters together")
    draw = random.Random(7)
    begins = [whole.index(" ", draw.randrange(len(whole) - 2 * CUT)) + 1 for _ in range(CUTS)]
    cuts = [whole[begin : begin + CUT] for begin in begins]
    fastest(cuts[0], ner=True)
    quieten()
    took = [fastest(cut, ner=True) - fastest(cut) for cut in cuts]
    row = {"ms": statistics.median(took), "p95_ms": statistics.quantiles(took, n=20)[18]}
    print(f"names, {CUT} characters    ", "  ".join(f"{key} {value:9.3f}" for key, value in row.items()))
    return {f"names {CUT}": row}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["score", "speed"])
    parser.add_argument("data", nargs="?", help="labelled lines, for score and for the speed of names")
    parser.add_argument("--ner", action="store_true", help="with the extra ner")
    parser.add_argument("--presidio", action="store_true", help="presidio beside it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("-v", action="store_true", help="what was missed and what was wrong")
    chosen = parser.parse_intermixed_args()
    result: dict[str, Any]
    if chosen.what == "speed" and not chosen.ner:
        result = speed(chosen.presidio)
    elif chosen.data is None:
        parser.error("name the data")
    elif chosen.what == "speed":
        result = names(read(chosen.data))
    else:
        items = read(chosen.data)
        ours = [sys.executable, "-m", "mcp_gate", "output", "scan", "--jsonl", *([] if chosen.ner else ["--no-ner"])]
        result = {"mcp-gate": score(items, lines(ours, items), verbose=chosen.v)}
        if chosen.presidio:
            result["presidio"] = score(items, lines(presidio(), items), verbose=chosen.v)
        for who, figures in result.items():
            print(f"{who:10}", "  ".join(f"{key} {value:.4f}" for key, value in figures.items()))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
