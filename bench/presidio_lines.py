"""What `mcp-gate output scan --jsonl` does, done by presidio-analyzer without a language model; run by bench/detect.py
with the Python of `sh bench/peers.sh --bench`. Reads lines {"id", "text"}, writes {"id", "spans", "ms"}; `--repeat N`
takes the fastest of N. No network: the list of suffixes is the one in the package."""

from __future__ import annotations

import json
import sys
import time

import tldextract
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import NlpEngineProvider

tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def main() -> None:
    repeat = int(sys.argv[2]) if sys.argv[1:2] == ["--repeat"] else 1
    model = {"nlp_engine_name": "no_op", "models": [{"lang_code": "en", "model_name": "no_op"}]}
    engine = AnalyzerEngine(nlp_engine=NlpEngineProvider(nlp_configuration=model).create_engine())
    engine.analyze("ann@acme.com", "en")
    for line in sys.stdin:
        item = json.loads(line)
        times = []
        for _ in range(repeat):
            began = time.thread_time()
            found = engine.analyze(item["text"], "en", score_threshold=0.4)
            times.append((time.thread_time() - began) * 1000)
        spans = [{"start": one.start, "end": one.end, "entity": one.entity_type, "score": one.score} for one in found]
        print(json.dumps({"id": item["id"], "spans": spans, "ms": min(times)}), flush=True)


if __name__ == "__main__":
    main()
